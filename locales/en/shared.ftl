# The frame of every page, and what several pages show: sections, notes, times, states, tables of deliveries, pages of a list, error pages.

shared-skip = Skip to content
shared-main = Main
shared-sign-out = Sign out
shared-language = Language

shared-section-overview = Overview
shared-section-connections = Connections
shared-section-deliveries = Deliveries
shared-section-replays = Replays
shared-section-events = Events
shared-section-sources = Sources
shared-section-destinations = Destinations
shared-section-settings = Settings

## Buttons of the scripts

shared-copy = Copy
shared-copied = Copied
shared-cancel = Cancel
shared-placeholder = Put your own in place of { $word }: it only shows what goes there.
shared-due-now = due now
shared-keep = Keep it

## What was done

shared-note-saved = Saved.
shared-note-saved-resumed = Saved. Nothing is missing any more: it is sent to again, and what waited for it goes out now.
shared-note-added = Added.
shared-note-deleted = Deleted.
shared-note-restored = Restored, as a new version.
shared-note-imported = Imported. Enter the secrets of what was made, then switch its connections on.
shared-note-changed-by-import = Imported. What was changed is in force.
shared-note-enabled = Switched on.
shared-note-disabled = Switched off. What it already made still goes out; events that come meanwhile are not sent.
shared-note-locked-out = Locked out.
shared-note-let-in = Let in again.
shared-note-duplicated = Duplicated. The copy is switched off; change what you need and switch it on.
shared-note-discarded = Given up.
shared-note-replay = The replay has begun.
shared-note-cancelled = Cancelled. What waited of this replay is given up.
shared-note-paused = Paused. What comes meanwhile is held.
shared-note-not-paused = It is not paused.
shared-note-hurried = It is tried now.
shared-note-resumed = Everything that waits for it goes out now.
shared-note-revoked = Revoked.
shared-note-password = The password is changed. Sign in with the new one.
shared-note-welcome = Welcome. Your account is made.
shared-note-withdrawn = Withdrawn. The link is worth nothing now.
shared-note-session-ended = Signed out there.
shared-note-second-factor-off = The second factor is off; the password alone lets in.
shared-note-unsaved = You were signed out before this was sent, so nothing of it was saved. Sign in and repeat it.
shared-note-resent-many =
    { $count ->
        [0] Nothing was sent again.
        [one] One new delivery was made.
       *[other] { $count } new deliveries were made.
    }
shared-note-none-ticked = Nothing was sent again: no delivery was ticked.
shared-note-resent-held =
    { $count ->
        [one] One of them waits, because its destination is held or paused.
       *[other] { $count } of them wait, because their destinations are held or paused.
    }
shared-note-hurried-many =
    { $count ->
        [one] One that waited is tried now; no second one was made of it.
       *[other] { $count } that waited are tried now; no second ones were made of them.
    }
shared-note-left =
    { $count ->
        [one] One still waits, for a destination that is held or paused, or is being sent; no second one was made of it.
       *[other] { $count } still wait, for a destination that is held or paused, or are being sent; no second ones were made of them.
    }
shared-note-refused =
    { $count ->
        [one] One was refused, because its destination or its event is gone.
       *[other] { $count } were refused, because their destinations or events are gone.
    }
shared-note-unsent =
    { $count ->
        [one] The newest one was not sent: something failed here. Resend it again.
       *[other] The newest { $count } were not sent: something failed here. Resend them again.
    }

## Times, worded as the browser words them

shared-time-now = now
shared-time-ago-second =
    { $count ->
        [one] { $count } second ago
       *[other] { $count } seconds ago
    }
shared-time-ago-minute =
    { $count ->
        [one] { $count } minute ago
       *[other] { $count } minutes ago
    }
shared-time-ago-hour =
    { $count ->
        [one] { $count } hour ago
       *[other] { $count } hours ago
    }
shared-time-ago-day =
    { $count ->
        [one] { $count } day ago
       *[other] { $count } days ago
    }
shared-time-in-second =
    { $count ->
        [one] in { $count } second
       *[other] in { $count } seconds
    }
shared-time-in-minute =
    { $count ->
        [one] in { $count } minute
       *[other] in { $count } minutes
    }
shared-time-in-hour =
    { $count ->
        [one] in { $count } hour
       *[other] in { $count } hours
    }
shared-time-in-day =
    { $count ->
        [one] in { $count } day
       *[other] in { $count } days
    }

## States and causes of deliveries

shared-state-skipped = Skipped
shared-state-mapping-failed = Mapping failed
shared-state-queued = Queued
shared-state-held = Held
shared-state-sending = Sending
shared-state-retrying = Will retry
shared-state-delivered = Delivered
shared-state-failed = Failed
shared-state-discarded = Given up
shared-cause-resend = resend
shared-cause-replay = replay
shared-cause-test = test
shared-status = status { $status }
shared-refused-status = refused ({ $status })

## The table of deliveries

shared-deliveries = Deliveries
shared-state = State
shared-record = Record
shared-event = Event
shared-connection = Connection
shared-destination = Destination
shared-attempts = Attempts
shared-when = When
shared-deleted = (deleted)
shared-next = next:
shared-select = Select { $name }



## Pages of a list

shared-pages = Pages
shared-newer = Newer
shared-older = Older
shared-page-previous = Previous
shared-page-next = Next
shared-search = Search
shared-search-all = Show all
shared-search-none = Nothing found
shared-search-none-what = All the words must be found. Try fewer or shorter ones, or show all.

## Forms and errors

shared-not-saved = Not saved. Please correct:
shared-saved-meanwhile = Somebody saved this meanwhile. Look at what is saved, then save again to put yours in its place.
shared-see-saved = See what is saved
shared-url = URL
shared-at-character = (at character { $position })
shared-look-only = You can look but not change. Ask an owner or editor.
shared-error-back = Back to the overview
shared-error-return = Back
shared-error-no-page = There is no page here. It may have been deleted, or the address was mistyped.
shared-once = Copy this now
shared-once-what = It could not be kept for the next page.
shared-once-copied = I have copied it
shared-error-bad-page = This address names a page that cannot be understood. Open the list again.
shared-error-form-unreadable = This form could not be read; open the page again and repeat it.
shared-error-no-cookie = Your browser sent no cookie with this form, so it was not taken. Open Bluebridge at { $address }, let the browser keep its cookie, and try again.
shared-error-role = This needs the role { $role }. Ask the owner of this bridge.
