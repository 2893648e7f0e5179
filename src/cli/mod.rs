//! The command line: one verb a file. Every verb's `--help` has examples.

pub mod check;
pub mod database;
pub mod environment;
pub mod migrate_data;
pub mod people;
pub mod receive;
pub mod rotate_key;
pub mod send;
pub mod serve;
pub mod transfer;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue};
use clap::{Arg, Args as _, Command, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::config::Settings;

/// Carries Blue's webhooks to anywhere: verified, filtered, mapped, signed, and never lost.
#[derive(Debug, Parser)]
#[command(
    name = "bluebridge",
    version,
    propagate_version = true,
    // Else settings before a verb would be taken and not used.
    args_conflicts_with_subcommands = true,
    after_help = "Examples:\n  bluebridge                      serve on 127.0.0.1:8080 with ./bluebridge.db\n  bluebridge token create --name ci\n  bluebridge receive --port 9000 --secret whsec_...\n  bluebridge send --url http://127.0.0.1:8080/hooks/TOKEN --secret S"
)]
pub struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serve (the default), bringing the database up to date first.
    #[command(
        after_help = "Example:\n  BLUEBRIDGE_PUBLIC_URL=https://bridge.example.com bluebridge serve"
    )]
    Serve(OnlySettings),
    /// Act as Blue: post signed sample events to an inbound address.
    Send(send::SendArgs),
    /// Be a destination: print what arrives and check its signature.
    Receive(receive::ReceiveArgs),
    /// Add people, list them, set a new password.
    #[command(subcommand, after_help = "Example:\n  bluebridge user list")]
    User(people::UserVerb),
    /// Make a token for the API.
    #[command(
        subcommand,
        after_help = "Example:\n  bluebridge token create --name ci --role editor"
    )]
    Token(people::TokenVerb),
    /// Bring the database up to date and stop.
    #[command(
        after_help = "Example:\n  bluebridge migrate --database-url sqlite:///var/lib/bluebridge/bluebridge.db"
    )]
    Migrate(OnlySettings),
    /// Move everything from a SQLite file into PostgreSQL.
    MigrateData(migrate_data::MigrateDataArgs),
    /// Write all connections, with their sources and destinations, as JSON; secrets are left out.
    Export(transfer::ExportArgs),
    /// Read what `export` wrote, into another bridge.
    Import(transfer::ImportArgs),
    /// Copy the database while it is in use.
    Backup(database::BackupArgs),
    /// Seal every secret anew under a new master key, while the server is stopped.
    RotateKey(rotate_key::RotateKeyArgs),
    /// Look at configuration and database, one line each.
    #[command(after_help = "Example:\n  bluebridge check")]
    Check(OnlySettings),
}

/// Nothing but the settings.
#[derive(Debug, clap::Args)]
pub struct OnlySettings {
    #[command(flatten)]
    settings: Settings,
}

/// The command line, or the end of the process with what is wrong with it.
fn parsed() -> Cli {
    let arguments: Vec<std::ffi::OsString> = std::env::args_os().collect();
    let mut command = environment::without_empty_variables(with_used_settings(Cli::command()));
    let matched = command.try_get_matches_from_mut(&arguments);
    let parsed = matched.and_then(|matched| Cli::from_arg_matches(&matched));
    parsed.unwrap_or_else(|mut error| {
        if let Some(variable) = environment::origin_of(&error, &arguments) {
            eprintln!("{variable} is set to something that cannot be used.");
        }
        if error.get(ContextKind::Usage).is_some() {
            error.insert(
                ContextKind::Usage,
                ContextValue::StyledStr(usage(&arguments)),
            );
        }
        error.exit()
    })
}

/// Settings that every verb uses which opens the database.
const OF_EVERY_VERB: [&str; 2] = ["database_url", "master_key_file"];

/// The command line whose verbs tell in their help only of the settings that they use; the others are taken all the same.
fn with_used_settings(command: Command) -> Command {
    command.mut_subcommands(|verb| match verb.get_name() {
        "serve" | "check" => verb,
        "import" => hide_settings(verb, &["allow_networks"]),
        _ => hide_settings(verb, &[]),
    })
}

fn hide_settings(verb: Command, used: &[&str]) -> Command {
    let settings = Settings::augment_args(Command::new("settings"));
    let is_unused = |argument: &Arg| {
        let id = argument.get_id();
        let is_setting = settings
            .get_arguments()
            .any(|setting| setting.get_id() == id);
        is_setting && !OF_EVERY_VERB.iter().chain(used).any(|used| id == *used)
    };
    verb.mut_args(|argument| {
        let is_hidden = is_unused(&argument);
        argument.hide(is_hidden)
    })
    .mut_subcommands(|verb| hide_settings(verb, used))
}

/// How the verb is used. Unasked, clap would show what the environment sets as if it were needed.
fn usage(arguments: &[std::ffi::OsString]) -> StyledStr {
    let mut verb = Cli::command();
    verb.build();
    let mut words = arguments.iter().skip(1);
    while let Some(found) = words
        .next()
        .and_then(|word| verb.find_subcommand(word).cloned())
    {
        verb = found;
    }
    verb.render_usage()
}

/// Runs the command line.
pub async fn run() -> anyhow::Result<()> {
    let cli = parsed();
    match cli.verb {
        None => serve::serve(cli.settings).await,
        Some(Verb::Serve(args)) => serve::serve(args.settings).await,
        Some(Verb::Send(args)) => send::send(args).await,
        Some(Verb::Receive(args)) => receive::receive(args).await,
        Some(Verb::User(verb)) => people::user(verb).await,
        Some(Verb::Token(verb)) => people::token(verb).await,
        Some(Verb::Migrate(args)) => database::migrate(&args.settings),
        Some(Verb::MigrateData(args)) => migrate_data::migrate_data(args).await,
        Some(Verb::Export(args)) => transfer::export(args).await,
        Some(Verb::Import(args)) => transfer::import(args).await,
        Some(Verb::RotateKey(args)) => rotate_key::rotate_key(args).await,
        Some(Verb::Backup(args)) => database::backup(args).await,
        Some(Verb::Check(args)) => check::check(&args.settings).await,
    }
}
