# The builder: its five steps, the sample, the result, the dry run over the past, and what its forms refuse.

builder-preview = Preview
builder-needs-source = A connection needs a source first: the webhook in Blue that it listens to. <a href="/sources/new">Add a source</a>, then come back.
builder-needs-source-choice = Choose a source.
builder-needs-origin = Say where its value comes from.
builder-some-fields = some of its fields
builder-no-field-chosen = No field is chosen yet.
builder-needs-field = Choose at least one field, or send the event as it came.
builder-needs-destination = Choose a destination, or make a new one.
builder-choose-source = Choose a source
builder-made = The destination is made; the connection is not saved yet.
builder-made-hint = With this secret the receiver can check that requests come from here. It is shown only now: keep it, or go on without it.
builder-save-connection = Save the connection
builder-made-both = The connection is saved, and its destination is made.
builder-unanswered = Bluebridge does not answer. Nothing of this page is lost; press again.
builder-signed-out = You are signed out. Nothing of this page is lost: <a href="/login" target="_blank" rel="noopener">sign in in another tab</a>, then press again.
builder-refused = Bluebridge refused this. Nothing of this page is lost.
builder-added = Added { $name }
builder-result = Result
builder-when = When
builder-source = Source
builder-events = Events
builder-any-event = any event
builder-and-more = { $names } and { $count } more
builder-find-event = Find an event
builder-find-event-hint = Find an event, like due date
builder-none-ticked = None ticked means any event.
builder-other-events = Other events
builder-other-events-hint = names as Blue writes them, separated by commas
builder-unknown-event = Bluebridge knows no event “{ $name }”. Unless Blue sends one of this name, nothing comes of it.
builder-unknown-event-near = Bluebridge knows no event “{ $name }”. Did you mean { $near }? Unless Blue sends one of this name, nothing comes of it.
builder-projects = Projects
builder-any-project = any project
builder-projects-later = Projects appear here by name once this source has sent an event from them.
builder-projects-seen = Projects seen so far
builder-project-ids = Project ids
builder-other-projects = Others
builder-ids-hint = ids, separated by commas
builder-if = Only if
builder-if-empty = Every event passes. Add a condition to let only some through.
builder-if-drag = Or drag a value of the sample here.
builder-passes-when = The event passes when
builder-group-joins = How the group joins its conditions
builder-group-add-condition = Add condition
builder-group-add-group = Add group
builder-remove-group = Remove this group
builder-remove = Remove
builder-path = Path of the value
builder-path-hint = choose a value of the sample
builder-value = Value
builder-operator = Operator
builder-remove-condition = Remove this condition
builder-options = Options
builder-case = Upper and lower case
builder-case-ignore = ignore case
builder-case-exact = exact case
builder-types = Types
builder-types-convert = convert types
builder-types-strict = strict types
builder-zone = Time zone of dates
builder-zone-hint = time zone, UTC
builder-add-condition = Add a condition
builder-add-group = Add a group
builder-as-json = As JSON
builder-as-json-hint = used instead of the rows when filled
builder-filter-json = Filter as JSON
builder-send = Send
builder-what = What to send
builder-no-field = No field yet. Add one, or click a value of the sample.
builder-no-field-drag = A value can be dragged here as well.
builder-to-field = Field in what is sent
builder-kind = Kind of value
builder-from = Path, text or constant
builder-remove-field = Remove the field { $name }
builder-pipe = Functions, separated by |
builder-move-field = Move { $name } up
builder-move-up = Move up
builder-take = Of several
builder-separator = Joined with
builder-missing = If missing
builder-add-field = Add a field
builder-fields-limit = { $count } fields at most
builder-conditions-limit = { $count } conditions at most
builder-template = Template
builder-template-hint = Values are escaped for JSON by themselves. Functions are filters: <code>{"{{"} currentValue.title | upper {"}}"}</code>.
builder-format = It becomes
builder-functions = Functions
builder-functions-hint = click one to add it where you type
builder-find-function = Find a function
builder-find-function-hint = Find a function, like date
builder-to = To
builder-destination = Destination
builder-no-destination = none yet: make one below
builder-choose-destination = Choose a destination
builder-needs-token = { $name } needs more than an address. Add the destination first; what else was filled in here then starts again from the template.
builder-add-service = Add { $name }
builder-make-here = Make a destination right here
builder-name = Name
builder-d-name-hint = Ops hook
builder-signature = Signature
builder-make = Make the destination
builder-make-hint = Authentication, headers and limits are on its page.
builder-delivery = Order and attempts
builder-order-record = one after another for each record
builder-order-none = as fast as possible
builder-at-most =
    { $count ->
        [one] 1 attempt at most
       *[other] { $count } attempts at most
    }
builder-order = Order
builder-attempts = Attempts at most
builder-attempts-hint = 10 attempts reach over three days.
builder-review = Review
builder-name-hint = left empty, it is named by what it does
builder-name-example = Urgent records to Zapier
builder-save = Save
builder-past = Try it over the past first
builder-past-hint = Runs over the events that are stored. Nothing is sent.
builder-past-hint-edit = Runs over the events that are stored and compares with what is saved. Nothing is sent.
builder-past-count = Newest events
builder-run = Run
builder-sample = Sample
builder-stop = Stop waiting
builder-listen = Listen for a test event
builder-waiting = Waiting for the next event.
builder-waiting-hint = Change something in Blue, or run <code>bluebridge send</code>.
builder-look-again = Look again
builder-sample-event = Sample event
builder-last-event = Last event received
builder-last-event-none = Last event received (none yet)
builder-from-log = From the log
builder-chosen-event = The chosen event
builder-pasted = Pasted JSON
builder-catalogue = Catalogue: { $name }
builder-search-log = Search the log, or paste
builder-search-label = Find a stored event by a text in it
builder-search-hint = text in a stored event
builder-search = Search
builder-sample-json = Sample event as JSON
builder-tree-hint = Click a value to use it where you typed last.
builder-tree-hint-drag = Or drag it there.
builder-tree-hint-plain = Click a value to send it as a field.
builder-tree = Values of the sample
builder-no-object = The sample is no JSON object.
builder-every-entry = every entry
builder-more = { $count } more
builder-why = Why
builder-output = Output
builder-output-held-back = The filter does not let the sample pass; if it did, this would be sent.
builder-request = The exact request
builder-request-hint = { $count } bytes. The id, the time and with them the signature are made anew for each delivery.
builder-unchanged = Nothing changed yet.
builder-with-this-save = With this save:
builder-past-none = There is no stored event of this source yet.
builder-past-edits =
    { $count ->
        [one] Looked at 1 event. The saved rules would send { $before }; these would send { $now }.
       *[other] Looked at { $count } events. The saved rules would send { $before } of them; these would send { $now }.
    }
builder-past-new =
    { $count ->
        [one] Looked at 1 event. These rules would send { $now }.
       *[other] Looked at { $count } events. These rules would send { $now } of them.
    }
builder-past-failing =
    { $count ->
        [one] For 1 event the mapping would fail.
       *[other] For { $count } events the mapping would fail.
    }
builder-past-counted =
    { $count ->
        [one] “{ $typed }” is no number from 1 to { $limit }; the newest event was looked at instead.
       *[other] “{ $typed }” is no number from 1 to { $limit }; the newest { $count } were looked at instead.
    }
builder-past-shown = “{ $turn }”: the newest { $shown } of { $count } are shown.
builder-past-outdated = The rules were changed since: run it once more.
builder-turn-newly-sent = now sent too
builder-turn-no-longer-sent = no longer sent
builder-turn-different-body = what is sent changes
builder-turn-newly-failing = mapping fails
builder-was = { $count } with the saved rules
builder-past-same = No event is treated differently.
builder-past-nothing = None of them would be sent.
builder-body = body
builder-nothing = nothing
builder-title = Build a connection
builder-mode-all = all of these hold
builder-mode-any = any of these holds
builder-mode-none = none of these holds
builder-hint-value = value
builder-hint-number = number
builder-hint-range = lowest, highest
builder-hint-list = one, two, three
builder-hint-pattern = pattern, like ^Bug
builder-hint-optional = name or id, or empty
builder-other-type = { $name }: not this value's type
builder-kind-path = value at
builder-kind-text = text
builder-kind-constant = constant
builder-take-first = the first
builder-take-all = all, as a list
builder-take-join = all, joined
builder-take-one = exactly one
builder-missing-null = send null
builder-missing-omit = leave it out
builder-missing-omit-empty = leave it out, also when empty
builder-missing-fail = fail, send nothing
builder-bad-arguments = The arguments of `{ $name }` cannot be read. It is written like { $example }, with texts in quotes.
builder-bad-pipe = Functions are separated by |, like trim | upper.
builder-mapping-fields = Fields that I choose
builder-mapping-fields-hint = A JSON object, built field by field.
builder-mapping-template = A text from a template
builder-mapping-template-hint = Any text or JSON, with values from the event in it.
builder-mapping-passthrough = The event as Blue sent it
builder-mapping-passthrough-hint = Byte for byte.
builder-format-auto = JSON if it begins like JSON
builder-format-json = JSON
builder-format-text = plain text
builder-any-update = Record updated (any change)
builder-no-json = This is not JSON: { $error }.
builder-bad-attempts = Attempts are a whole number.
builder-condition-number = Condition { $number }
builder-condition-of-group = Condition { $number } of group { $group }
builder-group-number = Group { $number }
builder-field-number = Field { $number }
builder-field-named = Field “{ $name }”
builder-to-sample = To the sample
builder-edit = Edit “{ $name }”
builder-turn-would-be-sent = would be sent
builder-turn-no-longer-failing = mapping fails only with the saved rules
builder-turn-same = the same
builder-new-destination = a new destination
builder-mend-first = Something must be corrected before this can be tried.
builder-not-ready = Not ready
builder-no-event = The sample is no event: { $error }.
builder-other-sample = The sample is “{ $name }”; choose another one to see the rest.
builder-request-none = Choose a destination to see the whole request.
builder-request-unsigned = The signature appears once the destination is made.
builder-request-impossible = This request cannot be made: { $reason }
builder-request-parts = Address and headers from the event
builder-request-parts-hint = Added to what the destination has, for each event anew: <code>{"{{"} currentValue.id {"}}"}</code>. A value that is missing or null fails the delivery, unless something stands in for it: <code>{"{{"} currentValue.title | default("-") {"}}"}</code>.
builder-request-path = Path
builder-request-path-hint = behind the destination's own; a value is one part of it, whatever signs it has
builder-request-query = Query
builder-request-query-hint = a line for each, name=value
builder-request-headers = Headers
builder-request-headers-hint = a line for each, name: value
builder-request-line = Line { $number } is read as a name, { $sign } and a value, and it has no { $sign }.
builder-request-twice = { $name } stands here twice; each can be added once.
builder-request-bodiless = The destination's method is GET, which sends no body.
builder-request-parts-shown = Address and added headers
builder-holds = holds
builder-holds-not = does not hold
builder-group-empty = an empty group lets everything through
builder-say-field = Say in which field it goes.
builder-illustrative = { $name } (an illustrative sample)
builder-pasted-event = The pasted event
builder-received = { $name }, received { $when }
builder-not-listening = This connection does not listen to “{ $name }”.
builder-verdict-not-listened = Not listened to
builder-verdict-sends = Would be sent
builder-verdict-no-source = The sample passes; choose a source
builder-verdict-no-destination = The sample passes; choose a destination
builder-verdict-no-address = The sample passes; mend the address
builder-verdict-skips = Would be skipped
builder-verdict-passes = The event passes and this would be sent.
builder-verdict-fails = Mapping would fail
builder-verdict-failed = { $failed } of { $count } conditions keep it back.
builder-gap = The sample has nothing at { $paths }.
builder-meant-path = Did you mean { $path }?
builder-gap-short = something empty
builder-no-mail = This makes neither a subject nor a text: the mail would show the JSON as it stands. Add fields named “subject” and “text” (or “html”).
builder-field-by-place = A custom field is taken by its place, like todoCustomFields[0]: which one that is differs from record to record. Picked in the sample, it goes by its name.
builder-gaps = With this sample, something stays empty:
builder-suggestions = Suggestions
builder-entries =
    { $count ->
        [one] { $count } entry
       *[other] { $count } entries
    }
