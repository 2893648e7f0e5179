# Events: the list, and one.

events-title = Events
events-any-source = any source
events-any-event = Any event, or TODO_CREATED
events-source = Source
events-clear = Clear
events-looked-to-and = Looked back to <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>. There are older events; look further, or choose a source first.
events-looked-to = Looked back to <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>; there are older events.
events-none-match = No event matches
events-none-match-what = Clear the filter to see all.
events-show-all = Show all events
events-none-yet = No event yet
events-none-yet-what = Set up a source in Blue and change something there, or act as Blue with <code>bluebridge send</code>.
events-see-sources = Look at the sources
events-project = Project
events-received = Received
events-test = (test)
events-deleted-source = deleted source

## One event

events-list = List
events-became = What became of it
events-no-connection = This source has no connection yet. <a href="/connections/new">Add a connection</a>.
events-open-connection = Open the connection
events-by-present-rules = By its present rules: { $decision }
events-switched-off = The connection is switched off.
events-body = Body
