# Mengapa pengiriman tidak ikut dikirim ulang; dibaca setelah "karena".

left-out-connection_deleted = koneksinya sudah dihapus
left-out-destination_deleted = tujuannya sudah dihapus
left-out-on_its_way = masih dalam proses dan akan terkirim sendiri
left-out-filtered_then = filter waktu itu tidak meloloskannya
left-out-arrived = sudah sampai
left-out-forgotten = event-nya sudah tidak disimpan lagi
