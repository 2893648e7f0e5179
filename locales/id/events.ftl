# Event: daftarnya, dan satu event.

events-title = Event
events-any-source = semua sumber
events-any-event = Semua event, atau TODO_CREATED
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
events-no-connection = Sumber ini belum punya koneksi. <a href="/connections/new">Tambahkan koneksi</a>.
events-open-connection = Buka koneksi
events-by-present-rules = Menurut aturan sekarang: { $decision }
events-switched-off = Koneksinya sedang nonaktif.
events-body = Body
