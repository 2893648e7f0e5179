# Events: the list, and one.

events-none-yet-what = Set up a source in Blue and change something there, or act as Blue with <code>bluebridge send</code>.
