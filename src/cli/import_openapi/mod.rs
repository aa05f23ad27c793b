//! `sidegate import openapi`: routes out of an application's own document, and the two beside each other.

mod compare;
mod document;
mod guard;
mod obtain;
mod path;
mod write;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Subcommand;
use serde_json::json;

use self::{compare::compare, document::Api};
use super::{
    Format, Outcome, complain,
    output::{counted, load_or_complain},
    report,
};

/// What is imported.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Write routes for the operations of an `OpenAPI` 3 document, or compare the two.
    Openapi(Arguments),
}

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The document, JSON or YAML: a file, an http:// or https:// URL, or - for standard input.
    source: String,
    /// What stands before every path. Default: the path of the document's servers.
    #[arg(long, value_name = "PATH")]
    prefix: Option<String>,
    /// Authorities in PEM, by which the certificate of an https:// URL is verified. Default: the system's.
    #[arg(long, value_name = "FILE")]
    ca: Option<PathBuf>,
    /// Compare it with the routes of the configuration instead; exit code 1 when one says what the other does not.
    #[arg(long)]
    check: bool,
    /// With --check: also fail where only the route for everything takes an operation, or a route asks for less.
    #[arg(long, requires = "check")]
    strict: bool,
    /// With --check: the Host of the requests.
    #[arg(long, default_value = "localhost")]
    host: String,
    /// With --check: the configuration file.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    config: PathBuf,
    /// How the result is written.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn import(command: &Command) -> Result<Outcome> {
    let Command::Openapi(arguments) = command;
    let source = arguments.source.as_str();
    let text = obtain::obtain(source, arguments.ca.as_deref())?;
    let read = obtain::parse(source, &text).and_then(|value| {
        let api = Api::read(&value, arguments.prefix.as_deref());
        api.with_context(|| source.to_owned())
    });
    let api = match read {
        Ok(api) => api,
        Err(error) => {
            complain(&format!("sidegate: {error:#}"));
            return Ok(Outcome::Unusable);
        }
    };
    if arguments.check {
        return check(arguments, &api);
    }
    match arguments.format {
        Format::Text => report(write::routes(&api, source).trim_end()),
        Format::Json => report(&serde_json::to_string_pretty(&api)?),
    }
    Ok(Outcome::Success)
}

fn check(arguments: &Arguments, api: &Api) -> Result<Outcome> {
    let Some(compiled) = load_or_complain(&arguments.config) else {
        return Ok(Outcome::Unusable);
    };
    let found = compare(api, &compiled, &arguments.host.to_ascii_lowercase());
    let failing = found.iter().filter(|it| it.kind.fails(arguments.strict));
    let failing = failing.count();
    match arguments.format {
        Format::Text => {
            for one in &found {
                let word = if one.kind.fails(arguments.strict) {
                    ""
                } else {
                    "note: "
                };
                report(&format!("{word}{one}"));
            }
            let operations = counted(api.operations.len(), "operation");
            let routes = counted(compiled.table.routes().len(), "route");
            let differences = counted(failing, "disagreement");
            report(&format!("{operations}, {routes}, {differences}"));
        }
        Format::Json => report(&serde_json::to_string_pretty(&json!({
            "agree": failing == 0,
            "disagreements": found,
        }))?),
    }
    Ok(if failing == 0 {
        Outcome::Success
    } else {
        Outcome::Failed
    })
}
