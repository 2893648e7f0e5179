# Replays: the planner, the list, and one.

replays-title = Replays
replays-one = Replay
replays-plan = Replay deliveries
replays-all = All replays
replays-none = No replay yet. <a href="/deliveries">Narrow the log</a> to the deliveries that shall go out again, and choose <strong>{ $button }</strong>.
replays-none-yet = No replay yet.
replays-which = Which
replays-looked-at = Looked at
replays-sent-again = Sent again
replays-by = By
replays-everything = Everything
replays-running = Running
replays-finished = Finished
replays-cancelled = Cancelled

## The planner

replays-every = Every delivery in the log.
replays-change-filter = Look at them, or change the filter
replays-rules = By which rules
replays-then = With the rules of that time
replays-then-what = The same body to the same destination as before; the filter is not asked again.
replays-now = With today's rules
replays-now-what = Filter, mapping and destination of the connection as they are now.
replays-rules-changed = The rules were changed since some of these were made, so today's are chosen.
replays-only-missing = Leave out what arrived already or is on its way
replays-count-again = Count again
replays-nothing = There is nothing to send again. Change the filter or the rules above.
replays-per-second = Deliveries a second
replays-pace-takes = At this pace it takes { $duration }, unless the destination is slower. Each event goes out once for each connection. You can cancel it at any time.
replays-less-than-minute = less than a minute
replays-about-min = about { $count } min
replays-about-h = about { $count } h
replays-start =
    { $count ->
        [one] Send 1 delivery again
       *[other] Send { $count } deliveries again
    }
replays-start-at-least =
    { $count ->
        [one] Send at least 1 delivery again
       *[other] Send at least { $count } deliveries again
    }

## The forecast

replays-none-match-so-far = Nothing matches in the part of the log that was counted; the log goes on.
replays-none-match = No delivery matches.
replays-match =
    { $count ->
        [one] 1 delivery matches.
       *[other] { $count } deliveries match.
    }
replays-match-at-least =
    { $count ->
        [one] At least 1 delivery matches.
       *[other] At least { $count } deliveries match.
    }
replays-arrived = Arrived already
replays-on-the-way =
    { $count ->
        [one] 1 waits or is on its way, so it is not doubled.
       *[other] { $count } wait or are on their way, so they are not doubled.
    }
replays-wait-for =
    { $count ->
        [one] 1 waits until { $name } is resumed, so it is not doubled.
       *[other] { $count } wait until { $name } is resumed, so they are not doubled.
    }
replays-see-waiting = Look at what waits
replays-repetitions = Left out: repeats of the same event
replays-to-make =
    { $count ->
        [one] 1 is sent again.
       *[other] { $count } are sent again.
    }
replays-to-decide =
    { $count ->
        [one] Today's rules decide on 1; it is sent if they let it through.
       *[other] Today's rules decide on { $count }; what they let through is sent.
    }
replays-log-goes-on = The log goes on behind what was counted.

## Problems

replays-unknown-field = A replay cannot be narrowed by this. Take it out of the filter.
replays-unknown-state = There is no such state.
replays-unknown-id = There is nothing with this id.
replays-unknown-time = Write a time like 2026-01-31T14:00; it is read in the zone { $zone }.

## One replay

replays-progress = Progress
replays-progress-of = { $done } of { $all }
replays-progress-of-at-least = { $done } of at least { $all }
replays-matching-looked-at = { $progress } matching deliveries looked at
replays-made =
    { $count ->
        [one] 1 was sent again.
       *[other] { $count } were sent again.
    }
replays-repeated =
    { $count ->
        [one] 1 was not sent a second time, since this replay had sent its event through its connection before.
       *[other] { $count } were not sent a second time, since this replay had sent their events through their connections before.
    }
replays-look-again = Look again
replays-cancel = Cancel the replay
replays-cancel-ask = Cancel this replay? It sends nothing more, and what waits of it is given up.
replays-give-up = Give up what still waits
replays-give-up-ask = Give up what this replay made and has not been sent yet?
replays-rules-short = Rules
replays-version-then = the rules of that time
replays-version-now = today's rules
replays-pace = Pace
replays-a-second = { $count } a second
replays-begun = Begun
replays-begun-by = by { $name }
replays-event-id = Event id
replays-only = Only
replays-only-what = what has not arrived and is not on its way
replays-sent = What it sent again
replays-nothing-yet = Nothing so far.
replays-at-least = at least { $count }
