//! The command line: `run`, `check`, `explain`, `test`, `plan`, `import`, `migrate`, `token`, `dialect`, `schema`, `health`, `demo`.
//!
//! Answers go to standard output, complaints to standard error. Exit codes: 0 for success, 1 for a failure at run
//! time or of a case, 64 for a configuration or a command line that cannot be used, and 2 from `explain`
//! for a refusal, from `plan` for a change and from `migrate status` for a migration that is pending.

mod check;
mod demo;
mod dialect;
mod explain;
mod health;
mod import_openapi;
mod migrate;
mod operators;
mod output;
mod plan;
mod policy_tests;
mod run;
mod schema;
mod token;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand, ValueEnum};

use output::{complain, report};

/// A sidecar gateway that moves authentication out of a legacy HTTP monolith.
#[derive(Debug, Parser)]
#[command(name = "sidegate", version, about)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve.
    Run(ConfigArgument),
    /// Show every mistake in a configuration, and warnings.
    Check(check::Arguments),
    /// Show what would happen to a request, and why.
    Explain(explain::Arguments),
    /// Try an operator's own table of requests, and what has to become of each.
    Test(policy_tests::Arguments),
    /// Show what becomes different between two configurations: verdicts, routes, keys, settings.
    Plan(plan::Arguments),
    /// Make routes out of an application's own description.
    #[command(subcommand)]
    Import(import_openapi::Command),
    /// Make, change or look at sidegate's own tables, never the monolith's.
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Make, read or check a token.
    #[command(subcommand)]
    Token(token::Command),
    /// List the built-in dialects, or print one.
    #[command(subcommand)]
    Dialect(dialect::Command),
    /// Print the JSON Schema of a file, for editors.
    Schema(schema::Arguments),
    /// Ask a running gateway whether it is ready; exit code 1 if it is not.
    Health(health::Arguments),
    /// Serve an embedded user database and a stand-in monolith, and print commands to try.
    Demo(demo::Arguments),
}

#[derive(Debug, clap::Args)]
struct ConfigArgument {
    /// The configuration file.
    #[arg(long, value_name = "FILE", default_value = "gateway.yaml")]
    config: PathBuf,
}

/// How an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// It did what it was asked.
    Success,
    /// It answered, and the answer is no.
    Refused,
    /// It tried something, and that failed.
    Failed,
    /// The configuration or the command line cannot be used.
    Unusable,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Self::SUCCESS,
            Outcome::Refused => Self::from(2),
            Outcome::Failed => Self::FAILURE,
            // EX_USAGE of sysexits.h.
            Outcome::Unusable => Self::from(64),
        }
    }
}

/// Runs the command of this process's arguments.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // Help and version are answers; everything else is a complaint. Neither can be printed to a closed pipe.
            let _ = error.print();
            let asked = error.use_stderr();
            return if asked {
                Outcome::Unusable
            } else {
                Outcome::Success
            }
            .into();
        }
    };
    let outcome = match arguments.command {
        Command::Run(arguments) => run::run(&arguments.config),
        Command::Check(arguments) => check::check(&arguments),
        Command::Explain(arguments) => explain::explain(&arguments),
        Command::Test(arguments) => policy_tests::test(&arguments),
        Command::Plan(arguments) => plan::plan(&arguments),
        Command::Import(command) => import_openapi::import(&command),
        Command::Migrate(command) => migrate::migrate(&command),
        Command::Token(command) => token::token(&command),
        Command::Dialect(command) => Ok(dialect::dialect(&command)),
        Command::Schema(arguments) => schema::schema(&arguments),
        Command::Health(arguments) => health::health(&arguments),
        Command::Demo(arguments) => demo::demo(&arguments),
    };
    outcome.map_or_else(
        |error| {
            complain(&format!("sidegate: {error:#}"));
            ExitCode::FAILURE
        },
        ExitCode::from,
    )
}
