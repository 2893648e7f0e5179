# A connection's rules in sentences: what it does, what a save changes.

rules-change-name = Name: “{ $before }” became “{ $after }”.
rules-change-source = Source: “{ $before }” became “{ $after }”.
rules-and-more = { $name } and { $count } more
rules-its = its { $name }
rules-its-previous = its previous { $name }
rules-name-title = title
rules-name-field = field { $name } ({ $value })
rules-name-done = done status
rules-name-text = text
rules-name-archived = archived status
rules-name-list = list's title
rules-name-project = project's name
rules-name-record = record's title
rules-name-tags = tags' titles
rules-name-assignees = assignees' names
rules-name-assignees-email = assignees' addresses
rules-name-author = author's name
rules-name-author-email = author's address
rules-name-due = due date
rules-name-start = start date
rules-name-created = time of creation
rules-name-updated = time of the last change
rules-a-value = a value
rules-it = it
rules-exact-case = (exact case)
rules-changed-from-to = has changed from { $from } to { $to }
rules-changed-from = has changed from { $from }
rules-changed-to = has changed to { $to }
rules-changed = has changed
rules-all-of = all of { $count } conditions hold
rules-any-of = any of { $count } conditions holds
rules-none-of = none of { $count } conditions holds
rules-not-so = it is not so that { $said }
rules-neither = neither { $said }
rules-nor = nor
rules-and = and
rules-or = or
rules-take-all = all of { $place }
rules-take-join = { $place }, joined
rules-take-one = the only { $place }
rules-the-text = the text { $text }
rules-always = always { $value }
rules-nothing = nothing
rules-left-out = left out if missing
rules-left-out-empty = left out if missing or empty
rules-required = required
rules-when-and = { $when } and { $filter }
rules-a-destination = a destination
rules-sentence = When { $when }, send { $what } to { $to }.
rules-sentence-in-order = When { $when }, send { $what } to { $to }, in order per record.
rules-to-request = { $to } ({ $parts })
rules-to-query = query { $names }
rules-to-headers = headers { $names }
rules-anything = anything happens
rules-in-projects = { $what } in { $projects }
rules-either = { $first } or { $last }
rules-either-more = { $first } or one of { $count } more
rules-send-nothing = an empty object
rules-send-fields =
    { $count ->
        [one] { $name } and 1 more field
       *[other] { $name } and { $count } more fields
    }
rules-send-text = a text from a template
rules-send-event = the whole event
rules-everything = Everything
rules-name-if = { $what } if { $filter }
rules-change-destination = Destination: “{ $before }” became “{ $after }”.
rules-change-destination-new = Destination: “{ $before }” became “{ $after }”, a new destination that is made with this save.
rules-every-event-passes = every event passes
rules-change-any-event = Trigger: listens to any event now.
rules-change-event-added = Trigger: listens to “{ $name }” too.
rules-change-event-removed = Trigger: listens to “{ $name }” no more.
rules-change-any-project = Trigger: listens to any project now.
rules-change-project-added = Trigger: listens to the project { $name } too.
rules-change-project-removed = Trigger: listens to the project { $name } no more.
rules-change-condition-added = Filter: added the condition that { $said }.
rules-change-condition-removed = Filter: removed the condition that { $said }.
rules-change-filter = Filter: { $before } became { $after }.
rules-change-mode = Mapping: { $before } became { $after }.
rules-change-field-added = Mapping: added the field “{ $name }” from { $origin }.
rules-change-field-removed = Mapping: removed the field “{ $name }”.
rules-change-field = Mapping, field “{ $name }”: { $before } → { $after }.
rules-change-fields-order = Mapping: the fields stand in another order.
rules-change-query-order = Request: the names of the query stand in another order.
rules-change-headers-order = Request: the headers stand in another order.
rules-change-template = Mapping: the template's text changed.
rules-request-path = path
rules-request-query = query
rules-request-header = header
rules-change-request = Request: { $part } was “{ $before }”; it is “{ $after }” now.
rules-change-request-added = Request: added { $part }: “{ $after }”.
rules-change-request-removed = Request: removed { $part }.
rules-change-order-record = Delivery: one after another for each record now.
rules-change-order-none = Delivery: as fast as possible now.
rules-change-attempts =
    { $after ->
        [one] Delivery: 1 attempt at most; it was { $before }.
       *[other] Delivery: { $after } attempts at most; it was { $before }.
    }
rules-mode-fields = chosen fields
rules-mode-template = a template
rules-mode-event = the event as Blue sent it
