//! The commands, and how each of them ends.

mod check;
mod demo;
mod dialect;
mod explain;
mod expressions;
mod import_openapi;
mod migrate;
mod plan;
mod policy_tests;
mod published_keys;
mod run;
mod token;

use std::{
    io::Write,
    process::{Output, Stdio},
};

use crate::harness::Setup;

/// What a command of the binary came to.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// Standard output.
    pub(crate) answer: String,
    /// Standard error.
    pub(crate) complaint: String,
}

impl From<Output> for Ended {
    fn from(output: Output) -> Self {
        Self {
            code: output.status.code(),
            answer: String::from_utf8_lossy(&output.stdout).into_owned(),
            complaint: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

/// Runs a command in the folder of a configuration that has been written.
pub(crate) fn ended(setup: &Setup, arguments: &[&str]) -> Ended {
    ended_with(setup, arguments, "")
}

/// The same with this on standard input.
pub(crate) fn ended_with(setup: &Setup, arguments: &[&str], input: &str) -> Ended {
    let mut command = setup.command(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the binary");
    // A command that reads nothing has closed its end, and nothing is lost.
    drop(
        child
            .stdin
            .take()
            .expect("a pipe")
            .write_all(input.as_bytes()),
    );
    child.wait_with_output().expect("an end").into()
}

/// A configuration of the usual kind, written to its folder, with an upstream that nobody asks.
fn written() -> Setup {
    let setup = Setup::before_url("http://127.0.0.1:9");
    setup.write();
    setup
}
