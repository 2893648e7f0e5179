# Bingkai setiap halaman, dan yang ditampilkan di beberapa halaman.

shared-skip = Langsung ke isi
shared-main = Utama
shared-sign-out = Keluar
shared-language = Bahasa

shared-section-overview = Ringkasan
shared-section-connections = Koneksi
shared-section-deliveries = Pengiriman
shared-section-replays = Replay
shared-section-events = Event
shared-section-sources = Sumber
shared-section-destinations = Tujuan
shared-section-settings = Pengaturan

## Tombol dari skrip

shared-copy = Salin
shared-copied = Tersalin
shared-cancel = Batal
shared-placeholder = Ganti { $word } dengan milik Anda sendiri: itu hanya contoh isian.
shared-due-now = sekarang
shared-keep = Tidak jadi

## Yang baru dilakukan

shared-note-saved = Tersimpan.
shared-note-saved-resumed = Tersimpan. Tidak ada lagi yang kurang: pengiriman ke sini berjalan lagi, dan yang menunggunya dikirim sekarang.
shared-note-added = Ditambahkan.
shared-note-deleted = Dihapus.
shared-note-restored = Dipulihkan sebagai versi baru.
shared-note-imported = Diimpor. Isi secret dari yang baru dibuat, lalu aktifkan koneksinya.
shared-note-changed-by-import = Diimpor. Perubahannya sudah berlaku.
shared-note-enabled = Diaktifkan.
shared-note-disabled = Dinonaktifkan. Yang sudah dibuat tetap dikirim; event yang datang sementara ini tidak dikirim.
shared-note-locked-out = Akunnya dikunci.
shared-note-let-in = Akunnya dibuka kembali.
shared-note-duplicated = Digandakan. Salinannya nonaktif; ubah seperlunya lalu aktifkan.
shared-note-discarded = Dibatalkan.
shared-note-replay = Replay sudah dimulai.
shared-note-cancelled = Dihentikan. Pengiriman replay ini yang masih menunggu dibatalkan.
shared-note-paused = Dijeda. Yang datang sementara ini ditahan.
shared-note-not-paused = Tujuan ini tidak dijeda.
shared-note-hurried = Sedang dicoba sekarang.
shared-note-resumed = Semua yang menunggu dikirim sekarang.
shared-note-revoked = Dicabut.
shared-note-password = Kata sandi sudah diganti. Masuklah dengan yang baru.
shared-note-welcome = Selamat datang. Akun Anda sudah dibuat.
shared-note-withdrawn = Ditarik. Tautannya tidak berlaku lagi.
shared-note-session-ended = Sesi di sana sudah diakhiri.
shared-note-second-factor-off = Faktor kedua nonaktif; kata sandi saja cukup untuk masuk.
shared-note-unsaved = Anda sudah keluar sebelum ini dikirim, jadi tidak ada yang tersimpan. Masuklah lalu ulangi.
shared-note-resent-many =
    { $count ->
        [0] Tidak ada yang dikirim ulang.
       *[other] { $count } pengiriman baru dibuat.
    }
shared-note-none-ticked = Tidak ada yang dikirim ulang: tidak ada pengiriman yang dicentang.
shared-note-resent-held = { $count } di antaranya menunggu, karena tujuannya ditahan atau dijeda.
shared-note-hurried-many = { $count } yang menunggu dicoba sekarang, tanpa dibuat lagi.
shared-note-left = { $count } masih menunggu tujuan yang ditahan atau dijeda, atau sedang dikirim; tidak dibuat lagi.
shared-note-refused = { $count } ditolak karena tujuan atau event-nya sudah tidak ada.
shared-note-unsent = { $count } yang terbaru tidak dikirim: ada yang gagal di sini. Kirim ulang lagi.

## Waktu, dengan kata-kata yang sama seperti di browser

shared-time-now = sekarang
shared-time-ago-second = { $count } detik yang lalu
shared-time-ago-minute = { $count } menit yang lalu
shared-time-ago-hour = { $count } jam yang lalu
shared-time-ago-day = { $count } hari yang lalu
shared-time-in-second = dalam { $count } detik
shared-time-in-minute = dalam { $count } menit
shared-time-in-hour = dalam { $count } jam
shared-time-in-day = dalam { $count } hari

## Status dan sebab pengiriman

shared-state-skipped = Dilewati
shared-state-mapping-failed = Pemetaan gagal
shared-state-queued = Antre
shared-state-held = Ditahan
shared-state-sending = Mengirim
shared-state-retrying = Akan dicoba lagi
shared-state-delivered = Terkirim
shared-state-failed = Gagal
shared-state-discarded = Dibatalkan
shared-cause-resend = kirim ulang
shared-cause-replay = replay
shared-cause-test = uji
shared-status = status { $status }
shared-refused-status = ditolak ({ $status })

## Tabel pengiriman

shared-deliveries = Pengiriman
shared-state = Status
shared-record = Record
shared-event = Event
shared-connection = Koneksi
shared-destination = Tujuan
shared-attempts = Percobaan
shared-when = Waktu
shared-deleted = (dihapus)
shared-next = lagi
shared-select = Pilih { $name }



## Halaman daftar

shared-pages = Halaman
shared-newer = Lebih baru
shared-older = Lebih lama
shared-page-previous = Sebelumnya
shared-page-next = Berikutnya
shared-search = Cari
shared-search-all = Tampilkan semua
shared-search-none = Tidak ada yang ditemukan
shared-search-none-what = Semua kata harus ditemukan. Coba kata yang lebih sedikit atau lebih pendek, atau tampilkan semua.

## Formulir dan galat

shared-not-saved = Belum tersimpan. Mohon perbaiki:
shared-saved-meanwhile = Seseorang sudah menyimpan ini sementara itu. Lihat dulu yang tersimpan, lalu simpan lagi untuk menggantinya dengan milik Anda.
shared-see-saved = Lihat yang tersimpan
shared-url = URL
shared-at-character = (pada karakter ke-{ $position })
shared-look-only = Anda dapat melihat tetapi tidak mengubah. Hubungi pemilik atau penyunting.
shared-error-back = Kembali ke ringkasan
shared-error-return = Kembali
shared-error-no-page = Tidak ada halaman di sini. Mungkin sudah dihapus, atau alamatnya salah ketik.
shared-once = Salin ini sekarang
shared-once-what = Ini tidak dapat disimpan untuk halaman berikutnya.
shared-once-copied = Sudah saya salin
shared-error-bad-page = Alamat ini menunjuk ke halaman yang tidak dapat dipahami. Buka lagi daftarnya.
shared-error-form-unreadable = Formulir ini tidak dapat dibaca; buka lagi halamannya lalu ulangi.
shared-error-no-cookie = Browser Anda tidak mengirim cookie bersama formulir ini, jadi formulirnya tidak diterima. Buka Bluebridge di { $address }, izinkan browser menyimpan cookie-nya, lalu coba lagi.
shared-error-role = Ini memerlukan peran { $role }. Hubungi pemilik bridge ini.
