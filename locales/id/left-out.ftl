# Apa yang tidak ikut dikirim ulang dan mengapa; jumlahnya menyusul.

left-out-connection_deleted = Diabaikan: koneksinya sudah dihapus
left-out-destination_deleted = Diabaikan: tujuannya sudah dihapus
left-out-on_its_way = Diabaikan: masih menunggu atau dalam perjalanan
left-out-filtered_then = Diabaikan: tidak diloloskan filter waktu itu
left-out-arrived = Diabaikan: sudah sampai
left-out-forgotten = Diabaikan: event-nya sudah tidak disimpan lagi
