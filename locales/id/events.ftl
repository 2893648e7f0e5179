# Event: daftarnya, dan satu event.

events-title = Event
events-any-source = semua sumber
events-more-sources = Daftar ini memuat { $count } sumber pertama menurut nama. Untuk yang lain, buka <a href="/sources">halamannya</a> dan pilih “{ $link }”.
events-any-event = semua event
events-source = Sumber
events-clear = Hapus filter
events-looked-to-and = Sudah ditelusuri sampai <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>. Masih ada event yang lebih lama; telusuri lebih jauh, atau pilih sumber dulu.
events-looked-to = Sudah ditelusuri sampai <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>; masih ada event yang lebih lama.
events-none-match = Tidak ada event yang cocok
events-none-match-what = Hapus filter untuk melihat semuanya.
events-show-all = Tampilkan semua event
events-none-yet = Belum ada event
events-none-yet-what = Siapkan sumber di Blue lalu ubah sesuatu di sana, atau berperanlah sebagai Blue dengan <code>bluebridge send</code>.
events-see-sources = Lihat sumber
events-project = Proyek
events-received = Diterima
events-test = (uji)
events-deleted-source = sumber yang sudah dihapus

## Satu event

events-list = List
events-became = Apa yang terjadi dengannya
events-became-short = Hasil
events-no-connection-took = Tanpa koneksi
events-of-connections = { $count } dari { $all }
events-no-connection = Sumber ini belum punya koneksi. <a href="/connections/new">Tambahkan koneksi</a>.
events-no-connection-yet = Sumber ini belum punya koneksi.
events-open-connection = Buka koneksi
events-send = Kirim lewat koneksi ini
events-no-delivery = Tidak ada koneksi yang membuat pengiriman darinya.
events-would = Yang akan dilakukan aturan sekarang
events-would-hint = Event ini dilihat lagi menurut aturan yang berlaku sekarang. Yang sungguh terjadi ada di atas.
events-tested = Event uji sedang dikirim.
events-tested-delivered = Event uji sudah sampai.
events-tested-skipped = Dilewati: filter tidak meloloskannya.
events-tested-mapping-failed = Pemetaan gagal, jadi tidak ada yang dikirim. Buka pengirimannya untuk melihat sebabnya.
events-tested-held = Event uji menunggu, karena tujuannya ditahan atau dijeda.
events-tested-failed = Percobaan dengan event uji gagal. Buka pengirimannya untuk melihat sebabnya.
events-tested-not-listened = Tidak ada yang dikirim: koneksi ini tidak mendengarkan event ini.
events-switched-off = Koneksinya sedang nonaktif.
events-body = Body
