# Events: the list, and one.

events-title = Events
events-any-source = any source
events-more-sources = The list offers the first { $count } sources by name. For another one, open <a href="/sources">its page</a> and choose “{ $link }”.
events-any-event = any event
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
events-became-short = Outcome
events-no-connection-took = No connection
events-of-connections = { $count } of { $all }
events-no-connection = This source has no connection yet. <a href="/connections/new">Add a connection</a>.
events-no-connection-yet = This source has no connection yet.
events-open-connection = Open the connection
events-send = Send through this connection
events-no-delivery = No connection made a delivery of it.
events-would = What today's rules would do
events-would-hint = This looks at the event anew by the rules as they are now. What really became of it stands above.
events-tested = The test event is on its way.
events-tested-delivered = The test event arrived.
events-tested-skipped = Skipped: the filter did not let it through.
events-tested-mapping-failed = The mapping failed, so nothing was sent. Open the delivery to see why.
events-tested-held = The test event waits, because its destination is held or paused.
events-tested-failed = The attempt with the test event failed. Open the delivery to see why.
events-tested-not-listened = Nothing was sent: the connection does not listen to this event.
events-switched-off = The connection is switched off.
events-body = Body
