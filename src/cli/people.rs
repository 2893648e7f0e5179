//! `bluebridge user` and `bluebridge token`: work on the database directly, whether the server runs or not.

use std::io::BufRead as _;

use clap::Subcommand;

use crate::config::Settings;
use crate::domain::id::{TokenId, UserId};
use crate::domain::person::{Role, User, parse_email, password_problem};
use crate::flow::clock::{Clock, Ids};
use crate::store::Store;
use crate::web::auth::{TOKEN_PREFIX, hash_password, new_token};

/// What to do with people.
#[derive(Debug, Subcommand)]
pub enum UserVerb {
    /// Add somebody; the password is read from standard input.
    #[command(
        after_help = "Example:\n  echo 'a long password' | bluebridge user add --email ada@example.com --role editor"
    )]
    Add {
        #[arg(long)]
        email: String,
        #[arg(long, default_value = "")]
        name: String,
        /// owner, editor or viewer.
        #[arg(long, default_value = "editor", value_parser = role)]
        role: Role,
        #[command(flatten)]
        settings: Settings,
    },
    /// List everybody.
    #[command(after_help = "Example:\n  bluebridge user list")]
    List {
        #[command(flatten)]
        settings: Settings,
    },
    /// Set a new password, read from standard input, and end the person's sessions.
    #[command(
        after_help = "Example:\n  echo 'a new long password' | bluebridge user reset-password --email ada@example.com"
    )]
    ResetPassword {
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
    #[command(after_help = "Example:\n  TOKEN=$(bluebridge token create --name ci --role editor)")]
    Create {
        #[arg(long)]
        name: String,
        /// owner, editor or viewer.
        #[arg(long, default_value = "owner", value_parser = role)]
        role: Role,
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
            let hash = hash_password(read_password()?)
                .await
                .map_err(anyhow::Error::msg)?;
            let store = open(&settings)?;
            let now = Clock::System.now();
            let (unix_ms, bits) = Ids::default().parts(now);
            let name = if name.trim().is_empty() {
                email.clone()
            } else {
                name
            };
            let user = User {
                id: UserId::new(unix_ms, bits),
                email: email.clone(),
                name,
                role,
                created_at: now,
            };
            store.create_user(user, hash, false).await?;
            println!("Added {email} as {}.", role.as_str());
            store.close().await;
        }
        UserVerb::List { settings } => {
            let store = open(&settings)?;
            for user in store.users().await? {
                println!("{}\t{}\t{}", user.email, user.role.as_str(), user.name);
            }
            store.close().await;
        }
        UserVerb::ResetPassword { email, settings } => {
            let email = parse_email(&email).map_err(anyhow::Error::msg)?;
            let hash = hash_password(read_password()?)
                .await
                .map_err(anyhow::Error::msg)?;
            let store = open(&settings)?;
            store.change_password(email.clone(), hash).await?;
            println!("The password of {email} is changed and their sessions are ended.");
            store.close().await;
        }
    }
    Ok(())
}

/// Runs a `token` verb.
pub async fn token(verb: TokenVerb) -> anyhow::Result<()> {
    let TokenVerb::Create {
        name,
        role,
        settings,
    } = verb;
    let name = crate::web::api::name(&name).map_err(|problem| anyhow::anyhow!(problem.message))?;
    let store = open(&settings)?;
    let now = Clock::System.now();
    let (unix_ms, bits) = Ids::default().parts(now);
    let (token, hash) = new_token(TOKEN_PREFIX);
    store
        .create_token(
            TokenId::new(unix_ms, bits),
            name,
            hash,
            role,
            now.as_millisecond(),
        )
        .await?;
    store.close().await;
    println!("{token}");
    Ok(())
}

pub(super) fn open(settings: &Settings) -> anyhow::Result<Store> {
    Ok(Store::open(&settings.database_url, settings.master_key()?)?)
}

fn read_password() -> anyhow::Result<String> {
    if std::io::IsTerminal::is_terminal(&std::io::stdin()) {
        eprint!("Password (it will be visible): ");
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    let password = line.trim_end_matches(['\r', '\n']).to_string();
    match password_problem(&password) {
        None => Ok(password),
        Some(problem) => anyhow::bail!("The password from standard input is refused: {problem}"),
    }
}

fn role(text: &str) -> Result<Role, String> {
    Role::from_word(text).ok_or_else(|| "a role is owner, editor or viewer".into())
}
