# Kalimat yang diucapkan kode dalam bahasa Inggris: yang di locales/en/said.ftl, dalam bahasa Indonesia.

## Yang dilakukan: log audit

said-source-made = Membuat sumber { $name }.
said-source-changed = Mengubah sumber { $name }.
said-source-secret = Mengubah sumber { $name } dan memberinya secret baru.
said-source-deleted = Menghapus sumber { $name }.
said-source-imported = Mengimpor sumber { $name }.
said-destination-made = Membuat tujuan { $name }.
said-destination-changed = Mengubah tujuan { $name }.
said-destination-deleted = Menghapus tujuan { $name }.
said-destination-imported = Mengimpor tujuan { $name }.
said-destination-rotated = Mengganti secret penanda tangan tujuan { $name }.
said-destination-paused = Menjeda tujuan { $name }.
said-destination-resumed = Melanjutkan tujuan { $name }.
said-destination-tested = Mengirim request uji ke tujuan { $name }.
said-connection-made = Membuat koneksi { $name }.
said-connection-changed = Mengubah koneksi { $name }.
said-connection-restored = Memulihkan versi { $number } dari koneksi { $name }.
said-connection-deleted = Menghapus koneksi { $name }.
said-connection-imported = Mengimpor koneksi { $name }.
said-connection-imported-over = Mengimpor koneksi { $name }, menggantikan yang sebelumnya.
said-connection-on = Mengaktifkan koneksi { $name }.
said-connection-off = Menonaktifkan koneksi { $name }.
said-connection-tested = Mengirim event uji lewat koneksi { $name }.
said-event-sent = Mengirim record { $record } melalui koneksi { $connection }.
said-delivery-resent = Mengirim record { $record } sekali lagi melalui koneksi { $connection }.
said-delivery-hurried = Mencoba mengirim record { $record } melalui koneksi { $connection } sebelum waktunya.
said-destination-hurried = Mencoba semua yang menunggu tujuan { $name } sebelum waktunya.
said-destination-is-paused = Tujuan ini dijeda; lanjutkan saja.
said-nothing-to-hurry = Hanya pengiriman yang menunggu percobaan berikutnya yang bisa dicoba sekarang.
said-delivery-discarded = Batal mengirim record { $record } melalui koneksi { $connection }.
said-replay-begun = Memulai replay atas { $count } pengiriman yang cocok.
said-replay-begun-least = Memulai replay atas sedikitnya { $count } pengiriman yang cocok.
said-replay-cancelled = Menghentikan sebuah replay.
said-person-first = Membuat akun pertama.
said-person-added = Menambahkan { $email } sebagai { $said_role }.
said-person-renamed = Kini bernama { $name }; sebelumnya { $before }.
said-person-reading = Memilih bahasa dan zona waktu halaman.
said-person-password = Mengganti kata sandinya sendiri; semua sesi diakhiri.
said-person-password-reset = Memasang kata sandi baru untuk { $email } dan mengakhiri sesinya.
said-person-session = Mengakhiri sebuah sesi.
said-person-sessions = Mengakhiri semua sesi lain.
said-person-factor-on = Mengaktifkan faktor kedua; sesi lain diakhiri.
said-person-factor-off = Menonaktifkan faktor kedua; sesi lain diakhiri.
said-person-factor-taken = Mencabut faktor kedua { $email }.
said-person-codes = Membuat kode pemulihan baru; yang lama tidak berlaku lagi.
said-person-role = Menjadikan { $email } { $said_role }; sebelumnya { $said_before }.
said-person-locked = Mengunci akun { $email }.
said-person-unlocked = Membuka kembali akun { $email }.
said-person-removed = Menghapus akun { $email }.
said-person-signed-in = Masuk.
said-person-signed-in-factor = Masuk dengan faktor kedua.
said-person-signed-in-code = Masuk dengan kode pemulihan; tersisa { $count }.
said-person-signed-out = Keluar.
said-person-joined = Menerima undangan { $name } dan mendapat peran { $said_role }.
said-person-wrong-password = Memasukkan kata sandi yang salah untuk { $email }. { $said_count }
said-person-wrong-present = Kata sandi saat ini yang diberikan salah. { $said_count }
said-person-locked-tried = Mencoba masuk sebagai { $email }, akun yang terkunci. { $said_count }
said-person-unknown-tried = Mencoba masuk ke akun yang tidak ada. { $said_count }
said-person-unknown-tried-as = Mencoba masuk sebagai { $email }, akun yang tidak ada. { $said_count }
said-person-wrong-factor = Kata sandinya benar, tetapi faktor keduanya salah. { $said_count }
said-attempts-many = Percobaan ke-{ $count } dalam { $minutes } menit; percobaan berikutnya ditolak untuk sementara.
said-attempts-first = Percobaan berikutnya dicatat bila terlalu banyak.
said-invite-made = Mengundang { $email } sebagai { $said_role }.
said-invite-withdrawn = Menarik sebuah undangan.
said-token-made = Membuat token API { $name } dengan peran { $said_role }.
said-token-revoked = Mencabut token API { $name }.

## Kata di dalam kalimat

said-role-owner = pemilik
said-role-editor = penyunting
said-role-viewer = pengamat
said-thing-source = sumber
said-thing-destination = tujuan
said-thing-connection = koneksi
said-thing-delivery = pengiriman
said-thing-event = event
said-thing-replay = replay
said-thing-version = versi
said-thing-person = orang
said-thing-user = orang
said-thing-token = token
said-thing-invite = undangan
said-thing-invitation = undangan
said-thing-session = sesi
said-type-boolean = boolean
said-type-number = angka
said-type-text = teks
said-type-list = daftar
said-type-object = objek
said-the-token = token { $name }

## Bagaimana sebuah percobaan berakhir

said-outcome-delivered = Terkirim: tujuan menjawab { $status }.
said-outcome-redirected = Dialihkan: tujuan menjawab { $status }; pengalihan tidak diikuti.
said-outcome-gone = Sudah tidak ada: tujuan menjawab 410, jadi dijeda.
said-outcome-refused = Ditolak: tujuan menjawab { $status }.
said-outcome-not-accepted = Tidak diterima: tujuan menjawab { $status }, tetapi { $said_reason }
said-success-unread = jawabannya terputus atau lebih panjang dari { $bytes } byte, sehingga aturan keberhasilannya tidak dapat diperiksa.
said-success-no-json = jawabannya bukan JSON, padahal aturan keberhasilannya memeriksa JSON.
said-success-at = jawabannya di { $path } tidak seperti yang diminta aturan keberhasilannya.
said-success-many = Aturan keberhasilan dapat memuat { $count } kondisi.
said-success-not = jawabannya bukan keberhasilan menurut aturan keberhasilannya.
said-mail-refused-greeting = Ditolak: server email menjawab { $status } pada salam pembuka.
said-mail-refused-login = Ditolak: server email menjawab { $status } pada proses masuk.
said-mail-refused-sender = Ditolak: server email menjawab { $status } pada alamat pengirim.
said-mail-refused-recipient = Ditolak: server email menjawab { $status } pada alamat seorang penerima.
said-mail-refused-content = Ditolak: server email menjawab { $status } pada email itu sendiri.
said-mail-advice-greeting = Lihat alasannya pada jawabannya; mungkin server email tidak menerima email dari mesin ini.
said-mail-advice-login = Periksa nama pengguna dan kata sandi di pengaturan tujuan.
said-mail-advice-sender = Periksa alamat pengirim di pengaturan tujuan: banyak server hanya menerima alamat milik akun yang masuk.
said-mail-advice-recipient = Periksa alamatnya di pengaturan tujuan atau di pemetaan, lalu kirim ulang.
said-mail-advice-content = Lihat alasannya pada jawabannya: biasanya email terlalu besar atau mirip spam. Lalu kirim ulang.
said-outcome-no-mail = Ini bukan email: { $said_reason }
said-mail-advice-invalid = Ubah pemetaan, atau sebutkan penerima di pengaturan tujuan; lalu kirim ulang.
said-mail-before-tls = server email mengatakan lebih dari yang ditanyakan sebelum TLS.
said-mail-hung-up = server email memutuskan sambungan.
said-mail-no-answer = tidak ada jawaban dalam { $count } detik.
said-mail-unanswered = Mungkin terkirim: server email sudah menerima seluruh email dan tidak menjawab dalam { $ms } ms.
said-mail-advice-unanswered = Naikkan batas waktu di pengaturan tujuan: yang dikirim lagi bisa tiba dua kali.
said-mail-undecided = Mungkin terkirim: server email sudah menerima seluruh email dan tidak mengatakan bahwa email itu diterima: { $said_reason }
said-mail-advice-undecided = Lihat log server email untuk alasannya: yang dikirim lagi bisa tiba dua kali.
said-mail-no-starttls = server email tidak menawarkan STARTTLS.
said-mail-no-login = server email tidak menerima nama pengguna dan kata sandi di sana.
said-mail-unclear = jawaban server email tidak dapat dipahami.
said-mail-too-much = jawaban server email lebih panjang dari yang dibaca.
said-mail-nobody = tidak ada penerima yang disebut, baik oleh pemetaan sebagai `to` maupun oleh tujuan.
said-mail-many = satu email dikirim ke paling banyak { $count } orang.
said-mail-part = `{ $name }` bukan bagian dari email; bagiannya adalah `{ $parts }`.
said-mail-text = `{ $name }` pada email adalah teks, bukan daftar atau objek.
said-mail-address = yang dibuat pemetaan untuk `{ $name }` bukan alamat email.
said-outcome-address = Alamat ditolak: { $said_reason }
said-outcome-dns = DNS gagal: { $said_reason }
said-outcome-unconnected = Tidak dapat terhubung: { $said_reason }
said-outcome-tls = TLS gagal: { $said_reason }
said-outcome-timed-out = Waktu habis: tidak ada jawaban lengkap dalam { $ms } ms.
said-outcome-broke = Koneksi terputus: { $said_reason }
said-outcome-too-large = Response terlalu besar: { $said_reason }
said-outcome-unbuilt = Request tidak dapat disusun: { $said_reason }
said-outcome-advice-redirected = Masukkan alamat pengalihannya ke pengaturan tujuan.
said-outcome-advice-credentials = Periksa kredensial di pengaturan tujuan, dan apakah kredensial itu boleh menulis di sana.
said-outcome-advice-slower = Tujuan meminta lebih sedikit permintaan: turunkan jumlah permintaan per detik di pengaturannya.
said-outcome-advice-url = Periksa URL di pengaturan tujuan.
said-outcome-advice-gone = Perbaiki URL di pengaturan tujuan, lalu lanjutkan tujuannya.
said-outcome-advice-body = Tujuan menolak body-nya: bandingkan dengan dokumentasi tujuan, lalu ubah pemetaannya.
said-outcome-advice-passes = Biasanya pulih sendiri; jadwal akan mencobanya lagi.
said-outcome-advice-waits = Tujuan meminta jeda (Retry-After), dan jadwal mengikutinya.
said-outcome-advice-pace = Tetapkan batas permintaan per detik untuk tujuan ini jika terjadi lagi.
said-outcome-advice-over = Tidak ada percobaan lagi. Perbaiki tujuannya, lalu kirim ulang.
said-outcome-advice-answer = Alasannya ada di body jawaban.
said-outcome-advice-not-accepted = Alasannya ada di body jawaban; apa yang dihitung terkirim ada di pengaturan tujuan.
said-outcome-advice-address = Gunakan alamat https publik, atau daftarkan jaringannya di BLUEBRIDGE_ALLOW_NETWORKS.
said-outcome-advice-dns = Periksa nama host di pengaturan tujuan.
said-outcome-advice-unconnected = Pastikan tujuan berjalan dan firewall mengizinkan mesin ini menjangkaunya.
said-outcome-advice-tls = Periksa sertifikat tujuan: nama, penerbit, dan tanggalnya.
said-outcome-advice-timed-out = Buat tujuan menjawab dulu baru bekerja, atau naikkan batas waktu di pengaturannya.
said-outcome-advice-too-large = Buat tujuan menjawab dengan header yang lebih sedikit atau lebih pendek.
said-outcome-advice-unbuilt = Perbaiki pengaturan tujuan, lalu kirim ulang.

## Mengapa tidak dapat dijangkau

said-guard-not-public = ini bukan alamat publik ({ $said_range }).
said-guard-scheme = hanya https dan http yang dipakai.
said-guard-port = port { $port } milik protokol selain HTTP dan tidak pernah dipakai.
said-guard-no-host = URL-nya tidak menyebut host.
said-guard-name = { $name } tidak boleh dijangkau: { $said_reason }
said-guard-plain-http = http biasa akan memperlihatkan isi dan kredensialnya di perjalanan; pakai https, atau izinkan http di pengaturan tujuan.
said-guard-plain-mail = tanpa enkripsi siapa pun di jalan dapat membaca email dan kata sandinya; pakai STARTTLS atau TLS.
said-guard-mail-port = server email tidak mendengarkan di port { $port }; pakai 587 atau 465.
said-guard-to-allow = { $said_reason } Untuk mengizinkannya, daftarkan jaringannya di BLUEBRIDGE_ALLOW_NETWORKS.
said-dns-no-address = nama { $name } tidak memiliki alamat.
said-dns-not-found = nama { $name } tidak ditemukan.
said-dns-cut-off = pencarian namanya terputus.
said-request-method = `{ $name }` bukan metode.
said-request-header-name = `{ $name }` bukan nama header.
said-request-header-value = nilai `{ $name }` tidak dapat dikirim dalam header.
said-request-answer-headers = header jawabannya lebih besar daripada yang dibaca.
said-request-exchange = pertukarannya gagal.
said-range-this = jaringan ini sendiri
said-range-private = privat
said-range-nat = NAT milik operator
said-range-azure = metadata cloud Azure
said-range-link-local-v4 = link-local dan metadata cloud
said-range-ietf = penetapan protokol IETF
said-range-documentation = dokumentasi
said-range-relay = relay 6to4
said-range-benchmarking = pengujian kinerja
said-range-multicast-v4 = multicast atau dicadangkan
said-range-translation = penerjemahan IPv4
said-range-unspecified = loopback, tidak ditentukan, atau IPv4 tersemat
said-range-discard = untuk dibuang atau tiruan
said-range-ietf-v6 = penetapan protokol IETF, Teredo, ORCHID
said-range-6bone = bekas 6bone
said-range-routing = segment routing
said-range-unique-local = lokal unik
said-range-unassigned = tidak ditetapkan untuk publik

## Mengapa tujuan menunggu, atau pengiriman berakhir tanpa sampai

said-held-gone = Tujuan menjawab 410: sudah tidak ada.
said-held-failing = Terus-menerus gagal. Terakhir: { $said_last }
said-held-by = Dijeda oleh { $said_name }.
said-given-up-by = Dibatalkan oleh { $said_name }.
said-given-up-replay = Dibatalkan: { $said_name } menghentikan replay-nya.
said-given-up-destination = Tujuannya sudah dihapus.

## Yang menghalangi perubahan

said-no-such = Tidak ada { $said_thing } seperti itu. Mungkin sudah dihapus, atau alamatnya salah ketik.
said-choose-one = Pilih { $said_thing } yang memang ada.
said-internal = Terjadi kegagalan di pihak kami; log server memuat penyebabnya.
said-not-now = Saat ini tidak dapat disimpan; coba lagi sebentar lagi.
said-changed-meanwhile = Ini baru saja diubah orang lain; lihat lagi lalu ulangi perubahan Anda.
said-cannot-accept = Dokumen ini tidak dapat diterima.
said-form-expired = Formulir ini bukan dibuat untuk Anda atau sudah terlalu lama; buka lagi halamannya lalu ulangi.
said-form-elsewhere = Formulir ini dikirim dari situs lain; buka halamannya di sini lalu ulangi.
said-body-encoded = Kirim body apa adanya, tanpa Content-Encoding.
said-body-ended = Body berakhir sebelum lengkap.
said-body-large = Body paling besar { $count } byte.
said-body-slow = Body tidak datang tepat waktu.
said-body-no-room = Yang sedang dibaca melebihi ruang yang tersedia; coba lagi sebentar lagi.
said-query-unread = Query tidak dapat dibaca: { $error }.
said-not-waiting = Hanya pengiriman yang antre, ditahan, atau menunggu dicoba lagi yang dapat dibatalkan.
said-delivery-there = Pengiriman ini sudah ada.
said-destination-used = Tujuan ini dipakai oleh { $names }; hapus dulu koneksinya.
said-source-used = Sumber ini dipakai oleh { $names }; hapus dulu koneksinya.
said-connection-is-off = Koneksi ini dimatikan.
said-event-went-through = Event ini sudah melalui koneksi tersebut; kirim ulang pengiriman itu saja.
said-event-foreign = Event ini berasal dari sumber lain daripada koneksinya.
said-destination-gone = Tujuan pengiriman ini sudah dihapus; kirim event-nya lewat koneksi lain.
said-invites-many = { $count } undangan masih terbuka; tarik beberapa dulu.
said-account-first = Sudah ada akun; masuklah dengan akun itu.
said-account-taken = Sudah ada akun untuk { $email }.
said-account-last-owner = Ini pemilik terakhir yang dapat masuk; jadikan orang lain pemilik dulu.
said-factor-meanwhile = Faktor kedua sudah dipasang sementara itu; mulai lagi.
said-replays-many = Sudah ada { $count } replay yang berjalan; tunggu salah satunya selesai, atau hentikan.
said-replay-ended = Replay ini sudah berakhir, dan tidak ada lagi darinya yang menunggu.
said-not-signed = Request ke tujuan ini tidak ditandatangani, jadi tidak ada secret yang dapat diganti.
said-old-secrets-many = { $count } secret lama masih berlaku; tunggu sampai satu berakhir, atau akhiri semuanya dengan masa peralihan 0.
said-old-secrets-unread = Secret lama tidak dapat dibaca.
said-export-format = Ekspor dibuat sebagai `format=csv` atau `format=json`.

## Orang

said-name = Nama berisi 1 sampai { $count } karakter yang dapat dicetak.
said-email = Tulis alamat e-mail seperti ada@example.com.
said-password-short = Pakai sedikitnya { $count } karakter.
said-password-long = Pakai paling banyak { $count } byte.
said-password-email = Pakai sesuatu selain alamat e-mail Anda.
said-password-common = Ini salah satu kata sandi yang pertama dicoba orang; beberapa kata yang tidak berkaitan lebih baik.

## Sumber: kemungkinan sebab tanda tangan gagal

said-signature-missing = Yang memanggil alamat ini bukan Blue, atau sebuah proxy membuang header X-Signature.
said-signature-several = Proxy di antara Blue dan bridge menggandakan header.
said-signature-malformed = Blue mengirim 64 digit hex. Mungkin yang memanggil alamat ini bukan Blue, atau header-nya terpotong.
said-signature-no-secret = Tempel secret yang ditampilkan Blue saat webhook dibuat.
said-signature-empty = Request ditandatangani dengan secret kosong. Buat ulang webhook di Blue dan tempel secret yang ditampilkannya.
said-signature-reserialised = Secret-nya benar, tetapi body disusun ulang setelah ditandatangani. Sesuatu di antara pengirim dan bridge mengubah body.
said-signature-mismatch = Secret sumber ini bukan secret milik webhook di Blue, atau body-nya berubah di perjalanan.
said-signature-is-missing = request tidak memiliki header X-Signature
said-signature-is-several = request memiliki beberapa header X-Signature
said-signature-is-malformed = header X-Signature bukan teks hex dari HMAC-SHA256
said-signature-is-mismatch = tanda tangan tidak cocok
said-signature-is-no-secret = sumber ini belum memiliki secret, jadi tanda tangan tidak dapat diperiksa
said-text-long = Teks yang dapat dicari paling banyak { $count } karakter.
said-secret-long = Secret paling panjang { $count } byte.
said-secret-not-base64 = Secret yang diawali `whsec_` harus dilanjutkan dengan base64; salin lagi secara utuh.
said-overlap = Dari 0 sampai { $count } detik.

## Koneksi: kesalahan dokumennya

said-attempts = Dari 1 sampai { $count } percobaan.
said-trigger-entries = Paling banyak { $count } entri; kosongkan agar berlaku untuk semua.
said-trigger-empty = Entri ini kosong; tulis apa yang didengarkan, atau hapus entri ini.
said-events-count = Dari 1 sampai { $count } event.
said-not-listening-event = Koneksi ini tidak mendengarkan { $event }.
said-not-listening-project = Koneksi ini tidak mendengarkan proyek { $project }.
said-not-listening-no-project = Koneksi ini hanya mendengarkan proyek tertentu, dan event-nya tidak menyebut proyek.
said-health-check = Event ini pemeriksaan kesehatan.
said-as-event = Dikirim sebagai event, tetapi { $said_reason }.
said-event-not-json = body-nya bukan JSON: { $error }
said-event-deep = body-nya bersarang lebih dari 128 tingkat
said-event-no-object = body-nya bukan objek JSON
said-event-no-name = body-nya tidak memiliki teks `event` yang menamai event-nya
said-event-health-check = body ini pemeriksaan kesehatan dari Blue, yang dijawab dan tidak dikirim
said-replay-pace = Dari 1 sampai { $count } pengiriman per detik.
said-replay-times = Waktu akhirnya tidak sesudah waktu mulainya: tidak ada yang dapat cocok.
said-same-values = nilai yang sama, ditulis berbeda
said-order-differs = urutan atau spasinya berbeda

## Filter

said-filter-shape = Filter adalah grup seperti {"{"}"all": [...]{"}"} atau kondisi seperti {"{"}"path": ..., "op": ...{"}"}.
said-filter-deep = Grup boleh bersarang sampai { $count } tingkat.
said-filter-items = Butir di dalam butir boleh ditanyakan sampai { $count } tingkat.
said-rules-refused = Aturan ini tidak lagi diterima, simpan ulang koneksinya: { $said }
said-filter-mixed = Sebuah grup memiliki satu kunci, di sini `{ $key }`; letakkan grup lain di dalam daftarnya.
said-filter-group = Sebuah grup berisi daftar kondisi dan grup.
said-filter-many = Filter boleh memiliki { $count } kondisi.
said-filter-key = `{ $key }` tidak dikenal di sini; kondisi memiliki { $keys }.
said-filter-no-op = Tulis di `op` cara membandingkannya, misalnya "contains".
said-filter-op = Tidak ada operator `{ $name }`.{ $said_hint }
said-did-you-mean = {" "}Maksud Anda `{ $name }`?
said-filter-no-path = Tulis di `path` nilai mana yang dilihat, misalnya "$.currentValue.title".
said-filter-types = `types` adalah "auto" atau "strict".
said-filter-flag = `{ $key }` bernilai true atau false.
said-filter-item = Tulis seperti apa sebuah itemnya, misalnya tag.title equals Urgent.
said-filter-zone = Zona waktu ditulis seperti "Asia/Jakarta".
said-filter-scalar = Nilainya teks, angka, atau true/false.
said-filter-number = Isi dengan angka, misalnya 2000.
said-filter-date = Nilainya tanggal seperti 2026-01-31 atau waktu seperti 2026-01-31T09:00:00Z.
said-filter-one-of = Nilainya salah satu dari { $names }.
said-filter-from-to = Nilainya apa sebelumnya dan apa sekarang: Inbox -> Done, atau {"{"}"from": "Inbox", "to": "Done"{"}"}.
said-filter-numbers = Nilainya dua angka, yang terendah dan yang tertinggi: 5, 10, atau [5, 10].
said-filter-numbers-reversed = Angka pertama lebih besar daripada yang kedua: tidak ada yang bisa cocok.
said-filter-dates = Nilainya dua tanggal, yang pertama dan yang terakhir: 2026-01-01, 2026-01-31, atau ["2026-01-01", "2026-01-31"].
said-filter-dates-reversed = Tanggal pertama setelah tanggal kedua: tidak ada yang bisa cocok.
said-filter-empty-part = Isi teks yang dicari.
said-filter-empty-list = Daftarnya tidak berisi apa pun; tulis apa yang dicari, atau tanyakan dengan `is_empty`.
said-filter-span = Nilainya rentang seperti "3 days", "2 hours", atau "PT30M".
said-filter-span-backwards = Rentangnya dihitung mundur; tulis tanpa tanda minus atau `ago`.
said-filter-list = Nilainya daftar berisi 1 sampai { $count } teks, angka, atau true/false.
said-filter-regex = Nilainya ekspresi reguler.
said-filter-no-before = `{ $name }` membandingkan event sebelum dan sesudahnya, sedangkan item tidak punya nilai sebelumnya; tanyakan daftarnya sendiri, misalnya dengan `item_added`.
said-filter-answer-no-before = `{ $name }` membandingkan sebelum dan sesudah, sedangkan jawaban tidak punya keadaan sebelumnya; periksa apa isinya.
said-filter-not-of-record = `{ $name }` bukan bagian dari record, jadi tidak punya nilai sebelumnya; tulis path seperti $.title.
said-regex-slashed = Tulis polanya tanpa garis miring dan huruf di sekelilingnya; arti `i` ditulis `(?i)` di depannya.
said-bad-regex = Ini bukan ekspresi reguler: { $error }.

## Path

said-path-long = Path paling panjang { $count } byte.
said-path-empty = Path-nya kosong; `$` adalah seluruh dokumen.
said-path-blank = Nama yang mengandung spasi ditulis dalam kurung siku, seperti $['two words'].
said-path-match = match() dan search() terbatas pada { $count } nilai dari sebuah dokumen; pakai operator filter `matches` sebagai gantinya.
said-path-pattern = Pola untuk match() dan search() ditulis sebagai teks di dalam path.
said-path-regex = `{ $pattern }` bukan ekspresi reguler, atau terlalu besar.
said-path-functions = Paling banyak { $count } fungsi boleh bersarang di dalam sebuah path.
said-path-search = Path ini harus menelusuri terlalu banyak bagian event sebesar ini; sebutkan jalan ke nilainya dengan lebih tepat.
said-path-followed = Path-nya tidak dapat diikuti: { $error }
said-path-selects = Path-nya memilih lebih dari { $count } nilai.
said-path-from = Ini bukan path: tidak dapat dipahami mulai karakter ke-{ $position }.
said-path-expected = Ini bukan path: { $error }.
said-path-like = Ini bukan path; tulis seperti $.currentValue.title.

## Pemetaan

said-mapping-shape = Pemetaan adalah objek dengan `mode`: passthrough, fields, atau template.
said-mapping-mode = `mode` adalah passthrough, fields, atau template.
said-mapping-key = `{ $key }` tidak dikenal dalam mode ini.
said-fields-many = Paling banyak { $count } field.
said-fields-shape = `fields` adalah daftar field dengan `to` dan `from`.
said-fields-same = `{ $one }` dan `{ $other }` menulis ke tempat yang sama.
said-field-needed-here = Tidak ada nilai, padahal field ini harus berisi.
said-field-needed = Tidak ada nilai{ $said_place }, padahal field ini harus berisi.
said-at-path = {" "}di { $path }
said-field-one = { $path } memilih { $count } nilai, padahal harus tepat satu.
said-field-joined = Tidak dapat digabung: { $said_reason }.
said-field-shape = Sebuah field adalah objek dengan `to` dan `from`.
said-field-key = `{ $key }` tidak dikenal di sini; field memiliki { $keys }.
said-field-take = `take` adalah first, all, one, atau join.
said-field-missing = `when_missing` adalah null, omit, atau fail.
said-field-separator = `separator` berupa teks.
said-field-from = `from` adalah salah satu dari {"{"}"path": ...{"}"}, {"{"}"template": ...{"}"}, {"{"}"value": ...{"}"}.
said-pipe-shape = `pipe` adalah daftar paling banyak { $count } fungsi seperti {"{"}"fn": "trim"{"}"}.
said-function-shape = Fungsi ditulis {"{"}"fn": "round", "args": [2]{"}"}.
said-target-missing = Tentukan ke mana nilainya pergi, misalnya task.name.
said-target-long = Sebuah tujuan nilai paling banyak 16 langkah.
said-target-bracket = Tulis posisi seperti [0] atau nama seperti ['a b'] di dalam kurung siku.
said-target-dots = Ada nama yang kurang di antara dua titik.
said-target-last-dot = Ada nama yang kurang setelah titik terakhir.
said-target-expected = Di sini seharusnya titik atau kurung siku.
said-template-body = `body` adalah teks templatnya.
said-template-format = `format` adalah json atau text.
said-template-not-json = Hasil templatnya bukan JSON: { $error } (baris { $line }, kolom { $column } dari hasilnya), di dekat `{ $near }`.
said-template-long = Templat paling panjang { $count } byte.
said-template-nul = Templat tidak boleh memuat karakter NUL.
said-template-unread = Templatnya tidak dapat dipahami{ $said_line }: { $error }.
said-in-line = {" "}di baris { $line }
said-template-print = templatnya tidak dapat mencetak di sini
said-template-no-text = Templatnya tidak menghasilkan teks.
said-template-steps = Templatnya memerlukan terlalu banyak langkah; kurangi perulangannya.
said-template-large = Body-nya akan lebih besar dari { $count } byte.
said-template-failed = Templatnya gagal: { $said_reason }
said-template-operators = Sebuah ekspresi paling banyak berisi { $count } operator, filter, dan tanda kurung.
said-template-branches = Templat paling banyak berisi { $count } `elif`; pakai fungsi `lookup` untuk daftar panjang.
said-template-recursive = Perulangan tidak boleh rekursif.
said-template-product = Hasil kali tidak dapat digabung dengan `~` atau dimasukkan ke daftar; cetak tersendiri.
said-template-weight = Lebih dari { $count } nilai bertemu di sini, termasuk yang membentuk variabelnya.
said-template-nested = sebuah nilai bersarang lebih dari { $count } tingkat
said-template-autoescape = `autoescape` tidak berguna dalam JSON, karena setiap nilai di-escape menurut tempatnya.
said-template-raw-joined = Hasil `raw`, `safe`, atau `tojson` hanya disambung dengan `~` di tempat ia dicetak.
said-template-captured = `{ $name }` adalah blok yang ditangkap: cetak sendirian, atau berikan dulu kepada fungsi, seperti `{ $name } | string`.
said-template-block = Blok tidak bisa melalui `{ $name }`; lewatkan dulu melalui `string`.
said-template-test = Templat tidak mengenal uji `{ $name }`.
said-template-method = Nilai tidak punya fungsi `{ $name }` sendiri; fungsi ditulis di belakang garis tegak, seperti `| trim`.

## Fungsi pemetaan

said-function-none = Tidak ada fungsi `{ $name }`.{ $said_hint }
said-function-takes = `{ $name }` memerlukan { $said_arguments }.
said-function-add-time = `add_time` memerlukan satuan di belakang angka, seperti [3, "days"].
said-function-no-arguments = tanpa argumen
said-function-failed = `{ $name }` tidak dapat diterapkan: { $said_reason }.
said-function-argument = `{ $argument }` pada `{ $name }` berupa { $said_kind }.
said-function-a-zone = zona waktu seperti "Asia/Jakarta"
said-function-a-number = angka
said-function-a-table = tabel seperti {"{"}"from": "to"{"}"}
said-function-a-text = teks
said-function-a-whole = bilangan bulat
said-function-a-whole-from = bilangan bulat mulai dari { $least }
said-function-a-whole-range = bilangan bulat dari { $least } sampai { $most }
said-function-a-word = salah satu dari { $names }
said-function-a-path = jalur seperti tag.title
said-function-a-date = tanggal seperti 2026-01-31 atau waktu seperti 2026-01-31T09:00:00Z
said-function-a-format = format strftime seperti %Y-%m-%d %H:%M
said-function-an-amount = bilangan bulat, atau rentang seperti "3 days"
said-function-pattern = fungsi ini memerlukan pola
said-function-needs-text = fungsi ini memerlukan teks, dan nilainya bertipe { $said_type }
said-function-text-long = teksnya akan lebih panjang dari { $count } byte
said-function-list-long = item-itemnya bersama-sama akan lebih panjang dari { $count } byte
said-function-date-format = `{ $value }` tidak dapat dibaca menurut format itu ({ $error })
said-function-format = formatnya tidak dapat dipakai ({ $error })
said-function-amount-span = jumlahnya bilangan bulat, atau rentang seperti "3 days"
said-function-amount = jumlahnya bilangan bulat
said-function-result-range = hasilnya di luar jangkauan
said-function-time-range = waktunya di luar jangkauan
said-function-start-of = `{ $value }` bukan salah satu dari hour, day, week, month, year
said-function-not-date = `{ $value }` bukan tanggal atau waktu
said-function-needs-date = fungsi ini memerlukan tanggal, dan nilainya bertipe { $said_type }
said-function-no-zone = tidak ada zona waktu `{ $name }`
said-function-units = `{ $value }` bukan salah satu dari seconds, minutes, hours, days, weeks, months, years
said-function-amount-range = jumlahnya di luar jangkauan
said-function-position = posisinya bilangan bulat
said-function-start = awalnya bilangan bulat mulai dari 0
said-function-start-whole = awalnya bilangan bulat
said-function-length = panjang adalah bilangan bulat mulai dari 0
said-function-sum-range = jumlahnya di luar jangkauan
said-function-yes-no = `{ $value }` tidak terbaca sebagai ya maupun tidak
said-function-type = nilainya bertipe { $said_type }
said-function-needs-number = fungsi ini memerlukan angka, dan nilainya bertipe { $said_type }
said-function-not-number = `{ $value }` bukan angka
said-function-number-range = angkanya di luar jangkauan
said-function-zero = hasilnya di luar jangkauan, atau dibagi nol
said-function-places = jumlah desimal adalah bilangan bulat dari 0 sampai { $count }
said-function-manner = `{ $value }` bukan salah satu dari en, id, de, fr
said-function-base64 = nilainya bukan base64
said-function-base64-text = hasil dekodenya bukan teks
said-function-json = nilainya bukan JSON ({ $error })
said-function-no-group = Polanya punya { $count } grup dalam tanda kurung, dan grup { $group } tidak termasuk.
said-function-group = grup dihitung mulai dari 0

## Tujuan: kesalahan dokumennya

said-needed = Bagian ini diperlukan.
said-method = `{ $name }` bukan salah satu dari { $names }.
said-moved-auth = Alamatnya menuju host lain: tulis lagi autentikasinya beserta secret-nya, atau {"{"}"type":"none"{"}"}.
said-moved-masked = Alamatnya menuju host lain, jadi nilai yang diwakili `***` harus diisi lagi.
said-masked-nothing = `***` mewakili nilai yang tersimpan, dan tidak ada nilai dengan nama ini; tulis nilainya.
said-username-colon = Nama pengguna tidak boleh berisi `:`; yang sesudahnya akan dianggap kata sandi.
said-header-twice = `{ $name }` sudah dikirim dengan nilai lain; sebutkan header lain untuk tanda tangan.
said-rotation-one = Dalam skema ini request hanya membawa satu tanda tangan, jadi secret lama tidak bisa ikut menandatangani: pakai masa peralihan 0.
said-no-signing-secret = Tidak ada secret untuk menandatanganinya; buat satu di halaman tujuan.
said-left-out = Ada bagian tujuan yang tidak ikut terimpor; isi yang tertulis `***` di halaman tujuan.
said-url-long = URL paling panjang { $count } byte, dengan huruf-hurufnya tersandi.
said-url-bad = Ini bukan alamat; tulis lengkap, seperti https://example.com/hook.
said-url-scheme = `{ $name }` bukan http atau https.
said-url-host = URL-nya tidak menyebut host.
said-url-user = Isi nama pengguna dan kata sandi di `auth`, tempat keduanya disimpan tersegel, bukan di URL.
said-headers-many = Paling banyak { $count } header dapat ditambahkan.
said-headers-twice = `{ $name }` diberikan dua kali; huruf besar dan kecil tidak dibedakan.
said-header-text = Nilai header berupa teks.
said-header-taken = `{ $name }` milik transportasi atau tanda tangan dan tidak dapat diatur.
said-header-long = Nilai header paling panjang { $count } byte.
said-header-printable = Nilai header berupa ASCII yang dapat dicetak tanpa ganti baris.
said-auth-needed = `{ $name }` diperlukan untuk jenis autentikasi ini.
said-mail-server-moved = Ini server lain: sebutkan lagi kredensialnya beserta rahasianya, atau {"{"}"type":"none"{"}"}.
said-mail-auth = `{ $name }` tidak dipakai pada server email; pakai basic atau none.
said-mail-recipients = Satu email dikirim ke paling banyak { $count } orang.
said-mail-port-range = Port adalah bilangan dari 1 sampai 65535.
said-mail-server-bad = Ini bukan nama server; tulis tanpa port, seperti smtp.example.com.
said-mail-encryption = `{ $name }` bukan salah satu dari starttls, tls, none.
said-mail-mailbox = Ini bukan alamat email; tulis seperti anda@example.com, atau dengan nama seperti Tim <tim@example.com>.
said-mail-unsigned = Email tidak membawa tanda tangan kami; pakai none.
said-mail-success = Yang berlaku adalah jawaban server email; ini untuk jawaban berupa JSON.
said-notices-nobody = Pemberitahuan dikirim kepada yang tertulis di sini, karena tidak ada pemetaan yang menyebutnya.
said-kind-fixed = Jenis tujuan tidak dapat diubah; buat tujuan baru.
said-auth-kind = `{ $name }` bukan salah satu dari none, basic, bearer, header.
said-auth-header = Ini dikirim dalam header, jadi harus ASCII yang dapat dicetak tanpa ganti baris.
said-scheme = `{ $name }` bukan salah satu dari standard_webhooks, hex, none.
said-concurrency = Dari 1 sampai { $count } request serentak.
said-per-second = Dari { $least } sampai { $most } request per detik.
said-timeout = Dari { $least } sampai { $most } milidetik.
said-kind-unknown = `{ $name }` bukan jenis yang dikenal versi ini; pakai webhook atau email.

## Impor

said-import-json = Ini bukan JSON: { $error }.
said-import-other = Ini JSON, tetapi bukan hasil ekspor Bluebridge.
said-import-not = Ini bukan hasil ekspor Bluebridge: { $error }.
said-import-newer = Ekspor ini berbentuk lebih baru daripada yang dibaca versi ini.
said-import-many = Paling banyak { $count } entri dari satu jenis yang dibaca.
said-import-missing = Koneksi { $name } menyebut { $said_thing } yang tidak ada di dalam dokumen.
said-import-name = Ada { $said_thing } yang namanya kosong, terlalu panjang, atau tidak dapat dicetak.
said-import-kind = Tujuan { $name } berjenis { $kind }, yang tidak dikenal.
said-import-unclear = Lebih dari satu { $said_thing } bernama { $name }, di sini atau di dalam dokumen, dan tidak jelas mana yang dimaksud. Beri masing-masing nama tersendiri.
said-import-twice = Ada dua id yang sama di dalam dokumen: { $said_thing } { $name } dan satu lagi.
said-import-refused = Tidak dapat diterima, { $said_thing } { $name }: { $said_problems }

## Yang dikatakan pustaka dan sistem

said-theirs-type = tipenya tidak sesuai: { $found }; seharusnya { $wanted }.
said-theirs-value = nilainya tidak sesuai: { $found }; seharusnya { $wanted }.
said-theirs-missing = `{ $name }` belum diisi.
said-theirs-unknown = `{ $name }` tidak dikenal di sini; yang ada: { $names }.
said-theirs-refused = sambungan ditolak (os error { $code }).
said-theirs-reset = sambungan diputus dari sana (os error { $code }).
said-theirs-timed-out = waktu menyambung habis (os error { $code }).
said-theirs-no-route = tidak ada rute ke host (os error { $code }).
said-theirs-unreachable = jaringan tidak terjangkau (os error { $code }).
said-theirs-pipe = sambungan terputus (os error { $code }).
said-theirs-closed = sambungan ditutup sebelum jawabannya lengkap.
said-theirs-certificate = sertifikatnya tidak sah: { $reason }.
said-theirs-alert = menerima alert fatal: { $name }.
said-actor-command-line = baris perintah

## Gabungan

said-at-line = baris { $line }
said-at-column = baris { $line }, kolom { $column }
said-place = { $place }: { $said_what }
said-and-then = { $said_first }; { $said_then }
said-and-more = { $said_first }. { $said_then }
