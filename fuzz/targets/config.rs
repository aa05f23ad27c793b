//! `gateway.yaml`: any text is read to an end, and is good or told why not, without a word of what is secret.

#![no_main]

use std::{io, path::Path};

use libfuzzer_sys::fuzz_target;
use sidegate::config::{
    diagnostic::{Severity, render},
    load::load_source,
    source::{Environment, Files, Source},
};

const SECRET: &str = "hunter2-hunter2-hunter2-hunter2-hunter2";

struct OneSecret;

impl Files for OneSecret {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        if path.ends_with("secret.txt") {
            return Ok(SECRET.bytes().take(limit).collect());
        }
        Err(io::ErrorKind::NotFound.into())
    }
}

impl Environment for OneSecret {
    fn get(&self, name: &str) -> Option<String> {
        match name {
            "SECRET_KEY" | "DATABASE_URL" => Some(SECRET.to_owned()),
            "PORT" => Some("8080".to_owned()),
            _ => None,
        }
    }
}

fuzz_target!(|text: &str| {
    // The fixtures of the tests are the seeds: behind this line stands what is said about them.
    let text = text.split("---8<---\n").next().unwrap_or(text);
    let source = Source::new("gateway.yaml", text);
    let loaded = load_source(&source, Path::new("."), &OneSecret, &OneSecret);
    let mistake = loaded
        .diagnostics
        .iter()
        .any(|found| found.severity == Severity::Mistake);
    assert_eq!(loaded.compiled.is_some(), !mistake);
    let json = serde_json::to_string(&loaded.diagnostics).expect("diagnostics are JSON");
    let said = render(&loaded.diagnostics) + &json;
    assert!(
        !said.contains("hunter2") || text.contains("hunter2"),
        "{said}"
    );
    // What is told about a text stays in proportion to it.
    assert!(
        said.len() < 200_000 + 50 * text.len(),
        "{} bytes",
        said.len()
    );
});
