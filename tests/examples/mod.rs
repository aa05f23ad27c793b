//! The configurations of `deploy/examples`, each in front of the tables that it is for, and the way that the clients of
//! that system go through it.

mod ddd;
mod girok;
mod member;
mod pampam;
mod react;

use std::{fs, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use crate::harness::{Gateway, Request, Setup, Upstream, database::Database, users::PASSWORD};

/// A gateway with the configuration of an example, its database, and the application behind it.
struct Example {
    gateway: Gateway,
    database: Database,
    monolith: Upstream,
}

fn folder(system: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("deploy/examples").join(system)
}

fn read(system: &str, file: &str) -> String {
    fs::read_to_string(folder(system).join(file)).expect("a file of an example")
}

/// The file's own sections, with what a test cannot do without in place of addresses and logs.
fn setup(system: &str, monolith: &Upstream, database: &Database) -> Setup {
    let text = read(system, "gateway.yaml");
    let mut sections: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        if let Some((name, value)) = line.split_once(':')
            && !line.starts_with([' ', '#', '-'])
        {
            let value = value.trim_start();
            let value = if value.starts_with('#') { "" } else { value };
            sections.push((name.to_owned(), value.to_owned()));
        } else if let Some((_, value)) = sections.last_mut()
            && line.starts_with(' ')
        {
            value.push('\n');
            value.push_str(line);
        }
    }
    let setup = sections
        .iter()
        .fold(Setup::empty(), |setup, (name, value)| {
            setup.section(name, value)
        });
    setup
        .variable("DATABASE_URL", &database.url())
        .variable("STATE_URL", &database.url())
        .variable("MONOLITH_URL", &monolith.url())
        .section("cores", "1")
        .section("logs", "{ format: json }")
        .section("listeners", "[{ address: 127.0.0.1:0 }]")
        .section("admin", "{ address: 127.0.0.1:0 }")
}

impl Example {
    /// `rows` are statements in which `{hash}` stands for the hash of [`PASSWORD`].
    fn start(system: &str, rows: &[&str]) -> Self {
        let (monolith, database) = (Upstream::start(), Database::mysql());
        let schema = read(system, "schema.sql");
        let statements = schema.split(";\n").filter(|text| !text.trim().is_empty());
        statements.for_each(|statement| database.execute(statement));
        let hash = bcrypt::hash(PASSWORD, 4).expect("a hash");
        for row in rows {
            database.execute(&row.replace("{hash}", &hash));
        }
        let setup = setup(system, &monolith, &database);
        Self {
            gateway: setup.start(),
            database,
            monolith,
        }
    }

    /// The header of the last request that the application has got.
    fn told(&self, header: &str) -> Vec<String> {
        let seen = self.monolith.seen();
        let last = seen.last().expect("a request");
        last.values(header)
            .iter()
            .map(|it| (*it).to_owned())
            .collect()
    }
}

/// The claims of a token but its times and its name, as they are written.
fn claims(token: &str) -> String {
    let payload = token.split('.').nth(1).expect("three parts");
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).expect("base64");
    let mut claims: Value = serde_json::from_slice(&payload).expect("claims");
    let map = claims.as_object_mut().expect("an object");
    for name in ["exp", "iat", "nbf", "jti"] {
        map.shift_remove(name);
    }
    claims.to_string()
}

fn form(target: &str, fields: &[(&str, &str)]) -> Request {
    let request = Request::post(target).header("Content-Type", "application/x-www-form-urlencoded");
    request.body(crate::accounts::urlencoded(fields))
}

#[test]
fn every_example_is_good() {
    for system in ["pampam", "member", "react", "girok", "ddd"] {
        let path = folder(system).join("gateway.yaml");
        let path = path.to_str().expect("a path");
        let setup = Setup::empty().variable("STATE_URL", "sqlite:state.db");
        let output = setup.command(&["check", "--config", path]).output();
        let output = output.expect("the binary");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.ends_with("gateway.yaml: good\n"), "{system}: {said}");
        assert_eq!(said.lines().count(), 1, "{system}: {said}");
    }
}
