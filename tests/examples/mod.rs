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

const CODES_SECRET: &str = "a secret for the codes of the examples";
/// Where the pages of an application are.
const APP_ORIGIN: &str = "https://app.example";

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
fn setup(text: &str, monolith: &Upstream, database: &Database) -> Setup {
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
    let mut setup = Setup::empty();
    for (name, value) in &sections {
        let elsewhere = elsewhere(name, value);
        setup = setup.section(name, elsewhere.as_deref().unwrap_or(value));
    }
    setup
        .variable("DATABASE_URL", &database.url())
        .variable("STATE_URL", &database.url())
        .variable("CODES_SECRET", CODES_SECRET)
        .variable("APP_ORIGIN", APP_ORIGIN)
        .variable("MAIL_FROM", "Example <no-reply@example.com>")
        .variable("MONOLITH_URL", &monolith.url())
        .section("cores", "1")
        .section("logs", "{ format: json }")
        .section("listeners", "[{ address: 127.0.0.1:0 }]")
        .section("admin", "{ address: 127.0.0.1:0 }")
}

/// What the example of pampam says is to be done where sidegate signs its users up.
fn with_what_is_commented_out(text: &str) -> String {
    let lines = text.lines();
    let kept = lines.filter(|line| !line.starts_with("  - { match: \"POST /users\""));
    let kept: Vec<String> = kept.map(|line| line.replace("#: ", "")).collect();
    kept.join("\n")
}

/// The files of dialects that a configuration names.
fn dialects(text: &str) -> Vec<String> {
    let mut lines = text.lines();
    let Some(line) = lines.find_map(|line| line.strip_prefix("dialects: {")) else {
        return Vec::new();
    };
    let names = line.split([',', '}']).filter_map(|it| it.split_once(": "));
    names.map(|(_, file)| file.trim().to_owned()).collect()
}

/// What is not reached from a test: messages become files, and passwords take no time.
fn elsewhere(section: &str, value: &str) -> Option<String> {
    match section {
        "mail" => {
            let rest = value.lines().filter(|line| !line.starts_with("  to:"));
            let rest: Vec<&str> = rest.collect();
            Some(format!(
                "{}\n  to: {{ directory: \"${{RUNTIME_DIRECTORY}}\" }}",
                rest.join("\n")
            ))
        }
        "passwords" => Some(format!("{value}\n  new: {{ format: bcrypt, cost: 4 }}")),
        _ => None,
    }
}

impl Example {
    /// `rows` are statements in which `{hash}` stands for the hash of [`PASSWORD`].
    fn start(system: &str, rows: &[&str]) -> Self {
        Self::changed(system, rows, |text| text)
    }

    /// The same with what the example leaves to its reader.
    fn with_what_is_commented_out(system: &str, rows: &[&str]) -> Self {
        Self::changed(system, rows, |text| with_what_is_commented_out(&text))
    }

    fn changed(system: &str, rows: &[&str], change: fn(String) -> String) -> Self {
        let (monolith, database) = (Upstream::start(), Database::mysql());
        let schema = read(system, "schema.sql");
        let statements = schema.split(";\n").filter(|text| !text.trim().is_empty());
        statements.for_each(|statement| database.execute(statement));
        let hash = bcrypt::hash(PASSWORD, 4).expect("a hash");
        for row in rows {
            database.execute(&row.replace("{hash}", &hash));
        }
        let text = change(read(system, "gateway.yaml"));
        let mut setup = setup(&text, &monolith, &database);
        for file in dialects(&text) {
            setup = setup.file(&file, &read(system, &file));
        }
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
fn every_example_is_good_also_with_what_is_commented_out() {
    let changed = tempfile::tempdir().expect("a folder");
    let text = with_what_is_commented_out(&read("pampam", "gateway.yaml"));
    let dialect = read("pampam", "sign_up.yaml");
    for (file, text) in [("gateway.yaml", text), ("sign_up.yaml", dialect)] {
        fs::write(changed.path().join(file), text).expect("a file");
    }
    let folders = ["pampam", "member", "react", "girok", "ddd"].map(folder);
    for folder in folders.iter().map(PathBuf::as_path).chain([changed.path()]) {
        let path = folder.join("gateway.yaml");
        let path = path.to_str().expect("a path");
        let setup = Setup::empty().variable("STATE_URL", "sqlite:state.db");
        let setup = setup
            .variable("CODES_SECRET", CODES_SECRET)
            .variable("SMTP_HOST", "mail.example.com")
            .variable("MAIL_FROM", "Example <no-reply@example.com>")
            .variable("APP_ORIGIN", APP_ORIGIN);
        let output = setup.command(&["check", "--config", path]).output();
        let output = output.expect("the binary");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(said.ends_with("gateway.yaml: good\n"), "{path}: {said}");
        assert_eq!(said.lines().count(), 1, "{path}: {said}");
    }
}
