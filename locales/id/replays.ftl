# Replay: perencana, daftar, dan satu di antaranya.

replays-title = Replay
replays-one = Replay
replays-plan = Replay pengiriman
replays-all = Semua replay
replays-none = Belum ada replay. <a href="/deliveries">Saring log</a> sampai tersisa pengiriman yang hendak dikirim lagi, lalu pilih <strong>{ $button }</strong>.
replays-none-yet = Belum ada replay.
replays-which = Yang mana
replays-looked-at = Diperiksa
replays-sent-again = Dikirim ulang
replays-by = Oleh
replays-everything = Semuanya
replays-running = Berjalan
replays-finished = Selesai
replays-cancelled = Dihentikan

## Perencana

replays-every = Setiap pengiriman di log.
replays-change-filter = Lihat semuanya, atau ubah filter
replays-rules = Menurut aturan yang mana
replays-then = Dengan aturan saat itu
replays-then-what = Body dan tujuan yang sama seperti sebelumnya; filter tidak diperiksa lagi.
replays-now = Dengan aturan sekarang
replays-now-what = Filter, pemetaan, dan tujuan koneksi yang berlaku saat ini.
replays-rules-changed = Aturannya sudah diubah sejak sebagian pengiriman ini dibuat, jadi aturan sekarang yang dipilih.
replays-only-missing = Abaikan yang sudah sampai atau masih dalam perjalanan
replays-count-again = Hitung lagi
replays-nothing = Tidak ada yang perlu dikirim ulang. Ubah filter atau aturan di atas.
replays-per-second = Pengiriman per detik
replays-pace-takes = Dengan laju ini perlu waktu { $duration }, kecuali tujuannya lebih lambat. Setiap event dikirim sekali untuk setiap koneksi. Anda dapat menghentikannya kapan saja.
replays-less-than-minute = kurang dari semenit
replays-about-min = sekitar { $count } menit
replays-about-h = sekitar { $count } jam
replays-start = Kirim ulang { $count } pengiriman
replays-start-at-least = Kirim ulang sedikitnya { $count } pengiriman

## Perkiraan

replays-none-match-so-far = Tidak ada yang cocok di bagian log yang sudah dihitung; log masih berlanjut.
replays-none-match = Tidak ada pengiriman yang cocok.
replays-match = { $count } pengiriman cocok.
replays-match-at-least = Sedikitnya { $count } pengiriman cocok.
replays-arrived = Sudah sampai
replays-on-the-way = { $count } menunggu atau dalam perjalanan, jadi tidak digandakan.
replays-wait-for = { $count } menunggu sampai { $name } dilanjutkan, jadi tidak digandakan.
replays-see-waiting = Lihat yang menunggu
replays-repetitions = Diabaikan: pengulangan event yang sama
replays-to-make = { $count } akan dikirim ulang.
replays-to-decide = Aturan sekarang memutuskan { $count }; yang diloloskan dikirim.
replays-log-goes-on = Log masih berlanjut melewati yang sudah dihitung.

## Masalah

replays-unknown-field = Replay tidak dapat disaring dengan ini. Keluarkan dari filter.
replays-unknown-state = Tidak ada status seperti itu.
replays-unknown-id = Tidak ada apa pun dengan id ini.
replays-unknown-time = Tulis waktu seperti 2026-01-31T14:00; dibaca dalam zona { $zone }.

## Satu replay

replays-progress = Kemajuan
replays-progress-of = { $done } dari { $all }
replays-progress-of-at-least = { $done } dari sedikitnya { $all }
replays-matching-looked-at = { $progress } pengiriman yang cocok sudah diperiksa
replays-made = { $count } sudah dikirim ulang.
replays-repeated = { $count } tidak dikirim untuk kedua kalinya, karena event-nya sudah dikirim lewat koneksi yang sama oleh replay ini.
replays-look-again = Periksa lagi
replays-cancel = Hentikan replay
replays-cancel-ask = Hentikan replay ini? Tidak ada lagi yang dikirim, dan yang masih menunggu dibatalkan.
replays-give-up = Batalkan yang masih menunggu
replays-give-up-ask = Batalkan yang dibuat replay ini dan belum terkirim?
replays-rules-short = Aturan
replays-version-then = aturan saat itu
replays-version-now = aturan sekarang
replays-pace = Laju
replays-a-second = { $count } per detik
replays-begun = Dimulai
replays-begun-by = oleh { $name }
replays-event-id = Id event
replays-only = Hanya
replays-only-what = yang belum sampai dan tidak dalam perjalanan
replays-sent = Yang dikirim ulang
replays-nothing-yet = Sejauh ini belum ada.
replays-at-least = sedikitnya { $count }
