# Halaman pertama.

overview-title = Ringkasan
overview-as-of = Per { $time }.
overview-counted-again = Dihitung lagi setiap menit.
overview-time = Waktu
overview-range-1h = 1 jam terakhir
overview-range-24h = 24 jam terakhir
overview-range-7d = 7 hari terakhir
overview-range-30d = 30 hari terakhir
overview-short-1h = 1 jam
overview-short-24h = 24 jam
overview-short-7d = 7 hari
overview-short-30d = 30 hari

## Yang perlu perhatian

overview-attention = Perlu perhatian
overview-refused = Request ke { $source } ditolak: tanda tangannya tidak cocok. Blue menonaktifkan webhook setelah lima kali gagal.
overview-see-why = Lihat sebabnya
overview-failed-for-good = Dalam { $range }, { $count } pengiriman ke { $destination } gagal dan tidak dicoba lagi.
overview-see-them = Lihat
overview-unmapped = { $connection }: { $count } event tidak dapat dipetakan dalam { $range }.
overview-more = { $count } lainnya
overview-waits = { $count } pengiriman menunggu; tidak ada yang hilang.
overview-is-paused = { $destination } tidak menerima apa-apa. { $reason }
overview-is-held = { $destination } ditahan. { $reason }
overview-is-failing = { $destination } sedang bermasalah. { $failure }
overview-look = Periksa { $destination }
overview-resume = Lanjutkan
overview-send-held = Kirim semua sekarang

## Permulaan

overview-start = Mulai
overview-start-source = Tambahkan sumber
overview-start-source-what = Sebuah webhook dari Blue. Anda mendapat alamat untuk ditempel di Blue.
overview-start-secret = Tempelkan secret-nya
overview-start-secret-what = Sumbernya sudah dibuat. Blue menampilkan secret sekali, saat webhook dibuat; event masuk setelah secret diisi.
overview-start-destination = Tambahkan tujuan
overview-start-destination-what = Alamat HTTP apa pun: Zapier, Pabbly, Make, n8n, atau milik Anda sendiri.
overview-start-connection = Hubungkan keduanya
overview-start-connection-what = Pilih event, saring, lalu petakan field-nya.
overview-start-test-what = Lihat pengiriman pertama sampai sebelum Blue mengirim apa pun.

## Angka dan grafik

overview-came-in = Yang masuk, { $range }
overview-received = Event diterima
overview-waiting-now = Sedang menunggu
overview-chart = Pengiriman menurut waktu masuk, { $range }
overview-chart-label = Grafik batang; angkanya ada di tabel di bawah
overview-counting = Event pertama sedang dihitung; angkanya muncul di sini dalam beberapa detik.
overview-nothing = Tidak ada yang masuk dalam { $range }.
overview-given-up-too = Dilewati atau dibatalkan
overview-waiting = Menunggu
overview-bar = { $when }: { $received } diterima, { $delivered } terkirim, { $waiting } menunggu, { $failed } gagal, { $skipped } dilewati
overview-days = Sen Sel Rab Kam Jum Sab Min
overview-months = Jan Feb Mar Apr Mei Jun Jul Agu Sep Okt Nov Des
overview-as-table = Angka-angka sebagai tabel
overview-table-label = Angka-angka grafik
overview-from = Mulai
overview-times-in = Waktu dalam zona { $zone }.
overview-received-short = Diterima

## Tujuan

overview-destinations = Tujuan, { $range }
overview-all-destinations = Semua tujuan
overview-destinations-label = Tujuan
overview-name = Nama
overview-over-time = Perkembangan
overview-nothing-there = tidak ada
overview-success = Berhasil
overview-usual = Biasanya dalam
overview-slow = 95 % dalam
overview-latency = Waktu dihitung dari diterima sampai terkirim, termasuk percobaan ulang.
overview-with-unmapped = Kolom gagal juga menghitung { $count } pengiriman yang pemetaannya gagal; semuanya tidak pernah sampai ke tujuannya dan tidak menurunkan keberhasilannya.
overview-ms = { $number } ms
overview-s = { $number } dtk
overview-min = { $number } mnt
overview-h = { $number } jam

## Pengiriman

overview-latest = Pengiriman terbaru
overview-all-deliveries = Semua pengiriman
