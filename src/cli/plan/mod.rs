//! `sidegate plan OLD NEW`: what becomes different between two configurations, by what they mean.
//!
//! Requests are made up out of the patterns and the rules of both files and put to both, on the live path's own stages.
//! Nothing is sent, and no database or issuer is asked.

mod callers;
mod keys;
mod meaning;
mod paths;
mod requests;
mod settings;
mod show;
mod side;
mod trials;
mod verdict;
mod ways;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde::Serialize;

use self::{
    keys::KeyChange,
    settings::SettingChange,
    side::{PlanKey, Side},
    trials::Trials,
    verdict::{Change, Effect, RouteChange, RouteName},
};
use super::{
    Outcome, complain,
    output::{is_mistake, with_causes},
    policy_tests::{Case, Expecting, read_cases},
};
use crate::{
    app::{control_runtime, restart_needed_between},
    clock::Clock,
    config::{
        compiled::Compiled,
        load::load,
        reading::places::Places,
        source::{Disk, ProcessEnvironment},
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration as it is.
    old: PathBuf,
    /// The configuration as it shall be.
    new: PathBuf,
    /// A file with further requests to try: cases as `sidegate test` has them, whose `expect` is not asked.
    #[arg(long, value_name = "FILE")]
    requests: Vec<PathBuf>,
    /// What is a failure: exit 1 if there is any, else 0. Without it: exit 2 if anything changes.
    #[arg(long, value_enum)]
    fail_on: Option<FailOn>,
    /// For machines.
    #[arg(long)]
    json: bool,
}

/// What may be a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FailOn {
    /// A request that was refused and no longer is.
    Opens,
}

/// Everything that becomes different.
#[derive(Debug, Serialize)]
struct Plan {
    /// How many requests were put to both.
    requests: usize,
    /// Whether there were more than are tried.
    complete: bool,
    /// How many of them were refused and no longer are.
    opens: usize,
    changes: Vec<Change>,
    routes_added: Vec<RouteName>,
    routes_removed: Vec<RouteName>,
    routes_changed: Vec<RouteChange>,
    keys: Vec<KeyChange>,
    settings: Vec<SettingChange>,
    /// Keys of the configuration that only a restart can change.
    restart: Vec<&'static str>,
}

/// A configuration without mistakes, and its text.
struct Written {
    compiled: Compiled,
    places: Places,
}

pub(super) fn plan(arguments: &Arguments) -> Result<Outcome> {
    let now = Clock.unix_seconds();
    let examples = examples(&arguments.requests);
    let written = (read(&arguments.old), read(&arguments.new));
    let (Some(examples), (Some(old), Some(new))) = (examples, written) else {
        return Ok(Outcome::Unusable);
    };
    let keys = keys::changes(&old.compiled.tokens, &new.compiled.tokens);
    let settings = settings::changes(&old, &new);
    let restart = restart_needed_between(&old.compiled, &new.compiled);
    let runtime = control_runtime().context("cannot start the control runtime")?;
    let entered = runtime.enter();
    let key = PlanKey::new();
    let sides = [
        Side::new(old.compiled, &key, now).context("cannot use the old configuration")?,
        Side::new(new.compiled, &key, now).context("cannot use the new configuration")?,
    ];
    drop(entered);
    let mut trials = Trials::new(&sides, &key, now);
    trials.derived()?;
    trials.examples(&examples)?;
    let [routes_removed, routes_added] = trials::unpaired(&sides);
    let found = trials.finish();
    let plan = Plan {
        requests: found.requests,
        complete: found.complete,
        opens: found.count(Effect::Opens),
        changes: found.changes,
        routes_added,
        routes_removed,
        routes_changed: found.routes,
        keys,
        settings,
        restart,
    };
    show::show(&plan, arguments.json)?;
    Ok(match arguments.fail_on {
        Some(FailOn::Opens) if plan.opens > 0 => Outcome::Failed,
        Some(FailOn::Opens) => Outcome::Success,
        None if plan.is_empty() => Outcome::Success,
        None => Outcome::Refused,
    })
}

impl Plan {
    fn is_empty(&self) -> bool {
        let Self {
            requests: _,
            complete: _,
            opens: _,
            changes,
            routes_added,
            routes_removed,
            routes_changed,
            keys,
            settings,
            restart,
        } = self;
        let routes = routes_added.is_empty() && routes_removed.is_empty();
        let settings = keys.is_empty() && settings.is_empty() && restart.is_empty();
        changes.is_empty() && routes && routes_changed.is_empty() && settings
    }
}

/// A configuration, or complaints about what is wrong with it. What is only a warning is `check`'s to say.
fn read(path: &Path) -> Option<Written> {
    let loaded = match load(path, &Disk, &ProcessEnvironment) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(&format!("sidegate: {}", with_causes(&error)));
            return None;
        }
    };
    let mistakes = loaded.diagnostics.iter().filter(|found| is_mistake(found));
    mistakes.for_each(|mistake| complain(&mistake.to_string()));
    Some(Written {
        compiled: loaded.compiled?,
        places: loaded.places,
    })
}

/// The operator's own requests, or complaints.
fn examples(files: &[PathBuf]) -> Option<Vec<Case>> {
    let now = Clock.unix_seconds();
    let mut cases = Vec::new();
    let mut sound = true;
    for file in files {
        match read_cases(file, now, Expecting::Nothing) {
            Ok(found) => cases.extend(found),
            Err(complaints) => {
                for text in &complaints {
                    complain(text);
                }
                sound = false;
            }
        }
    }
    sound.then_some(cases)
}
