# Log pengiriman, dan satu pengiriman.

deliveries-title = Pengiriman
deliveries-keys = Tombol pintas
deliveries-watch = Pantau langsung
deliveries-replay-all = Kirim ulang semua yang cocok
deliveries-export = Ekspor
deliveries-export-page-csv = Halaman ini sebagai CSV
deliveries-export-page-json = Halaman ini sebagai JSON
deliveries-export-all-csv = Semua yang cocok sebagai CSV
deliveries-export-all-json = Semua yang cocok sebagai JSON
deliveries-export-limit = Paling banyak { $count } baris, mulai dari yang terbaru.

## Filter

deliveries-states = Status
deliveries-all = Semua
deliveries-waiting = Menunggu
deliveries-problem = Bermasalah
deliveries-any = semua
deliveries-waiting-any = Menunggu (semua)
deliveries-problem-any = Bermasalah (semua)
deliveries-text-label = Teks di judul record atau di body event
deliveries-text = Teks di judul atau body
deliveries-time = Waktu
deliveries-today = hari ini
deliveries-yesterday = kemarin
deliveries-any-time = kapan saja
deliveries-show = Tampilkan
deliveries-more-connections = Daftar ini memuat { $count } koneksi pertama menurut nama. Untuk yang lain, buka <a href="/connections">halamannya</a> dan pilih “{ $link }”.
deliveries-more-destinations = Daftar ini memuat { $count } tujuan pertama menurut nama. Untuk yang lain, buka <a href="/destinations">halamannya</a> dan pilih “{ $link }”.
deliveries-more = Lainnya: status, koneksi, tujuan, event, waktu persis
deliveries-from = Dari
deliveries-event-hint = Record dibuat
deliveries-until = Sampai
deliveries-narrowed-text = Teks
deliveries-narrowed = Yang menyaring log
deliveries-without = Tanpa { $name }
deliveries-clear = Hapus filter
deliveries-gone = sudah dihapus
deliveries-state-unread = Status “{ $text }” di alamat ini tidak dapat dipahami. Buka log lalu pilih lagi.
deliveries-connection-unread = Koneksi “{ $text }” di alamat ini tidak dapat dipahami. Buka log lalu pilih lagi.
deliveries-destination-unread = Tujuan “{ $text }” di alamat ini tidak dapat dipahami. Buka log lalu pilih lagi.
deliveries-time-unread = Waktu “{ $text }” tidak dapat dipahami. Tulis seperti 2026-01-31T14:00, atau pilih rentang waktu.
deliveries-too-many = { $count } pengiriman dipilih; sekali kirim ulang paling banyak { $limit }.
deliveries-not-a-stream = Ini aliran langsung log, untuk program yang menerima text/event-stream. Buka log lalu pilih “Pantau langsung”.
deliveries-too-many-viewers = Log sedang dipantau terlalu banyak kali saat ini, oleh semua orang atau oleh browser ini. Halamannya sendiri tetap berfungsi; coba lagi nanti.

## Tabel

deliveries-select-all = Pilih semua di halaman ini
deliveries-resend-selected-ask = Kirim ulang yang dipilih? Yang sudah sampai akan sampai sekali lagi. Yang masih menunggu tidak digandakan: dicoba sekarang.
deliveries-resend-selected = Kirim ulang yang dipilih
deliveries-resend-count = Kirim ulang { $count } yang dipilih
deliveries-none-selected = Belum ada yang dipilih.
deliveries-selected = { $count } dipilih.
deliveries-unselect = Batal pilih
deliveries-none-so-far = Sejauh ini belum ada yang ditemukan
deliveries-looked-to-and = Sudah ditelusuri sampai <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>. Log masih berlanjut; telusuri lebih jauh, atau saring dulu menurut waktu atau koneksi.
deliveries-looked-to = Sudah ditelusuri sampai <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>; log masih berlanjut.
deliveries-none-match = Tidak ada pengiriman yang cocok
deliveries-none-match-what = Kurangi filternya, atau lihat waktu yang lain.
deliveries-backward = “Dari” lebih akhir daripada “Sampai”, jadi tidak ada yang bisa cocok. Tukarlah keduanya.
deliveries-show-all = Tampilkan semua pengiriman
deliveries-none-yet = Belum ada pengiriman
deliveries-none-yet-what = Koneksi yang aktif membuat satu pengiriman untuk setiap event yang didengarnya. Yang dilewati juga tampil di sini, beserta alasannya.
deliveries-see-connections = Lihat koneksi
deliveries-further = Telusuri lebih jauh

## Pantauan langsung

deliveries-live-watching = Memantau: pengiriman baru muncul di atas.
deliveries-live-new = Memantau. { $count } baru.
deliveries-live-connecting = Menghubungkan …
deliveries-live-again = Menghubungkan lagi …
deliveries-live-ended = Sambungan berakhir. Pantau langsung untuk mulai lagi, atau muat ulang halaman.
deliveries-live-paused = Dijeda. { $count } masuk selama Anda memantau.
deliveries-live-pause = Jeda
deliveries-live-resume = Lanjut memantau

## Tombol pintas

deliveries-key-next = pengiriman berikutnya dan sebelumnya
deliveries-key-open = buka
deliveries-key-select = pilih, atau batal pilih
deliveries-key-resend = kirim ulang yang dipilih
deliveries-key-search = cari
deliveries-key-live = pantau langsung, atau berhenti
deliveries-key-help = daftar ini
deliveries-close = Tutup

## Satu pengiriman

deliveries-of-record = Pengiriman untuk record ini
deliveries-earlier = Sebelumnya untuk record ini
deliveries-later = Sesudahnya untuk record ini
deliveries-resend = Kirim ulang
deliveries-resend-by = Kirim ulang dengan aturan lama (versi { $version })
deliveries-resend-by-present = Kirim ulang dengan aturan sekarang (versi { $version })
deliveries-anyway = Tetap kirim
deliveries-anyway-ask = Filter tidak meloloskan event ini. Tetap kirim?
deliveries-delivered-ask = Ini sudah terkirim. Kirim lagi? Penerima akan mendapatkannya sekali lagi.
deliveries-not-listened-ask = Koneksi ini tidak mendengarkan event ini. Tetap kirim?
deliveries-try-this-now = Coba yang ini sekarang
deliveries-try-now = Coba sekarang semua yang menunggu { $destination }
deliveries-resume = Lanjutkan { $destination }
deliveries-send-held = Kirim semua ke { $destination } sekarang
deliveries-hurry = Pengiriman ini masih berjalan sendiri. Kirim ulang berjalan di sampingnya, jadi bisa sampai dua kali.
deliveries-resent = Inilah pengiriman yang baru. Sedang dikirim.
deliveries-resent-delivered = Inilah pengiriman yang baru. Sudah sampai.
deliveries-resent-held = Inilah pengiriman yang baru. Menunggu, karena tujuannya ditahan atau dijeda.
deliveries-resent-failed = Inilah pengiriman yang baru. Sudah dicoba dan tidak sampai.
deliveries-resent-mapping-failed = Inilah pengiriman yang baru. Pemetaan gagal lagi, jadi tidak ada yang dikirim.
deliveries-resent-not = Inilah pengiriman yang baru. Tidak dikirim.
deliveries-arrived-short = Terkirim kemudian
deliveries-arrived-later = Terkirim kemudian, lewat <a href="/deliveries/{ $href }">{ $cause }</a>, <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>.
deliveries-behind = <a href="/deliveries/{ $href }">Pengiriman sebelumnya untuk record ini</a> dikirim lebih dulu.
deliveries-behind-until = <a href="/deliveries/{ $href }">Pengiriman sebelumnya untuk record ini</a> dikirim lebih dulu; percobaan berikutnya: <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>.
deliveries-destination-gone = Tujuannya sudah dihapus, jadi tidak dapat dikirim ulang ke sana. Jika koneksi lain meloloskan event-nya, itu dapat dikirim dari halamannya.
deliveries-to-event = Buka event-nya
deliveries-give-up = Batalkan
deliveries-give-up-ask = Batalkan pengiriman ini? Ia tidak akan dikirim.
deliveries-what-happened = Yang terjadi
deliveries-gap = { $gap } kemudian
deliveries-no-attempt = Belum ada percobaan.
deliveries-nothing-sent = Tidak ada yang dikirim.
deliveries-attempt = Percobaan { $number }
deliveries-request = Request
deliveries-response = Response
deliveries-cut = … (dipotong di sini)
deliveries-body = Body yang dikirim
deliveries-body-unsent = Body yang akan dikirim
deliveries-curl = Sebagai cURL
deliveries-curl-what = Secret disamarkan; ganti dengan milik Anda. Mengirimnya lagi memakai id yang sama, jadi penerima dapat menganggapnya pengulangan dan mengabaikannya.
deliveries-why = Alasannya
deliveries-would-have-passed =
    { $count ->
        [1] Event ini akan lolos jika
       *[other] Event ini akan lolos jika semua ini terpenuhi:
    }
deliveries-not = bukan
deliveries-change-filter = Ubah filter ini dengan event ini
deliveries-change-trigger = Ubah yang didengarkan dengan event ini
deliveries-may-be-final = Jika { $status } selalu berarti bahwa tujuan menolak isi satu record ini, isikan status itu di formulirnya:
deliveries-mend = Perbaiki pemetaan
deliveries-mend-with = Perbaiki pemetaan dengan event ini
deliveries-details = Rincian
deliveries-version = versi { $number }
deliveries-next-attempt = Percobaan berikutnya
deliveries-next-behind = Menunggu pengiriman sebelumnya untuk record ini
deliveries-next-due = Percobaan berikutnya: sekarang
deliveries-id = Id pengiriman

## Yang diceritakan tentang satu pengiriman

deliveries-is-skipped = Filter tidak meloloskan event ini; alasannya ada di bawah.
deliveries-is-not-listened = Koneksi ini tidak mendengarkan event ini; lihat di bawah.
deliveries-is-not-for-it = Koneksi ini tidak mendengarkan event ini.
deliveries-reason-times = { $reason } ({ $count } kondisi)
deliveries-not-met = Tidak terpenuhi: { $condition }
deliveries-ruled-out = Dikecualikan: { $condition }
deliveries-is-mapping-failed = Body tidak dapat dibuat.
deliveries-is-queued = Sudah waktunya dikirim dan sedang menunggu giliran.
deliveries-is-behind = Menunggu pengiriman sebelumnya untuk record ini.
deliveries-is-sending = Sedang dikirim.
deliveries-is-sending-at-once = Sedang dikirim, atau menunggu giliran di sini: tujuan ini menerima { $count } request sekaligus.
deliveries-is-sending-at-rate = Sedang dikirim, atau menunggu giliran di sini: tujuan ini menerima { $rate } per detik, { $count } sekaligus.
deliveries-is-retrying = Akan dicoba lagi.
deliveries-is-failed = Tidak ada percobaan lagi; kirim ulang setelah sebabnya diperbaiki.
deliveries-passes = Event ini lolos.
deliveries-matched = Cocok: { $reasons }
deliveries-is-held = Menunggu karena tujuannya ditahan. { $reason } Percobaan berikutnya pukul { $time }; begitu berhasil, semuanya dikirim.
deliveries-is-paused = Menunggu karena tujuannya dijeda. { $reason } Akan dikirim setelah tujuannya dilanjutkan.
deliveries-is-unfinished = Menunggu karena tujuannya dijeda. { $reason } Dikirim dengan sendirinya begitu semuanya diisi.
deliveries-received = Event diterima
deliveries-made = Pengiriman dibuat
deliveries-made-as = Pengiriman dibuat ({ $cause })
deliveries-attempt-was = Percobaan { $number }: { $outcome } ({ $ms } ms)
deliveries-length-ms = { $number } ms
deliveries-length-s = { $number } dtk
deliveries-length-min = { $number } mnt
deliveries-length-h = { $number } jam
deliveries-length-days = { $number } hari

## Keputusan

deliveries-every-condition = Semua kondisi, satu per satu
deliveries-tree-all = Semua kondisi ini
deliveries-tree-any = Salah satu kondisi ini
deliveries-tree-none = Tidak satu pun dari kondisi ini
deliveries-tree-true = terpenuhi
deliveries-tree-false = tidak terpenuhi
deliveries-tree-unknown = tidak dapat ditentukan
