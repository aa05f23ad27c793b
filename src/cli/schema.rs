//! `sidegate schema`.

use anyhow::Result;
use clap::ValueEnum;

use super::{Outcome, report};
use crate::config::schema;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The kind of file that the schema is for.
    #[arg(value_enum, default_value = "gateway")]
    of: Kind,
    /// Write what all of them may hold as a page in Markdown instead.
    #[arg(long, conflicts_with = "of")]
    markdown: bool,
}

/// The files that operators write.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// The configuration.
    Gateway,
    /// A dialect file.
    Dialect,
}

pub(super) fn schema(arguments: &Arguments) -> Result<Outcome> {
    if arguments.markdown {
        report(schema::markdown().trim_end());
        return Ok(Outcome::Success);
    }
    let schema = match arguments.of {
        Kind::Gateway => schema::gateway(),
        Kind::Dialect => schema::dialect(),
    };
    report(&serde_json::to_string_pretty(&schema)?);
    Ok(Outcome::Success)
}
