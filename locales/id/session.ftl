# Penyiapan, masuk, undangan.

session-password-hint = minimal 12 karakter
session-email = Email
session-code-title = Faktor kedua Anda
session-code = Kode
session-code-hint = enam digit dari aplikasi Anda, atau kode pemulihan
session-go-on = Lanjutkan
session-code-lost = Keduanya tidak ada? Pemilik dapat mencabut faktor kedua Anda, atau pengelola server: <code>bluebridge user reset-second-factor</code>.
session-somebody-else = Masuk sebagai orang lain
session-welcome = Selamat datang di Bluebridge
session-invited = { $name } mengundang Anda dengan peran { $role }. Pilih nama dan kata sandi untuk { $email }.
session-name = Nama Anda
session-password = Kata sandi
session-make = Buat akun
session-title = Masuk ke Bluebridge
session-sign-in = Masuk
session-forgotten = Lupa? Pengelola server dapat membuatkan yang baru: <code>bluebridge user reset-password</code>.
session-setup-hint = Buat akun pemilik. Untuk sementara hanya ada satu, dan semuanya berawal dari sini.
session-setup-title = Penyiapan
session-wrong-code = Kode ini salah, atau sudah pernah dipakai. Tunggu kode berikutnya.
session-too-many = Terlalu banyak percobaan gagal; coba lagi dalam { $count } menit.
session-invitation-title = Undangan Anda
session-invitation-over = Undangan ini tidak berlaku lagi
session-invitation-over-why = Undangan ini sudah dipakai, ditarik kembali, atau kedaluwarsa. Mintalah undangan baru kepada orang yang mengundang Anda.
session-invitation-over-what = Sudah membuat akun dengan undangan ini? Masuklah dengan email dan kata sandi Anda.
session-wrong = Email atau kata sandi salah.
