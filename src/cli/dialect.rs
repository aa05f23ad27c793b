//! `sidegate dialect`: the dialects that are built in, which are also how one of one's own is written.

use super::{Outcome, complain, report};
use crate::accounts::dialect::BUILT_IN;

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// The names of the built-in dialects, and what each is.
    List,
    /// Print the file of a built-in dialect.
    Show {
        /// Its name.
        name: String,
    },
}

pub(super) fn dialect(command: &Command) -> Outcome {
    match command {
        Command::List => report(&list()),
        Command::Show { name } => {
            let found = BUILT_IN.iter().find(|(known, _)| known == name);
            let Some((_, text)) = found else {
                let names: Vec<&str> = BUILT_IN.iter().map(|(name, _)| *name).collect();
                let names = names.join(", ");
                complain(&format!(
                    "sidegate: no dialect {name} is built in; there is {names}"
                ));
                return Outcome::Unusable;
            };
            report(text.trim_end());
        }
    }
    Outcome::Success
}

fn list() -> String {
    let lines = BUILT_IN.iter().map(|(name, text)| {
        let about = text.lines().next().unwrap_or_default();
        format!("{name:<8}{}", about.trim_start_matches(['#', ' ']))
    });
    lines.collect::<Vec<_>>().join("\n")
}
