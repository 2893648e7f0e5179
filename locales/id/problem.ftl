# Masalah formulir menurut kodenya, untuk kode yang selalu berarti hal yang sama.

problem-bad_name = Nama berisi 1 sampai 120 karakter yang dapat dicetak.
problem-not_found = Pilih yang memang ada.
problem-missing = Bagian ini diperlukan.
problem-enter_again = Alamatnya menuju host lain, jadi nilai yang diwakili {"***"} harus diisi lagi.
problem-masked_value = {"***"} mewakili nilai yang tersimpan, dan tidak ada nilai dengan nama ini; tulis nilainya.
problem-header_value = Ini dikirim dalam header, jadi harus ASCII yang dapat dicetak tanpa ganti baris.
problem-unknown_function = Fungsi ini tidak ada.
problem-unknown_key = Kunci ini tidak dikenal di sini.
problem-target_taken = Dua field menulis ke tempat yang sama.
