# Hasil satu percobaan menurut kodenya, dalam satu dua kata.

outcome-word-delivered = terkirim
outcome-word-redirected = dialihkan
outcome-word-status = ditolak
outcome-word-not_accepted = tidak diterima
outcome-word-refused_for_good = ditolak untuk seterusnya
outcome-word-mail_refused = email ditolak
outcome-word-no_access_token = tanpa token akses
outcome-word-refused_address = alamat ditolak
outcome-word-dns_failed = DNS gagal
outcome-word-could_not_connect = tidak dapat terhubung
outcome-word-tls_failed = TLS gagal
outcome-word-timed_out = waktu habis
outcome-word-connection_broke = koneksi terputus
outcome-word-response_too_large = response terlalu besar
outcome-word-invalid_request = request tidak valid
outcome-word-invalid_mail = bukan email
outcome-word-mail_unanswered = tanpa jawaban
