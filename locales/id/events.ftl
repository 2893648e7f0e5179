# Event: daftarnya, dan satu event.

events-none-yet-what = Siapkan sumber di Blue lalu ubah sesuatu di sana, atau berperanlah sebagai Blue dengan <code>bluebridge send</code>.
