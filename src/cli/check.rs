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
    store::Store,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    config: PathBuf,
    /// Also ask the user database for the table and every configured column.
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
    let database = match (&loaded.compiled, arguments.connect) {
        (Some(compiled), true) => ask_database(compiled)?,
        _ => None,
    };
    let compiled = loaded.compiled.as_ref().filter(|_| arguments.routes);
    let routes = compiled.map(|compiled| compiled.outline.as_slice());
    match arguments.format {
        Format::Text => {
            routes.into_iter().flatten().for_each(show);
            as_text(arguments, &loaded, database.as_deref());
        }
        Format::Json => as_json(&loaded, database.as_deref(), routes)?,
    }
    let good = loaded.compiled.is_some() && database.is_none();
    Ok(if good {
        Outcome::Success
    } else {
        Outcome::Unusable
    })
}

/// What the user database says against the configuration.
fn ask_database(compiled: &Compiled) -> Result<Option<String>> {
    let Some(users) = &compiled.users else {
        return Ok(None);
    };
    let runtime = control_runtime().context("cannot start the control runtime")?;
    runtime.block_on(async {
        let store = match Store::open(users) {
            Ok(store) => store,
            Err(error) => return Ok(Some(with_causes(&error))),
        };
        let found = store.inspect().await;
        store.close().await;
        Ok(found.err().map(|error| with_causes(&error)))
    })
}

fn as_text(arguments: &Arguments, loaded: &Loaded, database: Option<&str>) {
    let paint = paint(io::stdout().is_terminal(), &ProcessEnvironment);
    for diagnostic in &loaded.diagnostics {
        report(&diagnostic.painted(paint));
    }
    if let Some(problem) = database {
        report(&format!("{}: users: {problem}", arguments.config.display()));
    }
    let found = loaded.diagnostics.iter();
    let of_the_file = found.filter(|found| is_mistake(found)).count();
    let mistakes = of_the_file + usize::from(database.is_some());
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

fn as_json(loaded: &Loaded, database: Option<&str>, routes: Option<&[Outline]>) -> Result<()> {
    let mut report_text = json!({
        "good": loaded.compiled.is_some() && database.is_none(),
        "diagnostics": loaded.diagnostics,
        "database": database,
        "hash": loaded.compiled.as_ref().map(|compiled| compiled.fingerprint.hash().to_string()),
    });
    if let (Some(routes), Some(members)) = (routes, report_text.as_object_mut()) {
        members.insert("routes".to_owned(), serde_json::to_value(routes)?);
    }
    report(&serde_json::to_string_pretty(&report_text)?);
    Ok(())
}
