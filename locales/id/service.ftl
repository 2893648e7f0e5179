# Apa yang perlu dilakukan di layanan, untuk tujuan yang terisi.

service-hint-email = Pakai server, nama pengguna, dan kata sandi program email Anda; beberapa penyedia meminta kata sandi khusus untuk program.
service-hint-telegram = Buat bot dengan @BotFather, ganti TOKEN dengan token-nya, dan tambahkan bot itu ke obrolan.
service-hint-resend = Buat API key di Resend dan verifikasi domain asal e-mail.
service-hint-sendgrid = Buat API key yang boleh mengirim e-mail di SendGrid dan verifikasi pengirimnya.
service-hint-notion = Buat internal integration di Notion, pakai secret-nya sebagai token, dan bagikan database kepadanya.
service-hint-airtable = Buat personal access token di Airtable yang boleh menulis record di base itu, lalu isi id base dan nama tabel di URL.
service-hint-google_sheets = Di Google Cloud, aktifkan Google Sheets API, buat akun layanan dan kunci JSON untuknya. Bagikan spreadsheet kepada alamat email akun itu sebagai editor, lalu isi id spreadsheet, yang ada di alamatnya, di URL.
service-hint-github = Buat fine-grained token di GitHub yang boleh menulis issue di repositori itu, lalu isi pemilik dan repositori di URL.
service-hint-blue = Buat token di Blue pada profil Anda, bagian API. Id-nya masuk ke sebuah header, secret-nya menjadi nilai; isi id company dan project di header-nya.
