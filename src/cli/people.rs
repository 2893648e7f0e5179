//! `bluebridge user` and `bluebridge token`: work on the database directly, whether the server runs or not.

use std::io::BufRead as _;

use clap::Subcommand;
use jiff::{SignedDuration, Timestamp};

use crate::config::Settings;
use crate::domain::audit::{Actor, Note};
use crate::domain::id::AuditId;
use crate::domain::id::{TokenId, UserId};
use crate::domain::password::password_problem;
use crate::domain::person::{Role, User, parse_email};
use crate::flow::clock::{Clock, Ids};
use crate::store::Store;
use crate::store::error::StoreError;
use crate::store::schema_version::Upkeep;
use crate::store::tokens::{ApiToken, NewToken};
use crate::web::auth::{TOKEN_PREFIX, new_token};
use crate::web::password::hash_password;

/// Most days that a token may be given; for longer it has no end.
const DAYS_LIMIT: i64 = 3_650;

/// What to do with people.
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Add somebody; the password is read from standard input. The first account is the owner's.
    #[command(
        after_help = "Example:\n  echo 'a long password' | bluebridge user add --email ada@example.com --role editor"
    )]
    Add {
        /// The address to sign in with.
        #[arg(long)]
        email: String,
        /// What the person is called; the address unless given.
        #[arg(long, default_value = "")]
        name: String,
        /// owner, editor or viewer. Unless given, the first account is an owner and every other one an editor.
        #[arg(long, value_parser = role)]
        role: Option<Role>,
        #[command(flatten)]
        settings: Settings,
    },
    /// List everybody.
    #[command(after_help = "Example:\n  bluebridge user list")]
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Take somebody's second factor away, and end their sessions.
    #[command(
        after_help = "Example:\n  bluebridge user reset-second-factor --email ada@example.com"
    )]
    ResetSecondFactor {
        /// The person's address.
        #[arg(long)]
        email: String,
        #[command(flatten)]
        settings: Settings,
    },
    /// Set a new password, read from standard input, and end the person's sessions.
    #[command(
        after_help = "Example:\n  echo 'a new long password' | bluebridge user reset-password --email ada@example.com"
    )]
    ResetPassword {
        /// The person's address.
        #[arg(long)]
        email: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// What to do with tokens.
#[derive(Debug, Subcommand)]
pub enum TokenVerb {
    /// Make a token and print it, alone and once.
    #[command(
        after_help = "Examples:\n  TOKEN=$(bluebridge token create --name ci --role editor)\n  bluebridge token create --name trial --days 30"
    )]
    Create {
        /// What the token is for, as the settings list it.
        #[arg(long)]
        name: String,
        /// owner, editor or viewer; unless given an owner's, which may do everything.
        #[arg(long, default_value = "owner", value_parser = role)]
        role: Role,
        /// After how many days it ends; never unless given.
        #[arg(long, value_parser = clap::value_parser!(u32).range(1..=DAYS_LIMIT))]
        days: Option<u32>,
        #[command(flatten)]
        settings: Settings,
    },
    /// List the tokens that are not revoked: id, name, role, made, last used, end.
    #[command(after_help = "Example:\n  bluebridge token list")]
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// End a token.
    #[command(after_help = "Example:\n  bluebridge token revoke ci")]
    Revoke {
        /// Its id, or its name when no other token has that.
        which: String,
        #[command(flatten)]
        settings: Settings,
    },
}

/// Runs a `user` verb.
pub async fn user(verb: UserVerb) -> anyhow::Result<()> {
    match verb {
        UserVerb::Add {
            email,
            name,
            role,
            settings,
        } => {
            let email = parse_email(&email).map_err(anyhow::Error::msg)?;
            let name = match name.trim() {
                "" => email.clone(),
                name => checked_name(name)?,
            };
            let hash = hash_password(read_password(&email)?)
                .await
                .map_err(anyhow::Error::msg)?;
            let store = open(&settings)?;
            let now = Clock::System.now();
            let (unix_ms, bits) = Ids::default().parts(now);
            let known = store.users().await?;
            let role = role.unwrap_or(if known.is_empty() {
                Role::Owner
            } else {
                Role::Editor
            });
            let has_owner = role == Role::Owner || known.iter().any(is_active_owner);
            let user = User {
                id: UserId::new(unix_ms, bits),
                email: email.clone(),
                name,
                role,
                created_at: now,
                deactivated_at: None,
                has_second_factor: false,
                language: None,
                time_zone: None,
            };
            let said = format!("Added {email} as {}.", role.as_str());
            noting(&store, "person.added", user.id, said)
                .create_user(user, hash, false)
                .await?;
            println!("Added {email} as {}.", role.as_str());
            if !has_owner {
                println!(
                    "Nobody is an owner yet, and only an owner can invite people and make tokens: add one with `bluebridge user add --role owner`."
                );
            }
            store.close().await;
        }
        UserVerb::List { settings } => {
            let store = open_existing(&settings)?;
            for user in store.users().await? {
                println!("{}\t{}\t{}", user.email, user.role.as_str(), user.name);
            }
            store.close().await;
        }
        UserVerb::ResetSecondFactor { email, settings } => {
            let email = parse_email(&email).map_err(anyhow::Error::msg)?;
            let store = open_existing(&settings)?;
            let id = known(&store, &email).await?;
            let said = format!("Took the second factor of {email} away.");
            noting(&store, "person.second_factor_reset", id, said)
                .remove_second_factor(id, None)
                .await?;
            println!("The second factor of {email} is off and their sessions are ended.");
            store.close().await;
        }
        UserVerb::ResetPassword { email, settings } => {
            let email = parse_email(&email).map_err(anyhow::Error::msg)?;
            let hash = hash_password(read_password(&email)?)
                .await
                .map_err(anyhow::Error::msg)?;
            let store = open_existing(&settings)?;
            let id = known(&store, &email).await?;
            let said = format!("Set a new password for {email} and ended their sessions.");
            noting(&store, "person.password_reset", id, said)
                .change_password(email.clone(), hash)
                .await?;
            println!("The password of {email} is changed and their sessions are ended.");
            store.close().await;
        }
    }
    Ok(())
}

/// Runs a `token` verb.
pub async fn token(verb: TokenVerb) -> anyhow::Result<()> {
    match verb {
        TokenVerb::Create {
            name,
            role,
            days,
            settings,
        } => create_token(&name, role, days, &settings).await,
        TokenVerb::List { settings } => list_tokens(&settings).await,
        TokenVerb::Revoke { which, settings } => revoke_token(&which, &settings).await,
    }
}

async fn list_tokens(settings: &Settings) -> anyhow::Result<()> {
    let store = open_existing(settings)?;
    let maybe = |at: Option<Timestamp>| at.map_or_else(|| "-".into(), |at| at.to_string());
    for token in store.tokens().await? {
        println!(
            "{}\t{}\t{}\t{}\t{}\t{}",
            token.id,
            token.name,
            token.role.as_str(),
            token.created_at,
            maybe(token.last_used_at),
            maybe(token.expires_at)
        );
    }
    store.close().await;
    Ok(())
}

async fn revoke_token(which: &str, settings: &Settings) -> anyhow::Result<()> {
    let store = open_existing(settings)?;
    let tokens = store.tokens().await?;
    let has_id = |token: &&ApiToken| token.id.to_string() == which;
    let named: Vec<&ApiToken> = match tokens.iter().find(has_id) {
        Some(token) => vec![token],
        None => tokens.iter().filter(|token| token.name == which).collect(),
    };
    let token = match named.as_slice() {
        [token] => *token,
        [] => anyhow::bail!("There is no token {which}; `bluebridge token list` shows all."),
        several => anyhow::bail!(
            "{} tokens are called {which}; name one by its id, as `bluebridge token list` shows it.",
            several.len()
        ),
    };
    let said = format!("Revoked the API token {}.", token.name);
    let now_ms = Clock::System.now().as_millisecond();
    noting(&store, "token.revoked", token.id, said)
        .revoke_token(token.id, now_ms)
        .await?;
    println!("The token {} is revoked.", token.name);
    store.close().await;
    Ok(())
}

async fn create_token(
    name: &str,
    role: Role,
    days: Option<u32>,
    settings: &Settings,
) -> anyhow::Result<()> {
    let name = checked_name(name)?;
    let store = open(settings)?;
    let now = Clock::System.now();
    let lasts = days.map(|days| SignedDuration::from_hours(24 * i64::from(days)));
    let expires = lasts.map(|lasts| now.checked_add(lasts)).transpose()?;
    let (unix_ms, bits) = Ids::default().parts(now);
    let (token, hash) = new_token(TOKEN_PREFIX);
    let new = NewToken {
        id: TokenId::new(unix_ms, bits),
        hash,
        role,
        created_by: "command line".into(),
        now_ms: now.as_millisecond(),
        expires_ms: expires.map(|at| at.as_millisecond()),
        name,
    };
    let said = format!(
        "Made the API token {} with the role {}.",
        new.name,
        role.as_str()
    );
    noting(&store, "token.created", new.id, said)
        .create_token(new)
        .await?;
    store.close().await;
    println!("{token}");
    Ok(())
}

fn checked_name(name: &str) -> anyhow::Result<String> {
    crate::web::api::name(name).map_err(|problem| anyhow::anyhow!(problem.message))
}

fn is_active_owner(user: &User) -> bool {
    user.role == Role::Owner && user.deactivated_at.is_none()
}

/// The store, noting its next change.
pub(super) fn noting(
    store: &Store,
    action: &str,
    object_id: impl std::fmt::Display,
    said: String,
) -> Store {
    let now = Clock::System.now();
    let (unix_ms, bits) = Ids::default().parts(now);
    let id = AuditId::new(unix_ms, bits);
    store.noting(Note::new(
        id,
        now,
        Actor::command_line(),
        action,
        object_id,
        said,
    ))
}

async fn known(store: &Store, email: &str) -> anyhow::Result<UserId> {
    let found = store.credentials(email.to_string()).await?;
    found.map(|found| found.user.id).ok_or_else(|| {
        anyhow::anyhow!("There is no account for {email}; `bluebridge user list` shows all.")
    })
}

/// The same for a command that only looks, or copies: where there is no database it has the wrong place, and must not make one.
pub(super) fn open_existing(settings: &Settings) -> anyhow::Result<Store> {
    if let Some(file) = settings.database_file() {
        anyhow::ensure!(
            file.exists(),
            "There is no database at {}. Set BLUEBRIDGE_DATABASE_URL to the one that the server uses.",
            file.display()
        );
    }
    open_to(settings, Upkeep::LeaveAlone)
}

/// The store for a command that runs beside a server: only the server and `migrate` bring a schema up to date.
pub(super) fn open(settings: &Settings) -> anyhow::Result<Store> {
    open_to(settings, Upkeep::OnlyMake)
}

fn open_to(settings: &Settings, upkeep: Upkeep) -> anyhow::Result<Store> {
    let key = settings.master_key()?;
    Store::open_with(&settings.database_url, key, upkeep).map_err(|error| match error {
        StoreError::Seal(_) => anyhow::Error::new(error).context(settings.key_in_words()),
        error => error.into(),
    })
}

fn read_password(email: &str) -> anyhow::Result<String> {
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        eprint!("Password (it will be visible): ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_string();
    match password_problem(&password, email) {
        None => Ok(password),
        Some(problem) => anyhow::bail!("The password from standard input is refused: {problem}"),
    }
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_word(text).ok_or_else(|| "a role is owner, editor or viewer".into())
}
