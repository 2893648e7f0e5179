# Mengapa satu syarat filter terpenuhi atau tidak.

reason-missing = Tidak dapat ditentukan: tidak ada apa pun di { $path }.
reason-no_before = Tidak dapat ditentukan: event ini tidak membawa nilai sebelumnya untuk dibandingkan.
reason-limit = Tidak dapat ditentukan: { $reason }
reason-not_a = Tidak dapat ditentukan: { $path } bernilai { $found } ({ $kind }), yang tidak dapat dibaca sebagai { $wanted }.
reason-change_holds = { $path } sebelumnya { $before } dan sekarang { $found }: “{ $test }” terpenuhi.
reason-change_fails = { $path } sebelumnya { $before } dan sekarang { $found }: “{ $test }” tidak terpenuhi.
reason-holds = { $path } bernilai { $found }, memenuhi “{ $test }”.
reason-fails = { $path } bernilai { $found }; “{ $test }” tidak terpenuhi.
reason-fails_by_blank = { $path } bernilai { $found }; “{ $test }” tidak terpenuhi (spasi di tepinya berbeda).
reason-fails_by_case = { $path } bernilai { $found }; “{ $test }” tidak terpenuhi (hanya huruf besar-kecilnya berbeda).
reason-not_there = tidak ada
reason-no_condition = Tidak ada syarat yang harus dipenuhi.
reason-null = null
reason-boolean = boolean
reason-number = angka
reason-text = teks
reason-list = daftar
reason-object = objek
reason-nothing = tidak ada
reason-date = tanggal
reason-change = perubahan
reason-date_in_range = tanggal dalam rentang yang dapat dipakai
reason-type = tipe
reason-yes_or_no = ya atau tidak
reason-number_or_date_on_both_sides = angka atau tanggal di kedua sisi
