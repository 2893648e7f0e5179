# Setting up, signing in, invitations.

session-password-hint = at least 12 characters
session-email = E-mail
session-code-title = Your second factor
session-code = Code
session-code-hint = six digits from your app, or a recovery code
session-go-on = Go on
session-code-lost = Neither at hand? An owner can reset your second factor, or whoever runs the server: <code>bluebridge user reset-second-factor</code>.
session-somebody-else = Sign in as somebody else
session-welcome = Welcome to Bluebridge
session-invited = { $name } invites you with the role { $role }. Choose a name and a password for { $email }.
session-name = Your name
session-password = Password
session-make = Make the account
session-title = Sign in to Bluebridge
session-sign-in = Sign in
session-forgotten = Forgotten? Whoever runs the server can set a new one: <code>bluebridge user reset-password</code>.
session-setup-hint = Make the owner's account. It is the only one for now, and everything starts from it.
session-setup-title = Set up
session-wrong-code = This code is not right, or it was used already. Wait for the next one.
session-too-many =
    { $count ->
        [one] Too many failed attempts; try again in { $count } minute.
       *[other] Too many failed attempts; try again in { $count } minutes.
    }
session-invitation-title = Your invitation
session-invitation-over = This invitation is over
session-invitation-over-why = It was used, withdrawn or has run out. Ask whoever invited you for a new one.
session-invitation-over-what = Did you make your account with it? Then sign in with your e-mail and password.
session-wrong = E-mail or password is not right.
