# Hasil satu percobaan menurut kodenya, saran untuk tiap hasil, dan alasan sebuah tujuan dijeda.

outcome-delivered = Terkirim: tujuan menjawab { $status }.
outcome-redirected = Dialihkan: tujuan menjawab { $status }; pengalihan tidak diikuti.
outcome-gone = Sudah tidak ada: tujuan menjawab 410, jadi dijeda.
outcome-status = Ditolak: tujuan menjawab { $status }.
outcome-refused_address = Alamat ditolak: { $reason }
outcome-dns_failed = DNS gagal: { $reason }
outcome-could_not_connect = Tidak dapat terhubung: { $reason }
outcome-tls_failed = TLS gagal: { $reason }
outcome-timed_out = Waktu habis: tidak ada jawaban lengkap dalam { $after } ms.
outcome-connection_broke = Koneksi terputus: { $reason }
outcome-response_too_large = Response terlalu besar: { $reason }
outcome-invalid_request = Request tidak dapat disusun: { $reason }

## Hasil dalam satu dua kata

outcome-word-delivered = terkirim
outcome-word-redirected = dialihkan
outcome-word-status = ditolak
outcome-word-refused_address = alamat ditolak
outcome-word-dns_failed = DNS gagal
outcome-word-could_not_connect = tidak dapat terhubung
outcome-word-tls_failed = TLS gagal
outcome-word-timed_out = waktu habis
outcome-word-connection_broke = koneksi terputus
outcome-word-response_too_large = response terlalu besar
outcome-word-invalid_request = request tidak valid

## Apa yang dapat dilakukan

outcome-advice-redirected = Masukkan alamat pengalihannya ke pengaturan tujuan.
outcome-advice-credentials = Periksa kredensial di pengaturan tujuan, dan apakah kredensial itu boleh menulis di sana.
outcome-advice-url = Periksa URL di pengaturan tujuan.
outcome-advice-gone = Perbaiki URL di pengaturan tujuan, lalu lanjutkan tujuannya.
outcome-advice-body = Tujuan menolak body-nya: bandingkan dengan dokumentasi tujuan, lalu ubah pemetaannya.
outcome-advice-passes = Biasanya pulih sendiri; jadwal akan mencobanya lagi.
outcome-advice-answer = Alasannya ada di body jawaban.
outcome-advice-refused_address = Gunakan alamat https publik, atau daftarkan jaringannya di BLUEBRIDGE_ALLOW_NETWORKS.
outcome-advice-dns_failed = Periksa nama host di URL tujuan.
outcome-advice-could_not_connect = Pastikan tujuan berjalan dan firewall mengizinkan mesin ini menjangkaunya.
outcome-advice-tls_failed = Periksa sertifikat tujuan: nama, penerbit, dan tanggalnya.
outcome-advice-timed_out = Buat tujuan menjawab dulu baru bekerja, atau naikkan batas waktu di pengaturannya.
outcome-advice-response_too_large = Buat tujuan menjawab dengan header yang lebih sedikit atau lebih pendek.
outcome-advice-invalid_request = Perbaiki pengaturan tujuan, lalu kirim ulang.

## Mengapa tujuan dijeda, atau pengiriman dibatalkan

outcome-paused_gone = Tujuan menjawab 410: sudah tidak ada.
outcome-kept_failing = Terus-menerus gagal. Terakhir: { $last }
outcome-paused_by = Dijeda oleh { $name }.
outcome-given_up_by = Dibatalkan oleh { $name }.
