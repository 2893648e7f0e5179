# Sentences that the code says in English, on pages, in errors and in stored rows: `src/web/phrases.rs` knows them again by these.
# An argument whose name begins with `said` holds words of this book; every other is shown as it is.

## What was done: the audit log

said-source-made = Made the source { $name }.
said-source-changed = Changed the source { $name }.
said-source-secret = Changed the source { $name } and gave it a new secret.
said-source-deleted = Deleted the source { $name }.
said-source-imported = Imported the source { $name }.
said-destination-made = Made the destination { $name }.
said-destination-changed = Changed the destination { $name }.
said-destination-deleted = Deleted the destination { $name }.
said-destination-imported = Imported the destination { $name }.
said-destination-rotated = Replaced the signing secret of the destination { $name }.
said-destination-paused = Paused the destination { $name }.
said-destination-resumed = Resumed the destination { $name }.
said-destination-tested = Sent a test request to the destination { $name }.
said-connection-made = Made the connection { $name }.
said-connection-changed = Changed the connection { $name }.
said-connection-restored = Restored version { $number } of the connection { $name }.
said-connection-deleted = Deleted the connection { $name }.
said-connection-imported = Imported the connection { $name }.
said-connection-imported-over = Imported the connection { $name } over the one before.
said-connection-on = Switched the connection { $name } on.
said-connection-off = Switched the connection { $name } off.
said-connection-tested = Sent a test event through the connection { $name }.
said-event-sent = Sent the record { $record } through the connection { $connection }.
said-delivery-resent = Sent the record { $record } once more through the connection { $connection }.
said-delivery-hurried = Tried to send the record { $record } through the connection { $connection } before its time.
said-destination-hurried = Tried what waits for the destination { $name } before its time.
said-destination-is-paused = The destination is paused; resume it instead.
said-nothing-to-hurry = Only a delivery that waits for its next attempt can be tried now.
said-delivery-discarded = Gave up sending the record { $record } through the connection { $connection }.
said-replay-begun = Began a replay of { $count } matching deliveries.
said-replay-begun-least = Began a replay of at least { $count } matching deliveries.
said-replay-cancelled = Cancelled a replay.
said-person-first = Made the first account.
said-person-added = Added { $email } as { $said_role }.
said-person-renamed = Is called { $name } now, and was { $before } before.
said-person-reading = Chose the language and the time zone of the pages.
said-person-password = Changed the own password; all sessions are ended.
said-person-password-reset = Set a new password for { $email } and ended their sessions.
said-person-session = Ended a session.
said-person-sessions = Ended all other sessions.
said-person-factor-on = Switched the second factor on; other sessions are ended.
said-person-factor-off = Switched the second factor off; other sessions are ended.
said-person-factor-taken = Took the second factor of { $email } away.
said-person-codes = Made new recovery codes; the old ones are worth nothing.
said-person-role = Made { $email } { $said_role }, who was { $said_before } before.
said-person-locked = Locked out: { $email }.
said-person-unlocked = Let in again: { $email }.
said-person-removed = Removed the account of { $email }.
said-person-signed-in = Signed in.
said-person-signed-in-factor = Signed in with the second factor.
said-person-signed-in-code = Signed in with a recovery code; { $count } are left.
said-person-signed-out = Signed out.
said-person-joined = Took the invitation of { $name } and has the role { $said_role }.
said-person-wrong-password = Gave a wrong password for { $email }. { $said_count }
said-person-wrong-present = Gave a wrong present password. { $said_count }
said-person-locked-tried = Tried to sign in as { $email }, an account that is locked out. { $said_count }
said-person-unknown-tried = Tried to sign in to an account that does not exist. { $said_count }
said-person-unknown-tried-as = Tried to sign in as { $email }, an account that does not exist. { $said_count }
said-person-wrong-factor = The password was right, and the second factor was not. { $said_count }
said-attempts-many = The { $count }th attempt within { $minutes } minutes; further ones are refused for a while.
said-attempts-first = Further ones are noted when there are too many.
said-invite-made = Invited { $email } as { $said_role }.
said-invite-withdrawn = Withdrew an invitation.
said-token-made = Made the API token { $name } with the role { $said_role }.
said-token-revoked = Revoked the API token { $name }.

## Words within sentences

said-role-owner = owner
said-role-editor = editor
said-role-viewer = viewer
said-thing-source = source
said-thing-destination = destination
said-thing-connection = connection
said-thing-delivery = delivery
said-thing-event = event
said-thing-replay = replay
said-thing-version = version
said-thing-person = person
said-thing-user = user
said-thing-token = token
said-thing-invite = invite
said-thing-invitation = invitation
said-thing-session = session
said-type-boolean = boolean
said-type-number = number
said-type-text = text
said-type-list = list
said-type-object = object
said-the-token = the token { $name }

## How an attempt ended

said-outcome-delivered = Delivered: the destination answered { $status }.
said-outcome-redirected = Redirected: the destination answered { $status }; redirects are not followed.
said-outcome-gone = Gone: the destination answered 410, so it was paused.
said-outcome-refused = Refused: the destination answered { $status }.
said-outcome-not-accepted = Not accepted: the destination answered { $status }, but { $said_reason }
said-success-unread = its answer broke off or is longer than { $bytes } bytes, so its success rule could not be asked.
said-success-no-json = its answer is not JSON, which its success rule asks about.
said-success-at = its answer does not say at { $path } what its success rule asks for.
said-success-many = A success rule may have { $count } conditions.
said-success-not = its answer is no success by its success rule.
said-mail-refused-greeting = Refused: the mail server answered { $status } to the greeting.
said-mail-refused-login = Refused: the mail server answered { $status } to the login.
said-mail-refused-sender = Refused: the mail server answered { $status } to the sender's address.
said-mail-refused-recipient = Refused: the mail server answered { $status } to a recipient's address.
said-mail-refused-content = Refused: the mail server answered { $status } to the mail itself.
said-mail-advice-greeting = See the answer for the reason; the mail server may not take mails from this machine.
said-mail-advice-login = Check user name and password in the destination's settings.
said-mail-advice-sender = Check the sender's address in the destination's settings: many servers take only that of the login.
said-mail-advice-recipient = Check the address in the destination's settings or in the mapping, then resend it.
said-mail-advice-content = See the answer for the reason: mostly the mail is too large or looks like spam. Then resend it.
said-outcome-no-mail = This is no mail: { $said_reason }
said-mail-advice-invalid = Change the mapping, or name recipients in the destination's settings; then resend.
said-mail-before-tls = the mail server said more before TLS than it was asked.
said-mail-hung-up = the mail server hung up.
said-mail-no-answer = no answer within { $count } s.
said-mail-unanswered = Perhaps delivered: the mail server had the whole mail and did not answer within { $ms } ms.
said-mail-advice-unanswered = Raise the time limit in the destination's settings: what is sent again may arrive twice.
said-mail-undecided = Perhaps delivered: the mail server had the whole mail and did not say that it took it: { $said_reason }
said-mail-advice-undecided = See the mail server's log for the reason: what is sent again may arrive twice.
said-mail-no-starttls = the mail server offers no STARTTLS.
said-mail-no-login = the mail server takes no user name and password there.
said-mail-unclear = the mail server said what cannot be understood.
said-mail-too-much = the mail server says more than is read.
said-mail-nobody = nobody is named to send it to, neither by the mapping as `to` nor by the destination.
said-mail-many = a mail goes to at most { $count } people.
said-mail-part = `{ $name }` is no part of a mail; its parts are `{ $parts }`.
said-mail-text = `{ $name }` of a mail is a text, not a list or an object.
said-mail-address = what the mapping made for `{ $name }` is not a mail address.
said-outcome-address = Address refused: { $said_reason }
said-outcome-dns = DNS failed: { $said_reason }
said-outcome-unconnected = Could not connect: { $said_reason }
said-outcome-tls = TLS failed: { $said_reason }
said-outcome-timed-out = Timed out: no complete answer within { $ms } ms.
said-outcome-broke = The connection broke: { $said_reason }
said-outcome-too-large = Response too large: { $said_reason }
said-outcome-unbuilt = The request could not be built: { $said_reason }
said-outcome-advice-redirected = Put the address that the destination redirects to into the destination's settings.
said-outcome-advice-credentials = Check the credentials in the destination's settings, and that they may write there.
said-outcome-advice-slower = The destination asks for fewer requests: lower the requests per second in its settings.
said-outcome-advice-url = Check the URL in the destination's settings.
said-outcome-advice-gone = Correct the URL in the destination's settings, then resume the destination.
said-outcome-advice-body = The destination did not like the body: compare it with what the destination documents, and change the mapping.
said-outcome-advice-passes = Usually passes by itself; the schedule tries again.
said-outcome-advice-waits = The destination asked for a pause (Retry-After), and the schedule keeps to it.
said-outcome-advice-pace = Set a limit of requests per second for this destination if this recurs.
said-outcome-advice-over = No more attempts follow. Mend the destination, then resend it.
said-outcome-advice-answer = See the answer's body for the reason.
said-outcome-advice-not-accepted = See the answer's body for the reason; what counts as delivered stands in the destination's settings.
said-outcome-advice-address = Use a public https address, or list the network in BLUEBRIDGE_ALLOW_NETWORKS.
said-outcome-advice-dns = Check the host name in the destination's settings.
said-outcome-advice-unconnected = Check that the destination is running and that a firewall lets this machine reach it.
said-outcome-advice-tls = Check the destination's certificate: its name, its issuer and its date.
said-outcome-advice-timed-out = Make the destination answer first and work afterwards, or raise the time limit in its settings.
said-outcome-advice-too-large = Make the destination answer with fewer or shorter headers.
said-outcome-advice-unbuilt = Correct the destination's settings, then resend.

## Why nothing could be reached

said-guard-not-public = this is not a public address ({ $said_range }).
said-guard-scheme = only https and http are spoken.
said-guard-port = port { $port } belongs to another protocol than HTTP and is never used.
said-guard-no-host = the URL names no host.
said-guard-name = { $name } may not be reached: { $said_reason }
said-guard-plain-http = plain http would show the payload and its credentials on the way; use https, or allow http in the destination's settings.
said-guard-plain-mail = without encryption anybody on the way could read the mail and the password; use STARTTLS or TLS.
said-guard-mail-port = mail servers do not listen on port { $port }; use 587 or 465.
said-guard-to-allow = { $said_reason } To allow it, list its network in BLUEBRIDGE_ALLOW_NETWORKS.
said-dns-no-address = the name { $name } has no address.
said-dns-not-found = the name { $name } was not found.
said-dns-cut-off = the look-up of the name was cut off.
said-request-method = `{ $name }` is not a method.
said-request-header-name = `{ $name }` is not a header name.
said-request-header-value = the value of `{ $name }` cannot be sent in a header.
said-request-answer-headers = the answer's headers are larger than is read.
said-request-exchange = the exchange failed.
said-range-this = this network
said-range-private = private
said-range-nat = carrier-grade NAT
said-range-azure = metadata of the Azure cloud
said-range-link-local-v4 = link-local and cloud metadata
said-range-ietf = IETF protocol assignments
said-range-documentation = documentation
said-range-relay = 6to4 relay
said-range-benchmarking = benchmarking
said-range-multicast-v4 = multicast or reserved
said-range-translation = IPv4 translation
said-range-unspecified = loopback, unspecified or embedded IPv4
said-range-discard = discard only or dummy
said-range-ietf-v6 = IETF protocol assignments, Teredo, ORCHID
said-range-6bone = the former 6bone
said-range-routing = segment routing
said-range-unique-local = unique local
said-range-unassigned = not assigned to the public

## Why a destination waits, or a delivery ended without arriving

said-held-gone = It answered 410: gone.
said-held-failing = It kept failing. Last: { $said_last }
said-held-by = Paused by { $said_name }.
said-given-up-by = Given up by { $said_name }.
said-given-up-replay = Given up: { $said_name } cancelled its replay.
said-given-up-destination = The destination was deleted.

## What stands in the way of a change

said-no-such = There is no such { $said_thing }.
said-choose-one = Choose a { $said_thing } that exists.
said-internal = Something failed on our side; the server's log says what.
said-not-now = This cannot be stored now; try again shortly.
said-changed-meanwhile = This was changed by somebody else at the same time; look at it again and repeat your change.
said-cannot-accept = The document cannot be accepted.
said-form-expired = This form was not made for you or is too old; open the page again and repeat it.
said-form-elsewhere = This form was sent from another site; open the page here and repeat it.
said-body-encoded = Send the body as it is, without Content-Encoding.
said-body-ended = The body ended before it was complete.
said-body-large = A body may have at most { $count } bytes.
said-body-slow = The body did not come in time.
said-body-no-room = More is being read than there is room for; try again shortly.
said-query-unread = The query cannot be read: { $error }.
said-not-waiting = Only a delivery that is queued, held or waiting for a retry can be given up.
said-delivery-there = This delivery is there already.
said-destination-used = This destination is used by { $names }; delete those connections first.
said-source-used = This source is used by { $names }; delete those connections first.
said-connection-is-off = The connection is switched off.
said-event-went-through = The event went through this connection already; resend that delivery instead.
said-event-foreign = The event is of another source than the connection.
said-destination-gone = The destination of this delivery was deleted; send the event through another connection.
said-invites-many = { $count } invitations are open; withdraw some first.
said-account-first = There is an account already; sign in with it.
said-account-taken = There is an account for { $email } already.
said-account-last-owner = This is the last owner who can sign in; make somebody else an owner first.
said-factor-meanwhile = The second factor was set up meanwhile; begin again.
said-replays-many = { $count } replays are running already; wait for one to finish, or cancel one.
said-replay-ended = This replay has ended, and nothing of it waits any more.
said-not-signed = This destination's requests are not signed, so there is no secret to replace.
said-old-secrets-many = { $count } old secrets are still in force; wait until one ends, or end them all with an overlap of 0.
said-old-secrets-unread = The old secrets cannot be read.
said-export-format = An export is made as `format=csv` or `format=json`.

## People

said-name = A name has 1 to { $count } printable characters.
said-email = Write an e-mail address like ada@example.com.
said-password-short = Use at least { $count } characters.
said-password-long = Use at most { $count } bytes.
said-password-email = Use something else than your e-mail address.
said-password-common = This is one of the first passwords that anybody would try; a few words that do not belong together are better.

## Sources: what is likely wrong with a signature

said-signature-missing = Something other than Blue called this address, or a proxy removed the X-Signature header.
said-signature-several = A proxy between Blue and the bridge doubles headers.
said-signature-malformed = Blue sends 64 hex digits. Something other than Blue may have called this address, or the header was cut.
said-signature-no-secret = Paste the secret that Blue showed when the webhook was created.
said-signature-empty = It was signed with an empty secret. Create the webhook in Blue anew and paste the secret it shows.
said-signature-reserialised = The secret is right, but the body was re-serialised after signing. Something between the sender and the bridge changes the body.
said-signature-mismatch = The secret of this source is not the one the webhook in Blue has, or the body was changed on the way.
said-signature-is-missing = the request has no X-Signature header
said-signature-is-several = the request has several X-Signature headers
said-signature-is-malformed = the X-Signature header is not the hex text of an HMAC-SHA256
said-signature-is-mismatch = the signature does not match
said-signature-is-no-secret = this source has no secret, so no signature can be checked
said-text-long = A text of at most { $count } characters can be looked for.
said-secret-long = A secret has at most { $count } bytes.
said-secret-not-base64 = A secret that begins with `whsec_` goes on in base64; copy it again, whole.
said-overlap = From 0 to { $count } seconds.

## Connections: what is wrong with a document

said-attempts = From 1 to { $count } attempts.
said-trigger-entries = At most { $count } entries; leave it empty for any.
said-trigger-empty = This entry is empty; write what is listened to, or take it away.
said-events-count = From 1 to { $count } events.
said-not-listening-event = This connection does not listen to { $event }.
said-not-listening-project = This connection does not listen to project { $project }.
said-not-listening-no-project = This connection listens to certain projects, and the event names none.
said-health-check = The event is a health check.
said-as-event = Sent as an event, but { $said_reason }.
said-event-not-json = the body is not JSON: { $error }
said-event-deep = the body is nested deeper than 128 levels
said-event-no-object = the body is not a JSON object
said-event-no-name = the body has no `event` text that names the event
said-event-health-check = the body is Blue's health check, which is answered and not delivered
said-replay-pace = From 1 to { $count } deliveries a second.
said-replay-times = The time until which is not after the time from which: nothing could match.
said-same-values = the same values, written otherwise
said-order-differs = order or spacing differs

## Filters

said-filter-shape = A filter is a group like {"{"}"all": [...]{"}"} or a condition like {"{"}"path": ..., "op": ...{"}"}.
said-filter-deep = Groups may be nested { $count } deep.
said-filter-items = Items of items may be asked for { $count } deep.
said-rules-refused = These rules are not accepted any more, save the connection anew: { $said }
said-filter-mixed = A group has one key, here `{ $key }`; put other groups inside its list.
said-filter-group = A group holds a list of conditions and groups.
said-filter-many = A filter may have { $count } conditions.
said-filter-key = `{ $key }` is not known here; a condition has { $keys }.
said-filter-no-op = Say in `op` how to compare, for example "contains".
said-filter-op = There is no operator `{ $name }`.{ $said_hint }
said-did-you-mean = {" "}Did you mean `{ $name }`?
said-filter-no-path = Say in `path` which value to look at, for example "$.currentValue.title".
said-filter-types = `types` is "auto" or "strict".
said-filter-flag = `{ $key }` is true or false.
said-filter-item = Write what an item must be, like tag.title equals Urgent.
said-filter-zone = A time zone is written like "Asia/Jakarta".
said-filter-scalar = The value is a text, a number or true/false.
said-filter-number = Enter a number, like 2000.
said-filter-date = The value is a date like 2026-01-31 or a time like 2026-01-31T09:00:00Z.
said-filter-one-of = The value is one of { $names }.
said-filter-from-to = The value is what it was and what it is now: Inbox -> Done, or {"{"}"from": "Inbox", "to": "Done"{"}"}.
said-filter-numbers = The value is two numbers, the lowest and the highest: 5, 10, or [5, 10].
said-filter-numbers-reversed = The first number is above the second: nothing could match.
said-filter-dates = The value is two dates, the first and the last: 2026-01-01, 2026-01-31, or ["2026-01-01", "2026-01-31"].
said-filter-dates-reversed = The first date is after the second: nothing could match.
said-filter-empty-part = Enter the text to look for.
said-filter-empty-list = The list has no entry; write what is looked for, or ask with `is_empty`.
said-filter-span = The value is a span like "3 days", "2 hours" or "PT30M".
said-filter-span-backwards = The span is counted backwards; write it without a minus or `ago`.
said-filter-list = The value is a list of 1 to { $count } texts, numbers or true/false.
said-filter-regex = The value is a regular expression.
said-filter-no-before = `{ $name }` compares the event before and after, and items have no before; ask the list itself, for example with `item_added`.
said-filter-answer-no-before = `{ $name }` compares before and after, and an answer has no before; ask what it says.
said-filter-not-of-record = `{ $name }` is not part of the record, so it has no value from before; write a path like $.title.
said-regex-slashed = Write the pattern without the slashes and letters around it; what `i` means is written `(?i)` before it.
said-bad-regex = This is not a regular expression: { $error }.

## Paths

said-path-long = A path may have at most { $count } bytes.
said-path-empty = The path is empty; `$` is the whole document.
said-path-blank = A name with a blank is written in brackets, like $['two words'].
said-path-match = match() and search() are limited to { $count } values of a document; use the filter operator `matches` instead.
said-path-pattern = The pattern of match() and search() is written as a text in the path.
said-path-regex = `{ $pattern }` is not a regular expression, or too large a one.
said-path-functions = At most { $count } functions may stand inside each other in a path.
said-path-search = This path would search too much of so large an event; name the way to the value more closely.
said-path-followed = The path cannot be followed: { $error }
said-path-selects = The path selects more than { $count } values.
said-path-from = This is not a path: it cannot be understood from character { $position } on.
said-path-expected = This is not a path: { $error }.
said-path-like = This is not a path; write it like $.currentValue.title.

## Mappings

said-mapping-shape = A mapping is an object with a `mode`: passthrough, fields or template.
said-mapping-mode = `mode` is passthrough, fields or template.
said-mapping-key = `{ $key }` is not known in this mode.
said-fields-many = At most { $count } fields.
said-fields-shape = `fields` is a list of fields with `to` and `from`.
said-fields-same = `{ $one }` and `{ $other }` write the same place.
said-field-needed-here = There is no value, and the field must have one.
said-field-needed = There is no value{ $said_place }, and the field must have one.
said-at-path = {" "}at { $path }
said-field-one = { $path } selects { $count } values, and exactly one is wanted.
said-field-joined = It cannot be joined: { $said_reason }.
said-field-shape = A field is an object with `to` and `from`.
said-field-key = `{ $key }` is not known here; a field has { $keys }.
said-field-take = `take` is first, all, one or join.
said-field-missing = `when_missing` is null, omit or fail.
said-field-separator = `separator` is a text.
said-field-from = `from` is one of {"{"}"path": ...{"}"}, {"{"}"template": ...{"}"}, {"{"}"value": ...{"}"}.
said-pipe-shape = `pipe` is a list of at most { $count } functions like {"{"}"fn": "trim"{"}"}.
said-function-shape = A function is written {"{"}"fn": "round", "args": [2]{"}"}.
said-target-missing = Say where the value goes, for example task.name.
said-target-long = A target has at most 16 steps.
said-target-bracket = Write a position like [0] or a name like ['a b'] in the brackets.
said-target-dots = A name is missing between two dots.
said-target-last-dot = A name is missing after the last dot.
said-target-expected = A dot or a bracket is expected here.
said-template-body = `body` is the text of the template.
said-template-format = `format` is json or text.
said-template-not-json = The template did not become JSON: { $error } at line { $line }, column { $column } of what it printed, near `{ $near }`.
said-template-long = A template may have at most { $count } bytes.
said-template-nul = A template may not hold the NUL character.
said-template-unread = The template cannot be understood{ $said_line }: { $error }.
said-in-line = {" "}in line { $line }
said-template-print = the template cannot print here
said-template-no-text = The template made no text.
said-template-steps = The template takes too many steps; loop over less.
said-template-large = The body would be larger than { $count } bytes.
said-template-failed = The template failed: { $said_reason }
said-template-operators = An expression may have at most { $count } operators, filters and brackets.
said-template-branches = A template may have at most { $count } `elif`; use the function `lookup` for long lists.
said-template-recursive = A loop cannot be recursive.
said-template-product = A product can be neither joined with `~` nor put into a list; print it by itself.
said-template-weight = More than { $count } values come together here, with those that its variables are made of.
said-template-nested = a value is nested more than { $count } deep
said-template-autoescape = `autoescape` is of no use in JSON, where each value is escaped by its place.
said-template-raw-joined = What `raw`, `safe` or `tojson` gave is joined with `~` only where it is printed.
said-template-captured = `{ $name }` is a captured block: print it by itself, or give it to a function first, like `{ $name } | string`.
said-template-block = A block cannot go through `{ $name }`; let it go through `string` first.
said-template-test = A template knows no test `{ $name }`.
said-template-method = A value has no function `{ $name }` of its own; a function is put behind a bar, like `| trim`.

## Functions of a mapping

said-function-none = There is no function `{ $name }`.{ $said_hint }
said-function-takes = `{ $name }` takes { $said_arguments }.
said-function-add-time = `add_time` takes a unit behind a number, like [3, "days"].
said-function-no-arguments = no arguments
said-function-failed = `{ $name }` cannot be applied: { $said_reason }.
said-function-argument = `{ $argument }` of `{ $name }` is { $said_kind }.
said-function-a-zone = a time zone like "Asia/Jakarta"
said-function-a-number = a number
said-function-a-table = a table like {"{"}"from": "to"{"}"}
said-function-a-text = a text
said-function-a-whole = a whole number
said-function-a-whole-from = a whole number from { $least }
said-function-a-whole-range = a whole number from { $least } to { $most }
said-function-a-word = one of { $names }
said-function-a-path = a path like tag.title
said-function-a-date = a date like 2026-01-31 or a time like 2026-01-31T09:00:00Z
said-function-a-format = a strftime format like %Y-%m-%d %H:%M
said-function-an-amount = a whole number, or a span like "3 days"
said-function-pattern = it needs a pattern
said-function-needs-text = it needs a text, and the value is of type { $said_type }
said-function-text-long = the text would be longer than { $count } bytes
said-function-list-long = its items would be longer than { $count } bytes together
said-function-date-format = `{ $value }` does not read as that format ({ $error })
said-function-format = the format cannot be used ({ $error })
said-function-amount-span = the amount is a whole number, or a span like "3 days"
said-function-amount = the amount is a whole number
said-function-result-range = the result is out of range
said-function-time-range = the time is out of range
said-function-start-of = `{ $value }` is not one of hour, day, week, month, year
said-function-not-date = `{ $value }` is not a date or time
said-function-needs-date = it needs a date, and the value is of type { $said_type }
said-function-no-zone = there is no time zone `{ $name }`
said-function-units = `{ $value }` is not one of seconds, minutes, hours, days, weeks, months, years
said-function-amount-range = the amount is out of range
said-function-position = the position is a whole number
said-function-start = the start is a whole number from 0
said-function-start-whole = the start is a whole number
said-function-length = a length is a whole number from 0
said-function-sum-range = the sum is out of range
said-function-yes-no = `{ $value }` reads neither as yes nor as no
said-function-type = the value is of type { $said_type }
said-function-needs-number = it needs a number, and the value is of type { $said_type }
said-function-not-number = `{ $value }` is not a number
said-function-number-range = the number is out of range
said-function-zero = the result is out of range, or it divides by zero
said-function-places = decimal places are a whole number from 0 to { $count }
said-function-manner = `{ $value }` is not one of en, id, de, fr
said-function-base64 = the value is not base64
said-function-base64-text = the decoded bytes are not a text
said-function-json = the value is not JSON ({ $error })
said-function-no-group = The pattern has { $count } groups in brackets, and group { $group } is not among them.
said-function-group = a group is counted from 0

## Destinations: what is wrong with a document

said-needed = This part is needed.
said-method = `{ $name }` is not one of { $names }.
said-moved-auth = The address leads to another host: say what it shall be told, with its secret, or {"{"}"type":"none"{"}"}.
said-moved-masked = The address leads to another host, so what `***` stood for must be entered again.
said-masked-nothing = `***` stands for a saved value, and there is none of this name; write the value.
said-username-colon = A user name cannot have a `:`; what follows it would be taken for the password.
said-header-twice = `{ $name }` is sent with another value already; name another header for the signature.
said-rotation-one = A request carries one signature in this scheme, so the old secret cannot sign as well: use an overlap of 0.
said-no-signing-secret = There is no secret to sign it with; make one on the destination's page.
said-left-out = An import left a part of the destination out; enter what is `***` on the destination's page.
said-url-long = A URL may have at most { $count } bytes, its letters encoded.
said-url-bad = This is not an address; write it in full, like https://example.com/hook.
said-url-scheme = `{ $name }` is not http or https.
said-url-host = The URL names no host.
said-url-user = Put user name and password under `auth`, where they are kept sealed, not into the URL.
said-headers-many = At most { $count } headers may be added.
said-headers-twice = `{ $name }` is given twice; large and small letters make no difference.
said-header-text = A header's value is a text.
said-header-taken = `{ $name }` belongs to the transport or to the signature and cannot be set.
said-header-long = A header's value may have at most { $count } bytes.
said-header-printable = A header's value is printable ASCII without line breaks.
said-auth-needed = `{ $name }` is needed for this kind of auth.
said-mail-server-moved = This is another server: say what it shall be told, with its secret, or {"{"}"type":"none"{"}"}.
said-mail-auth = `{ $name }` is not spoken to mail servers; use basic or none.
said-mail-recipients = A mail goes to at most { $count } people.
said-mail-port-range = A port is a number from 1 to 65535.
said-mail-server-bad = This is not the name of a server; write it without port, like smtp.example.com.
said-mail-encryption = `{ $name }` is not one of starttls, tls, none.
said-mail-mailbox = This is not a mail address; write it like you@example.com, or with a name like Team <team@example.com>.
said-mail-unsigned = Mails carry no signature of ours; use none.
said-mail-success = A mail server's word is what counts; this is for answers in JSON.
said-notices-nobody = Notices go to whom stands here, as no mapping names them.
said-kind-fixed = A destination keeps its kind; make another one.
said-auth-kind = `{ $name }` is not one of none, basic, bearer, header.
said-auth-header = This is sent in a header, so it must be printable ASCII without line breaks.
said-scheme = `{ $name }` is not one of standard_webhooks, hex, none.
said-concurrency = From 1 to { $count } requests at once.
said-per-second = From { $least } to { $most } requests a second.
said-timeout = From { $least } to { $most } milliseconds.
said-kind-unknown = `{ $name }` is not a kind that this version knows; use webhook or email.

## Imports

said-import-json = This is not JSON: { $error }.
said-import-other = This is JSON, but not what Bluebridge exports.
said-import-not = This is not an export of Bluebridge: { $error }.
said-import-newer = This export is of a newer shape than this version reads.
said-import-many = At most { $count } entries of a kind are read.
said-import-missing = The connection { $name } names a { $said_thing } that is not in the document.
said-import-name = A { $said_thing } has a name that is empty, too long or not printable.
said-import-kind = The destination { $name } is of the unknown kind { $kind }.
said-import-unclear = More than one { $said_thing } is called { $name }, here or in the document, and nothing says which is which. Give each a name of its own.
said-import-twice = The document has two of the same id: { $said_thing } { $name } and another one.
said-import-refused = The { $said_thing } { $name } cannot be accepted: { $said_problems }

## What libraries and systems say

said-theirs-type = invalid type: { $found }, expected { $wanted }.
said-theirs-value = invalid value: { $found }, expected { $wanted }.
said-theirs-missing = missing field `{ $name }`.
said-theirs-unknown = unknown field `{ $name }`, expected { $names }.
said-theirs-refused = Connection refused (os error { $code }).
said-theirs-reset = Connection reset by peer (os error { $code }).
said-theirs-timed-out = Connection timed out (os error { $code }).
said-theirs-no-route = No route to host (os error { $code }).
said-theirs-unreachable = Network is unreachable (os error { $code }).
said-theirs-pipe = Broken pipe (os error { $code }).
said-theirs-closed = connection closed before message completed.
said-theirs-certificate = invalid peer certificate: { $reason }.
said-theirs-alert = received fatal alert: { $name }.
said-actor-command-line = command line

## Joined: these match nearly anything, so they come last, the surest first

said-at-line = line { $line }
said-at-column = line { $line }, column { $column }
said-place = { $place }: { $said_what }
said-and-then = { $said_first }; { $said_then }
said-and-more = { $said_first }. { $said_then }
