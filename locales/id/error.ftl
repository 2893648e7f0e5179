# Judul halaman galat menurut status HTTP.

error-title-400 = Request tidak dapat dipahami
error-title-401 = Belum masuk
error-title-403 = Tidak diizinkan
error-title-404 = Tidak ditemukan
error-title-405 = Metode tidak diizinkan
error-title-406 = Tidak dapat disajikan
error-title-409 = Bentrok
error-title-413 = Terlalu besar
error-title-415 = Format tidak didukung
error-title-422 = Tidak dapat diproses
error-title-429 = Terlalu banyak request
error-title-500 = Kesalahan server
error-title-503 = Layanan sedang tidak tersedia
