# The delivery log, and one delivery.

deliveries-title = Deliveries
deliveries-keys = Keys
deliveries-watch = Watch live
deliveries-replay-all = Resend all that match
deliveries-export = Export
deliveries-export-page-csv = This page as CSV
deliveries-export-page-json = This page as JSON
deliveries-export-all-csv = All that match as CSV
deliveries-export-all-json = All that match as JSON
deliveries-export-limit =
    { $count ->
        [one] One row, the newest.
       *[other] Up to { $count } rows, the newest first.
    }

## The filter

deliveries-states = States
deliveries-all = All
deliveries-waiting = Waiting
deliveries-problem = With a problem
deliveries-any = any
deliveries-waiting-any = Waiting (any)
deliveries-problem-any = With a problem (any)
deliveries-text-label = Text in the record's title or the event's body
deliveries-text = Text in the title or the body
deliveries-time = Time
deliveries-today = today
deliveries-yesterday = yesterday
deliveries-any-time = any time
deliveries-show = Show
deliveries-more-connections = The list offers the first { $count } connections by name. For another one, open <a href="/connections">its page</a> and choose “{ $link }”.
deliveries-more-destinations = The list offers the first { $count } destinations by name. For another one, open <a href="/destinations">its page</a> and choose “{ $link }”.
deliveries-more = More: state, connection, destination, event, exact time
deliveries-from = From
deliveries-event-hint = Record created
deliveries-until = Until
deliveries-narrowed-text = Text
deliveries-narrowed = What narrows the log
deliveries-without = Without { $name }
deliveries-clear = Clear all
deliveries-gone = deleted
deliveries-state-unread = The state “{ $text }” in this address cannot be understood. Open the log and choose again.
deliveries-connection-unread = The connection “{ $text }” in this address cannot be understood. Open the log and choose again.
deliveries-destination-unread = The destination “{ $text }” in this address cannot be understood. Open the log and choose again.
deliveries-time-unread = The time “{ $text }” cannot be understood. Write it like 2026-01-31T14:00, or choose a stretch of time.
deliveries-too-many = { $count } deliveries are selected; at most { $limit } are resent at once.
deliveries-not-a-stream = This is the log's live tail, for programs that accept text/event-stream. Open the log and choose “Watch live”.
deliveries-too-many-viewers = The log is watched too often at this moment, by everybody or by this browser. The page itself works; try again later.

## The table

deliveries-select-all = Select all on this page
deliveries-resend-selected-ask = Send the selected ones again? What arrived already arrives once more. What still waits is not doubled: it is tried now.
deliveries-resend-selected = Resend the selected
deliveries-resend-count = Resend the { $count } selected
deliveries-none-selected = None selected.
deliveries-selected = { $count } selected.
deliveries-unselect = Clear
deliveries-none-so-far = Nothing found so far
deliveries-looked-to-and = Looked back to <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>. The log goes on; look further, or narrow by time or connection first.
deliveries-looked-to = Looked back to <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>; the log goes on.
deliveries-none-match = No delivery matches
deliveries-none-match-what = Take something of the filter away, or look at another time.
deliveries-backward = “From” is later than “Until”, so nothing can match. Swap them.
deliveries-show-all = Show all deliveries
deliveries-none-yet = No delivery yet
deliveries-none-yet-what = An enabled connection makes one for each event that it listens to. Skipped ones are shown here too, with the reason.
deliveries-see-connections = Look at the connections
deliveries-further = Look further

## Watching live

deliveries-live-watching = Watching: new deliveries appear on top.
deliveries-live-new = Watching. { $count } new.
deliveries-live-connecting = Connecting …
deliveries-live-again = Connecting again …
deliveries-live-ended = The connection ended. Watch live to begin again, or load the page anew.
deliveries-live-paused = Paused. { $count } came in while you watched.
deliveries-live-pause = Pause
deliveries-live-resume = Go on watching

## Keys

deliveries-key-next = next and previous delivery
deliveries-key-open = open it
deliveries-key-select = select it, or not
deliveries-key-resend = resend the selected
deliveries-key-search = search
deliveries-key-live = watch live, or stop
deliveries-key-help = this list
deliveries-close = Close

## One delivery

deliveries-of-record = Deliveries of this record
deliveries-earlier = Earlier for this record
deliveries-later = Later for this record
deliveries-resend = Resend
deliveries-resend-by = Resend with the old rules (version { $version })
deliveries-resend-by-present = Resend with today's rules (version { $version })
deliveries-anyway = Send anyway
deliveries-anyway-ask = The filter said no to this event. Send it anyway?
deliveries-delivered-ask = This was delivered already. Send it again? The receiver gets it once more.
deliveries-not-listened-ask = The connection does not listen to this event. Send it anyway?
deliveries-try-this-now = Try this one now
deliveries-try-now = Try everything waiting for { $destination } now
deliveries-resume = Resume { $destination }
deliveries-send-held = Send everything to { $destination } now
deliveries-hurry = This one still goes on by itself. A resend goes out beside it, so it may arrive twice.
deliveries-resent = This is the new delivery. It is on its way.
deliveries-resent-delivered = This is the new delivery. It arrived.
deliveries-resent-held = This is the new delivery. It waits, because its destination is held or paused.
deliveries-resent-failed = This is the new delivery. It was tried and did not arrive.
deliveries-resent-mapping-failed = This is the new delivery. The mapping failed again, so nothing was sent.
deliveries-resent-not = This is the new delivery. It is not sent.
deliveries-arrived-short = Arrived later
deliveries-arrived-later = Arrived later, by a <a href="/deliveries/{ $href }">{ $cause }</a>, <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>.
deliveries-behind = <a href="/deliveries/{ $href }">The earlier one of this record</a> goes out first.
deliveries-behind-until = <a href="/deliveries/{ $href }">The earlier one of this record</a> goes out first; its next attempt: <time datetime="{ $datetime }" title="{ $exact }">{ $time }</time>.
deliveries-destination-gone = Its destination was deleted, so it cannot be resent there. If another connection lets the event through, it can be sent from its page.
deliveries-to-event = Open the event
deliveries-give-up = Give up
deliveries-give-up-ask = Give this delivery up? It will not be sent.
deliveries-what-happened = What happened
deliveries-gap = { $gap } later
deliveries-no-attempt = No attempt yet.
deliveries-nothing-sent = Nothing was sent.
deliveries-attempt = Attempt { $number }
deliveries-request = Request
deliveries-response = Response
deliveries-cut = … (cut here)
deliveries-body = Body sent
deliveries-body-unsent = Body to send
deliveries-curl = As cURL
deliveries-curl-what = Secrets are masked; put yours in their place. Sending it again keeps the same id, so a receiver may drop it as a repetition.
deliveries-why = Why
deliveries-would-have-passed =
    { $count ->
        [one] It would have passed if
       *[other] It would have passed if all of this had been so:
    }
deliveries-not = not
deliveries-change-filter = Change this filter with this event
deliveries-change-trigger = Change what it listens to, with this event
deliveries-may-be-final = When { $status } always means that the destination refuses what this one record holds, enter it with its form:
deliveries-mend = Fix the mapping
deliveries-mend-with = Fix the mapping with this event
deliveries-details = Details
deliveries-version = version { $number }
deliveries-next-attempt = Next attempt
deliveries-next-behind = Waits for an earlier one of this record
deliveries-next-due = Next attempt: due now
deliveries-id = Delivery id

## What is told of one delivery

deliveries-is-skipped = The filter did not let this event through; see why below.
deliveries-is-not-listened = The connection does not listen to this event; see below.
deliveries-is-not-for-it = The connection does not listen to this event.
deliveries-reason-times = { $reason } ({ $count } conditions)
deliveries-not-met = Not met: { $condition }
deliveries-ruled-out = Ruled out: { $condition }
deliveries-is-mapping-failed = No body could be made.
deliveries-is-queued = It is due and waits for its turn.
deliveries-is-behind = It waits for an earlier one of this record.
deliveries-is-sending = It is being sent.
deliveries-is-sending-at-once =
    { $count ->
        [one] It is being sent, or waits here for its turn: this destination takes one request at once.
       *[other] It is being sent, or waits here for its turn: this destination takes { $count } requests at once.
    }
deliveries-is-sending-at-rate = It is being sent, or waits here for its turn: this destination takes { $rate } a second, { $count } at once.
deliveries-is-retrying = It will be tried again.
deliveries-is-failed = No further attempt is made; resend it when the cause is mended.
deliveries-passes = The event passes.
deliveries-matched = It matched: { $reasons }
deliveries-is-held = It waits because its destination is held. { $reason } The next try is at { $time }; when it arrives, everything goes out.
deliveries-is-paused = It waits because its destination is paused. { $reason } It goes out when that is resumed.
deliveries-is-unfinished = It waits because its destination is paused. { $reason } It goes out by itself once everything is entered.
deliveries-received = Event received
deliveries-made = Delivery made
deliveries-made-as = Delivery made ({ $cause })
deliveries-attempt-was = Attempt { $number }: { $outcome } ({ $ms } ms)
deliveries-length-ms = { $number } ms
deliveries-length-s = { $number } s
deliveries-length-min = { $number } min
deliveries-length-h = { $number } h
deliveries-length-days = { $number } days

## The decision

deliveries-every-condition = All conditions, one by one
deliveries-tree-all = All of these
deliveries-tree-any = Any of these
deliveries-tree-none = None of these
deliveries-tree-true = holds
deliveries-tree-false = does not hold
deliveries-tree-unknown = cannot tell
