# Pilihan bahasa dan zona waktu sebuah akun.

language-title = Bahasa dan zona waktu
language-language = Bahasa
language-zone = Zona waktu
language-zone-hint = nama seperti Asia/Jakarta; kosong berarti mengikuti browser
language-of-browser = Mengikuti browser
language-save = Simpan pilihan
language-unknown-zone = Tidak ada zona waktu dengan nama ini. Pilih dari daftar, atau kosongkan.
