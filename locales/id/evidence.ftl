# Apa yang harus dilakukan bila pemeriksaan tanda tangan gagal, menurut kodenya.

evidence-advice-signature_missing = Periksa apakah proxy di depan server ini membuang header X-Signature, dan apakah alamat ini hanya dipakai oleh Blue.
evidence-advice-signature_several = Atur agar proxy di depan server ini meneruskan setiap header satu kali saja.
evidence-advice-signature_malformed = Pastikan Blue sendiri yang mengirim ke alamat ini, bukan alat di antaranya.
evidence-advice-no_secret = Isi secret di langkah 4. Bila hilang, hapus webhook di Blue dan buat lagi.
evidence-advice-signature_mismatch = Tempel lagi secret-nya, tanpa spasi. Bila Blue tidak menampilkannya lagi, buat ulang webhook di sana dengan alamat ini dan isi secret-nya.
