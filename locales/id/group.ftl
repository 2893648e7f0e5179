# Judul kelompok: event, operator, fungsi, dan titik awal.

group-records = Record
group-checklists = Checklist
group-comments = Komentar
group-lists = List
group-tags = Tag
group-custom-fields = Field kustom
group-any-type = Tipe apa pun
group-text = Teks
group-number = Angka
group-date = Tanggal
group-yes-or-no = Ya atau tidak
group-list = Daftar
group-change = Perubahan
group-choice = Pilihan
group-e-mail = Email
group-services-with-a-token = Layanan dengan token
group-zapier--pabbly--make--n8n-or-your-own-webhook = Zapier, Pabbly, Make, n8n, atau webhook sendiri
