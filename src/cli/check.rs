//! `sidegate check`.

use std::{
    io::{self, IsTerminal},
    path::PathBuf,
};

use anyhow::{Context, Result};
use serde_json::json;

use super::{
    Format, Outcome, complain,
    output::{counted, is_mistake, paint, with_causes},
    report,
};
use crate::{
    app::control_runtime,
    config::{
        compiled::{Compiled, Outline},
        load::{Loaded, load},
        source::{Disk, ProcessEnvironment},
    },
    state::{self, Migrate, State},
    store::{self, Store},
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    config: PathBuf,
    /// Also ask the user database for the table and every configured column, and the own tables for their migrations.
    #[arg(long)]
    connect: bool,
    /// Also show every route: what it requires, and what it has from its group.
    #[arg(long)]
    routes: bool,
    /// Also show the hash of the configuration, by which a gateway that runs with it is known in its log, at /ready and
    /// in its metrics.
    #[arg(long)]
    hash: bool,
    /// How the findings are written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn check(arguments: &Arguments) -> Result<Outcome> {
    let loaded = match load(&arguments.config, &Disk, &ProcessEnvironment) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(&format!("sidegate: {}", with_causes(&error)));
            return Ok(Outcome::Unusable);
        }
    };
    let databases = match (&loaded.compiled, arguments.connect) {
        (Some(compiled), true) => ask_databases(compiled)?,
        _ => Vec::new(),
    };
    let compiled = loaded.compiled.as_ref().filter(|_| arguments.routes);
    let routes = compiled.map(|compiled| compiled.outline.as_slice());
    match arguments.format {
        Format::Text => {
            routes.into_iter().flatten().for_each(show);
            as_text(arguments, &loaded, &databases);
        }
        Format::Json => as_json(&loaded, &databases, routes)?,
    }
    let good = loaded.compiled.is_some() && databases.is_empty();
    Ok(if good {
        Outcome::Success
    } else {
        Outcome::Unusable
    })
}

/// What the databases say against the configuration, by its sections.
fn ask_databases(compiled: &Compiled) -> Result<Vec<(&'static str, String)>> {
    let runtime = control_runtime().context("cannot start the control runtime")?;
    let found = runtime.block_on(async {
        let users = ask_users(compiled).await.err();
        let users = users.map(|error| ("users", with_causes(&error)));
        let state = ask_state(compiled).await.err();
        let state = state.map(|error| ("state", with_causes(&error)));
        users.into_iter().chain(state).collect()
    });
    Ok(found)
}

async fn ask_users(compiled: &Compiled) -> Result<(), store::Error> {
    let Some(users) = &compiled.users else {
        return Ok(());
    };
    let store = Store::open(users)?;
    let found = store.inspect().await;
    store.close().await;
    found
}

/// A gateway that migrates when it starts may find its tables missing until then.
async fn ask_state(compiled: &Compiled) -> Result<(), state::Error> {
    let Some(settings) = &compiled.state else {
        return Ok(());
    };
    let state = State::open(settings)?;
    let found = state.inspect().await;
    state.close().await;
    match found {
        Err(state::Error::Pending { .. }) if settings.migrate == Migrate::OnStart => Ok(()),
        found => found,
    }
}

fn as_text(arguments: &Arguments, loaded: &Loaded, databases: &[(&str, String)]) {
    let paint = paint(io::stdout().is_terminal(), &ProcessEnvironment);
    for diagnostic in &loaded.diagnostics {
        report(&diagnostic.painted(paint));
    }
    for (section, problem) in databases {
        report(&format!(
            "{}: {section}: {problem}",
            arguments.config.display()
        ));
    }
    let found = loaded.diagnostics.iter();
    let of_the_file = found.filter(|found| is_mistake(found)).count();
    let mistakes = of_the_file + databases.len();
    let warnings = loaded.diagnostics.len() - of_the_file;
    let file = arguments.config.display();
    if mistakes > 0 {
        report(&format!("{file}: {}", counted(mistakes, "mistake")));
    } else if warnings > 0 {
        report(&format!("{file}: good, {}", counted(warnings, "warning")));
    } else {
        report(&format!("{file}: good"));
    }
    if let (Some(compiled), true) = (&loaded.compiled, arguments.hash) {
        report(&format!("{file}: hash {}", compiled.fingerprint.hash()));
    }
}

/// A route on a line, and below it what it has from elsewhere.
fn show(outline: &Outline) {
    let Outline {
        route,
        place,
        access,
        mode,
        requires,
        group,
    } = outline;
    let mode = match *mode {
        "enforce" => String::new(),
        mode => format!(", mode: {mode}"),
    };
    report(&format!("{route}  ({place}), access: {access}{mode}"));
    if let Some(requires) = requires {
        report(&format!("  requires   {requires}"));
    }
    let Some(group) = group else { return };
    report(&format!("  group      {}  ({})", group.name, group.place));
    for (word, keys) in [
        ("inherits ", &group.inherits),
        ("overrides", &group.overrides),
        ("drops    ", &group.drops),
    ] {
        if !keys.is_empty() {
            report(&format!("  {word}  {}", keys.join(", ")));
        }
    }
}

fn as_json(
    loaded: &Loaded,
    databases: &[(&str, String)],
    routes: Option<&[Outline]>,
) -> Result<()> {
    let said = |of: &str| databases.iter().find(|(section, _)| *section == of);
    let said = |of: &str| said(of).map(|(_, problem)| problem);
    let mut report_text = json!({
        "good": loaded.compiled.is_some() && databases.is_empty(),
        "diagnostics": loaded.diagnostics,
        "database": said("users"),
        "state": said("state"),
        "hash": loaded.compiled.as_ref().map(|compiled| compiled.fingerprint.hash().to_string()),
    });
    if let (Some(routes), Some(members)) = (routes, report_text.as_object_mut()) {
        members.insert("routes".to_owned(), serde_json::to_value(routes)?);
    }
    report(&serde_json::to_string_pretty(&report_text)?);
    Ok(())
}
