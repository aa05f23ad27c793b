//! `sidegate test`: an operator's own table of requests, and what has to become of each.
//!
//! The same stages decide as on the live path; nothing is sent, and no database is asked.

mod case;
mod document;
mod junit;
mod signer;
mod trial;
mod user;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueEnum;
use serde_json::json;

use self::{
    case::Setting,
    document::Document,
    trial::{Observing, Trial, attempt},
};
pub(super) use self::{
    case::{Case, Expecting},
    signer::Signer,
};
use super::{
    Outcome, complain,
    output::{counted, load_or_complain, with_causes},
    report,
};
use crate::{
    app::{assemble, control_runtime},
    clock::{Clock, UnixSeconds},
    config::{
        diagnostic::Diagnostic,
        reading::reader::read,
        source::{Disk, ProcessEnvironment, Source},
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The files with the cases.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    config: PathBuf,
    /// Try every route as if it were enforced, those in observe mode too.
    #[arg(long)]
    enforced: bool,
    /// How the results are written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

/// How results are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people: what failed, and why.
    Text,
    /// For machines: every case with its explanation.
    Json,
    /// For systems that collect the results of tests.
    Junit,
}

pub(super) fn test(arguments: &Arguments) -> Result<Outcome> {
    let now = Clock.unix_seconds();
    let mut cases = Vec::new();
    let mut sound = true;
    for file in &arguments.files {
        match read_cases(file, now, Expecting::Something) {
            Ok(found) => cases.extend(found),
            Err(complaints) => {
                for text in &complaints {
                    complain(text);
                }
                sound = false;
            }
        }
    }
    let Some(mut compiled) = load_or_complain(&arguments.config).filter(|_| sound) else {
        return Ok(Outcome::Unusable);
    };
    let signer = Signer::new(&mut compiled.tokens, &compiled.identity.subject);
    if !issuers_are_known(&cases, &signer) {
        return Ok(Outcome::Unusable);
    }
    let runtime = control_runtime().context("cannot start the control runtime")?;
    let entered = runtime.enter();
    let assembled = assemble(compiled, None).context("cannot use the configuration")?;
    drop(entered);
    let columns = trial::columns(&assembled.live);
    let complaints = cases.iter().filter_map(|case| case.unasked_column(columns));
    let complaints: Vec<String> = complaints.collect();
    if !complaints.is_empty() {
        for text in &complaints {
            complain(text);
        }
        return Ok(Outcome::Unusable);
    }
    let observing = if arguments.enforced {
        Observing::Enforced
    } else {
        Observing::AsWritten
    };
    let mut trials = Vec::with_capacity(cases.len());
    for case in &cases {
        let trial = attempt(case, &signer, &assembled.live, observing);
        trials.push(trial.with_context(|| format!("{}: {}", case.place, case.name))?);
    }
    match arguments.format {
        Format::Text => as_text(&trials),
        Format::Json => as_json(&trials)?,
        Format::Junit => report(junit::document(&trials).trim_end()),
    }
    Ok(if trials.iter().all(|trial| trial.passed) {
        Outcome::Success
    } else {
        Outcome::Failed
    })
}

fn issuers_are_known(cases: &[Case], signer: &Signer) -> bool {
    let unknown = cases.iter().filter_map(|case| {
        let issuer = signer.unknown(&case.token)?;
        let (place, name) = (&case.place, case.name.escape_debug());
        let issuer = issuer.escape_debug();
        Some(format!(
            "{place}: {name}: the configuration has no issuer {issuer}; fix: write the `issuer` of one of `tokens.issuers`"
        ))
    });
    let unknown: Vec<String> = unknown.collect();
    for text in &unknown {
        complain(text);
    }
    unknown.is_empty()
}

/// The cases of a file, or everything that is wrong with it.
pub(super) fn read_cases(
    path: &Path,
    now: UnixSeconds,
    expecting: Expecting,
) -> Result<Vec<Case>, Vec<String>> {
    let source = Source::load(&Disk, path)
        .map_err(|error| vec![format!("sidegate: {}", with_causes(&error))])?;
    let reading = read::<Document>(&source, &ProcessEnvironment);
    let Some(document) = reading.value else {
        let complaints = reading.diagnostics.iter().map(Diagnostic::to_string);
        return Err(complaints.collect());
    };
    let setting = Setting {
        places: &reading.places,
        folder: path.parent().unwrap_or(Path::new(".")),
        host: document.host.as_deref().unwrap_or("localhost"),
        now: document.now.map_or(now, UnixSeconds::from),
        expecting,
    };
    let mut cases = Vec::with_capacity(document.cases.len());
    let mut complaints = Vec::new();
    for (index, written) in document.cases.into_iter().enumerate() {
        match setting.case(index, written) {
            Ok(case) => cases.push(case),
            Err(diagnostic) => complaints.push(diagnostic.to_string()),
        }
    }
    if cases.is_empty() && complaints.is_empty() {
        let fix = "write at least one";
        let none = reading.places.mistake("cases", "there is no case", fix);
        complaints.push(none.to_string());
    }
    if complaints.is_empty() {
        Ok(cases)
    } else {
        Err(complaints)
    }
}

fn as_text(trials: &[Trial]) {
    let failed = trials.iter().filter(|trial| !trial.passed);
    for trial in failed.clone() {
        let (place, name) = (&trial.place, trial.name.escape_debug());
        for difference in &trial.differences {
            report(&format!("{place}: {name}: {difference}"));
        }
        let explanation = trial.explanation.to_string();
        for line in explanation.lines() {
            report(&format!("    {line}"));
        }
    }
    let cases = counted(trials.len(), "case");
    match failed.count() {
        0 => report(&format!("{cases}, all as expected")),
        failed => report(&format!("{cases}, {failed} not as expected")),
    }
}

fn as_json(trials: &[Trial]) -> Result<()> {
    let passed = trials.iter().filter(|trial| trial.passed).count();
    let results = json!({
        "passed": passed,
        "failed": trials.len() - passed,
        "cases": trials,
    });
    report(&serde_json::to_string_pretty(&results)?);
    Ok(())
}
