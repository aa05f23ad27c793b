//! `sidegate migrate up | down | status | stamp`: sidegate's own tables, never the monolith's.

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;

use super::{
    Outcome, complain,
    output::{load_or_complain, with_causes},
    report,
};
use crate::{
    app::control_runtime,
    clock::Clock,
    state::{self, Error, Listed, Migration, Obstacle, Standing, State, Task},
};

/// What to do with the own tables.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Apply the migrations that are pending.
    Up {
        /// Finish one that was begun and broken off, which MySQL does not undo.
        #[arg(long)]
        resume: bool,
        #[command(flatten)]
        how: How,
    },
    /// Undo migrations, the last first.
    Down {
        /// The number of the last migration that stays; 0 for none.
        #[arg(long, value_name = "NUMBER")]
        to: u32,
        /// Go on where rows are lost.
        #[arg(long)]
        lose_data: bool,
        #[command(flatten)]
        how: How,
    },
    /// Show every migration and whether it was applied; exit code 2 if any is pending.
    Status {
        /// The configuration file.
        #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
        config: PathBuf,
    },
    /// Mark pending migrations as applied, without running them.
    Stamp {
        /// The number of the last migration that is marked.
        #[arg(long, value_name = "NUMBER")]
        to: u32,
        #[command(flatten)]
        how: How,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct How {
    /// Print the SQL, and change nothing.
    #[arg(long)]
    dry_run: bool,
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    config: PathBuf,
}

impl Command {
    fn config(&self) -> &PathBuf {
        match self {
            Self::Up { how, .. } | Self::Down { how, .. } | Self::Stamp { how, .. } => &how.config,
            Self::Status { config } => config,
        }
    }
}

pub(super) fn migrate(command: &Command) -> Result<Outcome> {
    let Some(compiled) = load_or_complain(command.config()) else {
        return Ok(Outcome::Unusable);
    };
    let Some(settings) = compiled.state else {
        let file = command.config().display();
        complain(&format!(
            "sidegate: {file} has no `state`: there are no own tables"
        ));
        return Ok(Outcome::Unusable);
    };
    let runtime = control_runtime().context("cannot start the control runtime")?;
    Ok(runtime.block_on(asked(command, &settings)))
}

async fn asked(command: &Command, settings: &state::Settings) -> Outcome {
    let state = match State::open(settings) {
        Ok(state) => state,
        Err(error) => return failed(&error),
    };
    let outcome = match command {
        Command::Status { config: _ } => status(&state).await,
        Command::Up { resume, how } => {
            let resume = *resume;
            change(&state, Task::Up { resume }, how).await
        }
        Command::Down { to, lose_data, how } => {
            let (to, lose_data) = (*to, *lose_data);
            change(&state, Task::Down { to, lose_data }, how).await
        }
        Command::Stamp { to, how } => change(&state, Task::Stamp { to: *to }, how).await,
    };
    state.close().await;
    outcome.unwrap_or_else(|error| failed(&error))
}

async fn status(state: &State) -> Result<Outcome, Error> {
    let listed = state.migrations().await?;
    for listed in &listed {
        report(&line(listed));
    }
    if listed.iter().any(Listed::is_pending) {
        return Ok(Outcome::Refused);
    }
    Ok(Outcome::Success)
}

fn line(listed: &Listed) -> String {
    let name = &listed.name;
    match listed.standing {
        Standing::Applied(at) => format!("{name}  applied  {at}"),
        Standing::Stamped(at) => format!("{name}  stamped  {at}"),
        Standing::Unknown(at) => format!("{name}  applied  {at}, by a newer version of sidegate"),
        Standing::Unfinished(steps) => format!("{name}  unfinished, after {steps} statements"),
        Standing::Pending => format!("{name}  pending"),
    }
}

async fn change(state: &State, task: Task, how: &How) -> Result<Outcome, Error> {
    if how.dry_run {
        for migration in state.planned(task).await? {
            report(&written(task, migration));
        }
        return Ok(Outcome::Success);
    }
    let done = state.migrate(task, Clock.unix_seconds()).await?;
    let word = match task {
        Task::Up { .. } => "applied",
        Task::Down { .. } => "undone",
        Task::Stamp { .. } => "stamped",
    };
    for name in &done {
        report(&format!("{name}  {word}"));
    }
    if done.is_empty() {
        report("nothing to do");
    }
    Ok(Outcome::Success)
}

/// What would be executed.
fn written(task: Task, migration: &Migration) -> String {
    let name = migration.name;
    let statements = match task {
        Task::Up { .. } => migration.up(),
        Task::Down { .. } => migration.down(),
        Task::Stamp { .. } => return format!("-- {name} is marked as applied"),
    };
    let statements = statements.join(";\n");
    format!("-- {name}\n{statements};\n")
}

fn failed(error: &Error) -> Outcome {
    complain(&format!("sidegate: {}", with_causes(error)));
    if matches!(error, Error::Migrations(Obstacle::NoSuch { .. })) {
        return Outcome::Unusable;
    }
    Outcome::Failed
}
