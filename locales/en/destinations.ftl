# The list of destinations, the form, and one destination.

destinations-signing-secret = Signing secret
destinations-add = Add a destination
destinations-empty = A destination is where events go: any HTTP address, such as a catch hook of Zapier, Pabbly, Make or n8n.
destinations-name = Name
destinations-host = Host
destinations-search = Name or host
destinations-delivered = Delivered, 24 h
destinations-failed = Failed, 24 h
destinations-filled-in = Fill it in for
destinations-where = Where to
destinations-name-example = Zapier: new row
destinations-masked = {"***"} stands for a value that was saved, here and in the headers. It is kept as long as the host stays the same.
destinations-left-out = An import left a part out: { $parts }. Nothing is sent until it is entered: choose Edit and write what belongs in the place of {"***"}.
destinations-method = Method
destinations-method-hint = GET sends no body
destinations-encryption = Encryption
destinations-allow-http = Allow plain http
destinations-auth-title = Authentication and signature
destinations-auth = Authentication
destinations-auth-name = User, header name or client ID
destinations-auth-secret = Password, token, value or key
destinations-enter-username = Enter the username.
destinations-enter-password = Enter the password.
destinations-enter-token = Enter the token.
destinations-enter-value = Enter the value.
destinations-enter-again = Enter it again; it is not shown here.
destinations-keeps = Left empty, the saved one stays.
destinations-signature = Signature
destinations-signature-hint = Lets the receiver check that a request comes from here.
destinations-makes = Left empty, one is made and shown once.
destinations-signing-header = Its header
destinations-headers = More headers
destinations-header-name = Header name
destinations-header-value = Header value
destinations-header-unnamed = Name the header that this value is for, or empty the value.
destinations-header-twice = The header { $name } stands here twice; each can be added once.
destinations-value = Value
destinations-add-header = Add a header
destinations-success-title = What counts as delivered
destinations-success = Counts as delivered
destinations-success-hint = An answer of another status never does. One that does not is tried again by the schedule.
destinations-success-any = Any success answer (2xx)
destinations-success-ok = 2xx that says "ok": true, as Slack's API and Telegram do
destinations-success-no-errors = 2xx with "data" and without "errors", as GraphQL answers, Blue's API too
destinations-success-own = 2xx that meets a condition
destinations-success-json = 2xx that meets a rule in JSON
destinations-success-path = Path in the answer
destinations-success-operator = Operator
destinations-success-rule = Rule, a filter over the answer
destinations-success-when = 2xx whose answer meets: { $rule }
destinations-final = Final statuses
destinations-final-hint = With one of these the destination refuses what a record holds: no other attempt follows, and the destination is not held for it. Others are tried again by the schedule.
destinations-no-statuses = Write statuses with commas between, like 400, 422.
destinations-limits = Limits
destinations-concurrency = Requests at once
destinations-per-second = Requests a second
destinations-no-limit = empty: no limit
destinations-timeout = Time limit in milliseconds
destinations-made-secret = Signing secret, shown only now
destinations-made-secret-hint = Give it to the receiver, so that it can check our signature.
destinations-held = Held.
destinations-held-hint = Nothing is dropped: what comes meanwhile waits. One waiting delivery is tried { $when }; when it arrives, all go out.
destinations-paused-hint = What comes meanwhile is held and goes out when you resume.
destinations-unfinished-hint = What comes meanwhile is held and goes out by itself once everything is entered.
destinations-recovering =
    { $count ->
        [one] Recovering: what was sent last arrived. It counts as fine after one minute without a failure.
       *[other] Recovering: what was sent last arrived. It counts as fine after { $count } minutes without a failure.
    }
destinations-from-before = What failed before waits for its next attempt.
destinations-waits =
    { $count ->
        [one] 1 delivery waits, made { $since }.
       *[other] { $count } deliveries wait; the oldest was made { $since }.
    }
destinations-waits-at-least = At least { $count } deliveries wait; the oldest of these was made { $since }.
destinations-next-try = The next attempt: { $time }.
destinations-failing = Failing.
destinations-no-number = Write a number.
destinations-not-whole = Write a whole number.
destinations-try-now = Try everything waiting now
destinations-resumed = Resumed; waiting for the first to arrive.
destinations-changed-since =
    { $count ->
        [0] Changed since the last failure.
        [one] Changed since the last failure. 1 delivery waits for it.
       *[other] Changed since the last failure. { $count } deliveries wait for it.
    }
destinations-chip-resumed = Resumed
destinations-failing-hint = Attempts go on by the schedule.
destinations-resume-now = Send everything now
destinations-resume = Resume
destinations-pause = Pause
destinations-test = Send a test request
destinations-test-result = Test result
destinations-test-title = Last test
destinations-test-outdated = The settings were changed after this test.
destinations-at-once = At once
destinations-requests = { $count } requests
destinations-time-limit = Time limit
destinations-used-by = Used by
destinations-unused = no connection yet
destinations-rotate-ask = Replace the signing secret of { $name }?
destinations-rotate-one = Makes a new secret and shows it once. A hex signature has room for one secret, so the receiver must change over at the same time.
destinations-rotate-two = Makes a new secret and shows it once. The old one signs beside it for a while, so that the receiver may change over without losing anything.
destinations-overlap = The old secret goes on signing
destinations-earlier-until = An earlier secret signs as well until { $when }.
destinations-rotate = Make a new secret
destinations-nothing = Nothing was sent here yet.
destinations-delete-ask = Delete the destination { $name }?
destinations-delete-ask-waits =
    { $count ->
        [one] Delete the destination { $name }? 1 delivery still waits for it and is given up.
       *[other] Delete the destination { $name }? { $count } deliveries still wait for it and are given up.
    }
destinations-delete-ask-at-least = Delete the destination { $name }? At least { $count } deliveries still wait for it and are given up.
destinations-delete-hint = What still waits for it is given up; its deliveries stay in the log.
destinations-delete = Delete the destination
destinations-in-use = Connections use this destination. Delete them first, or let them send elsewhere.
destinations-scheme-standard = Standard Webhooks
destinations-scheme-hex = Hex HMAC, as Blue does
destinations-none = None
destinations-auth-basic = User and password
destinations-auth-bearer = Bearer token
destinations-auth-header = Own header
destinations-auth-client = OAuth 2, client credentials
destinations-auth-google = Google service account
destinations-token-url = Token URL
destinations-scope = Rights (scope)
destinations-scope-hint = Left empty: what the service gives by itself, or writing spreadsheets at Google.
destinations-google-hint = The whole JSON file that Google Cloud lets you download.
destinations-shared-with = Share files with
destinations-enter-token-url = Enter the address that gives access tokens.
destinations-enter-client-id = Enter the client ID.
destinations-enter-client-secret = Enter the client secret.
destinations-enter-key = Paste the whole JSON file of the key.
destinations-arrived = Arrived
destinations-not-arrived = Did not arrive
destinations-answered = Answered { $status }
destinations-chip-paused = Paused
destinations-chip-recovering = Recovering
destinations-chip-failing = Failing
destinations-chip-fine = Fine
destinations-chip-untried = Not tried yet
destinations-chip-test-arrived = Test arrived
destinations-chip-test-failed = Test failed
destinations-edit-title = Edit the destination
destinations-mail-server = Mail server
destinations-mail-port = Port
destinations-mail-port-hint = empty: the usual one
destinations-mail-starttls = STARTTLS, usually port 587
destinations-mail-tls = TLS, usually port 465
destinations-mail-clear = None, for networks of your own
destinations-mail-user = User name
destinations-mail-from = From
destinations-mail-to = To
destinations-mail-to-hint = one per line, or with commas between them; leave it empty if the mapping fills in “to”
destinations-mail-at-line = Line { $line }, “{ $text }”: { $said }
destinations-mail-to-mapped = whom the mapping names
destinations-test-mail = Send a test mail
destinations-notices = Notices
destinations-notices-wanted = Tell here when another destination begins to fail, is held, and when it has recovered
destinations-notices-hint = As a mail, or as JSON that Slack, Mattermost and Discord show. What passes by itself within two minutes is not told.
destinations-notices-sent = of other destinations that fail or have recovered
