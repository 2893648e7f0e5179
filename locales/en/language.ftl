# The account's choice of language and time zone.

language-title = Language and time zone
language-language = Language
language-zone = Time zone
language-zone-hint = a name like Asia/Jakarta; empty means your browser's
language-of-browser = As the browser says
language-save = Save the choice
language-unknown-zone = There is no time zone of this name. Choose one from the list, or leave it empty.
