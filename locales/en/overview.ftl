# The first page.

overview-title = Overview
overview-time = Time
overview-as-of = As of { $time }.
overview-counted-again = Counted again every minute.
overview-range-1h = last hour
overview-range-24h = last 24 hours
overview-range-7d = last 7 days
overview-range-30d = last 30 days
overview-short-1h = 1h
overview-short-24h = 24h
overview-short-7d = 7d
overview-short-30d = 30d

## What needs attention

overview-attention = Needs attention
overview-refused = Requests to { $source } are refused: the signature does not check out. Blue switches a webhook off after five failed tries.
overview-see-why = See why
overview-failed-for-good =
    { $count ->
        [one] 1 delivery to { $destination } failed in the { $range } and is not tried again.
       *[other] { $count } deliveries to { $destination } failed in the { $range } and are not tried again.
    }
overview-see-them = See them
overview-unmapped =
    { $count ->
        [one] { $connection }: 1 event could not be mapped in the { $range }.
       *[other] { $connection }: { $count } events could not be mapped in the { $range }.
    }
overview-more = { $count } more
overview-waits =
    { $count ->
        [one] 1 delivery waits; nothing is lost.
       *[other] { $count } deliveries wait; nothing is lost.
    }
overview-is-paused = { $destination } gets nothing. { $reason }
overview-is-held = { $destination } is held. { $reason }
overview-is-failing = { $destination } is failing. { $failure }
overview-look = Look at { $destination }
overview-resume = Resume
overview-send-held = Send everything now

## The beginning

overview-start = Get started
overview-start-source = Add a source
overview-start-source-what = A webhook of Blue. You get an address to paste into Blue.
overview-start-secret = Paste its secret
overview-start-secret-what = The source is made. Blue shows the secret once, when its webhook is created; events come in when it is set.
overview-start-destination = Add a destination
overview-start-destination-what = Any HTTP address: Zapier, Pabbly, Make, n8n, or your own.
overview-start-connection = Connect them
overview-start-connection-what = Choose events, narrow them, map the fields.
overview-start-test-what = See a first delivery arrive before Blue sends anything.

## Numbers and the chart

overview-came-in = What came in, { $range }
overview-received = Events received
overview-waiting-now = Waiting now
overview-chart = Deliveries by when they came in, { $range }
overview-chart-label = Bar chart; the table below has its numbers
overview-counting = The first events are being counted; the numbers stand here in a few seconds.
overview-nothing = Nothing came in during the { $range }.
overview-given-up-too = Skipped or given up
overview-waiting = Waiting
overview-bar = { $when }: { $received } received, { $delivered } delivered, { $waiting } waiting, { $failed } failed, { $skipped } skipped
overview-days = Mon Tue Wed Thu Fri Sat Sun
overview-months = Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec
overview-as-table = The numbers as a table
overview-table-label = Numbers of the chart
overview-from = From
overview-times-in = Times are in { $zone }.
overview-received-short = Received

## Destinations

overview-destinations = Destinations, { $range }
overview-all-destinations = All destinations
overview-destinations-label = Destinations
overview-name = Name
overview-over-time = Over time
overview-nothing-there = nothing
overview-success = Success
overview-usual = Usually within
overview-slow = 95 % within
overview-latency = Times are from receipt to delivered, retries included.
overview-with-unmapped =
    { $count ->
        [one] Failed counts 1 delivery whose mapping failed; it never reached its destination and does not lower its success.
       *[other] Failed counts { $count } deliveries whose mapping failed; they never reached their destination and do not lower its success.
    }
overview-ms = { $number } ms
overview-s = { $number } s
overview-min = { $number } min
overview-h = { $number } h

## Deliveries

overview-latest = Latest deliveries
overview-all-deliveries = All deliveries
