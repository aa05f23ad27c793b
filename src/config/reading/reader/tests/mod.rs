//! The reader through its front door: a text, the document it gives, and exactly what is said about it.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::*;
use crate::config::diagnostic::render;
use crate::config::duration::Span;
use crate::config::size::Size;

mod laws;
mod mistakes;
mod secrets;
mod syntax;
mod values;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    listeners: Vec<Listener>,
    #[serde(default)]
    admin: Option<Listener>,
    users: Users,
    tokens: Tokens,
    #[serde(default)]
    routes: Vec<Route>,
    #[serde(default)]
    limits: Limits,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Listener {
    address: std::net::SocketAddr,
    #[serde(default)]
    port_reuse: bool,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Users {
    database: String,
    table: String,
    columns: BTreeMap<String, String>,
    #[serde(default)]
    states: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tokens {
    access: Token,
    refresh: Token,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Token {
    algorithm: Algorithm,
    secret: String,
    lifetime: Span,
}

#[derive(Debug, PartialEq, Deserialize)]
enum Algorithm {
    HS256,
    HS512,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Route {
    #[serde(rename = "match")]
    pattern: Pattern,
    access: Access,
    #[serde(default)]
    methods: Vec<Method>,
    #[serde(default)]
    require: Option<Require>,
    #[serde(default)]
    version: Option<String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Access {
    Public,
    Optional,
    Required,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Method {
    Get,
    Put,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Require {
    SubjectIs(String),
    User { role: Vec<String> },
    Nobody,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
struct Pattern(String);

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.contains('/') {
            Ok(Self(text))
        } else {
            Err(format!("{text:?} is not a path; fix: begin it with `/`"))
        }
    }
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Limits {
    body: Size,
    connections: u16,
    share: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body: "1MiB".parse().unwrap(),
            connections: 100,
            share: 0.5,
        }
    }
}

struct Fixed;

impl Environment for Fixed {
    fn get(&self, name: &str) -> Option<String> {
        match name {
            "SECRET_KEY" => Some("hunter2hunter2".to_owned()),
            "PORT" => Some("8080".to_owned()),
            "WORD" => Some("quite-a-word".to_owned()),
            "TRUE" => Some("true".to_owned()),
            _ => None,
        }
    }
}

const SOUND: &str = r#"# a comment
listeners:
  - address: 0.0.0.0:8080
users:
  database: mysql://app:hunter2@db/app
  table: user
  columns: { id: id, login: email, password: hashed_password }
  states:
    banned: { is_restricted: true }
tokens:
  access:  { algorithm: HS256, secret: "hunter2hunter2", lifetime: 30d }
  refresh: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 60d }
routes:
  - { match: "GET /docs/**", access: public }
  - { match: "/users/{id}/**", access: required, require: { subject_is: id } }
"#;

fn reading(text: &str) -> Reading<Document> {
    read(&Source::new("gateway.yaml", text), &Fixed)
}

fn told(text: &str) -> String {
    pointed(&render(&reading(text).diagnostics))
}

/// How far an underline goes is for the fixtures and the tests of the listing; here, where it begins.
fn pointed(told: &str) -> String {
    let mut previous = ' ';
    told.chars()
        .filter(|&character| std::mem::replace(&mut previous, character) != '^' || character != '^')
        .collect()
}

/// The sound document with one part of it written differently.
fn with(from: &str, to: &str) -> String {
    assert!(SOUND.contains(from), "{from} is not in the sound document");
    SOUND.replacen(from, to, 1)
}

#[track_caller]
fn tells(text: &str, expected: &str) {
    assert_eq!(told(text), expected, "for:\n{text}");
}
