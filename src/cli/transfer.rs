//! `bluebridge export` and `bluebridge import`: connections with their sources and destinations as JSON, secrets left out.
//!
//! What is in the document, and what an import makes or changes, is told in `flow::transfer`, which the pages use too. A running server
//! hears of an import (`flow::nodes`).

use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::people::{noting, open, open_existing};
use crate::config::Settings;
use crate::flow::clock::{Clock, Ids};
use crate::flow::transfer::{self, Deed, Step, listed};
use crate::flow::vet;
use crate::web::auth::new_token;

/// Where to write.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  bluebridge export > connections.json")]
pub struct ExportArgs {
    #[command(flatten)]
    settings: Settings,
}

/// What to read.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  bluebridge import --dry-run connections.json\n  bluebridge import connections.json\n  bluebridge import - < connections.json\nWhat is here already, by its id or a name that only it has, is used; a connection whose rules differ gets a new version. Secrets are not in the file, which has *** in their place: enter them again afterwards. What is made is switched off until then."
)]
pub struct ImportArgs {
    /// A file that `export` wrote; `-` reads standard input.
    path: PathBuf,
    /// Only say what would be made and changed.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    settings: Settings,
}

/// Prints the document.
pub async fn export(args: ExportArgs) -> anyhow::Result<()> {
    let store = open_existing(&args.settings)?;
    let bundle = transfer::export(&store, None).await?;
    println!("{}", serde_json::to_string_pretty(&bundle)?);
    store.close().await;
    Ok(())
}

/// Reads the document, says what is done, and does it.
pub async fn import(args: ImportArgs) -> anyhow::Result<()> {
    let text = match args.path.to_str() {
        Some("-") => std::io::read_to_string(std::io::stdin()),
        _ => std::fs::read_to_string(&args.path),
    };
    let text = text.with_context(|| format!("{} cannot be read", args.path.display()))?;
    let bundle = transfer::read(&text)?;
    let store = if args.dry_run {
        open_existing(&args.settings)?
    } else {
        open(&args.settings)?
    };
    let guard = vet::guard(&args.settings.allow_networks);
    let (clock, ids) = (Clock::System, Ids::default());
    let plan = transfer::plan(&store, &guard, &clock, &ids, &bundle, || new_token("").0).await?;
    say("source", &plan.sources);
    say("destination", &plan.destinations);
    say("connection", &plan.connections);
    let (made, changed, kept) = plan.tally();
    if args.dry_run {
        println!("Would make {made}, change {changed} and keep {kept}. Nothing was done.");
    } else {
        let noting = |action: &str, id: String, said| noting(&store, action, id, said);
        transfer::carry_out(noting, plan).await?;
        println!("Made {made}, changed {changed}, kept {kept}.");
        if made > 0 {
            println!("Enter the secrets of what was made, then switch its connections on.");
        }
        if made + changed > 0 {
            println!("A running server works by it within seconds.");
        }
    }
    store.close().await;
    Ok(())
}

fn say<Draft>(what: &str, steps: &[Step<Draft>]) {
    for step in steps {
        let deed = match step.deed {
            Deed::Make(_) => "make",
            Deed::Change { .. } => "change",
            Deed::Keep => "keep",
        };
        println!("{deed:>6} {what} {}", step.name);
        if !step.unfit.is_empty() {
            let problems = listed(&step.unfit, |problem| problem.pointer.clone());
            println!("       switched off: {problems}");
        }
        if !step.differs.is_empty() {
            let places = step.differs.join(", ");
            println!("       differs in {places}: what is here stays");
        }
        if !step.to_enter.is_empty() {
            let places = step.to_enter.join(", ");
            let until = match what {
                "source" => "anything comes in",
                _ => "anything is sent",
            };
            println!("       enter before {until}: {places}");
        }
    }
}
