//! The environment beside the settings: variables that look like ours and are none, that are set to nothing, and which variable a refused value came from.
//!
//! `serve` and `check` tell of the first, the command line heeds the others. A value is never shown: it may be a secret.

use std::ffi::{OsStr, OsString};

use clap::builder::Resettable;
use clap::error::{ContextKind, ContextValue};
use clap::{Command, CommandFactory as _};

use crate::cli::Cli;

/// What every variable of ours begins with.
const PREFIX: &str = "BLUEBRIDGE_";
/// The one that is no flag: what is on a command line is seen by others on the machine.
const MASTER_KEY: &str = "BLUEBRIDGE_MASTER_KEY";
/// Set by tests and by the image that builds.
const OF_TESTS: [&str; 2] = ["BLUEBRIDGE_TEST_", "BLUEBRIDGE_FAILPOINT"];

/// Names of variables that begin like ours and are none, in their order.
pub fn unknown_variables(all: impl Iterator<Item = (OsString, OsString)>) -> Vec<String> {
    let command = Cli::command();
    let known: Vec<&OsStr> = command
        .get_arguments()
        .filter_map(|argument| argument.get_env())
        .collect();
    let mut unknown: Vec<String> = all
        .filter(|(name, _)| !known.contains(&name.as_os_str()))
        .filter_map(|(name, _)| name.into_string().ok())
        .filter(|name| name.starts_with(PREFIX) && name != MASTER_KEY)
        .filter(|name| !OF_TESTS.iter().any(|of_tests| name.starts_with(of_tests)))
        .collect();
    unknown.sort();
    unknown
}

/// The command line for which a variable that is set to nothing is not set, as compose files write what they leave open.
pub fn without_empty_variables(command: Command) -> Command {
    let is_empty = |variable: &OsStr| std::env::var_os(variable).is_some_and(|set| set.is_empty());
    command
        .mut_args(|argument| match argument.get_env() {
            Some(variable) if is_empty(variable) => argument.env(Resettable::Reset),
            _ => argument,
        })
        .mut_subcommands(without_empty_variables)
}

/// The variable that a refused value came from, when it did not come from the command line.
pub fn origin_of(error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else {
        return None;
    };
    let long = flag.split([' ', '=']).next()?;
    let given = |argument: &OsString| {
        let argument = argument.to_string_lossy();
        argument == long || argument.starts_with(&format!("{long}="))
    };
    if arguments.iter().any(given) {
        return None;
    }
    let command = Cli::command();
    let argument = command
        .get_arguments()
        .find(|argument| argument.get_long() == long.strip_prefix("--"))?;
    let variable = argument.get_env()?;
    std::env::var_os(variable)?;
    Some(variable.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_begins_like_ours_and_is_none_is_unknown() {
        let all = [
            "BLUEBRIDGE_LISTEN",
            "BLUEBRIDGE_MASTER_KEY",
            "BLUEBRIDGE_TEST_SEED",
            "PATH",
            "BLUEBRIDGE_RETENTION",
            "BLUEBRIDGE_ALLOWED_NETWORKS",
        ];
        let all = all.iter().map(|name| (name.into(), "x".into()));
        assert_eq!(
            unknown_variables(all),
            ["BLUEBRIDGE_ALLOWED_NETWORKS", "BLUEBRIDGE_RETENTION"]
        );
    }
}
