//! The routes that the gateway answers itself, in the monolith's own bytes.

mod answers;
mod attempts;
mod changing;
pub(crate) mod codes;
mod cookies;
mod dialects;
mod hostile;
mod joining;
mod kept_refresh;
mod limits;
mod login;
mod outage;
pub(crate) mod pages;
mod pair;
mod passwords;
mod refresh;
mod rows;
mod sessions;
mod shapes;
mod shared_attempts;
mod social;
mod storm;
mod verify;

use serde_json::{Value, json};

use crate::harness::{
    Gateway, Request, Response, Upstream,
    token::{self, ACCESS_SECRET, REFRESH_SECRET},
};

const ACCESS_LIFETIME: u64 = 30 * 24 * 60 * 60;
const REFRESH_LIFETIME: u64 = 60 * 24 * 60 * 60;

/// A gateway whose upstream nobody asks.
fn gateway() -> Gateway {
    Gateway::before(&Upstream::start()).start()
}

/// A login to `/login/access-token`.
pub(crate) fn login(email: &str, password: &str) -> Request {
    let query = urlencoded(&[("email", email), ("password", password)]);
    Request::post(&format!("/login/access-token?{query}"))
}

/// Fields as a form or a query has them.
pub(crate) fn urlencoded(fields: &[(&str, &str)]) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    let field = |(name, value): &(&str, &str)| {
        let value: Vec<String> = value.bytes().map(byte).collect();
        format!("{name}={}", value.concat())
    };
    let fields: Vec<String> = fields.iter().map(field).collect();
    fields.join("&")
}

/// A login to `/auth/token/pair`.
pub(crate) fn pair(email: &str, password: &str) -> Request {
    Request::post("/auth/token/pair").json(&json!({ "email": email, "password": password }))
}

pub(crate) fn refresh(token: &str) -> Request {
    Request::post("/auth/token/refresh").json(&json!({ "token": token }))
}

pub(crate) fn verify(token: &str) -> Request {
    Request::post("/auth/token/verify").json(&json!({ "token": token }))
}

/// The tokens of a login that ended between `before` and now: only the moment is uncertain.
fn possible_tokens(id: i64, before: u64) -> Vec<(String, String)> {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    let mint = |exp: u64, secret: &str| {
        let claims = json!({ "exp": exp, "sub": id.to_string() });
        token::with_header(&header, &claims, secret)
    };
    let moments = before..=token::now();
    let tokens = moments.map(|now| {
        let access = mint(now + ACCESS_LIFETIME, ACCESS_SECRET);
        (access, mint(now + REFRESH_LIFETIME, REFRESH_SECRET))
    });
    tokens.collect()
}

/// A refresh token that holds for an hour.
fn refresh_token(subject: impl Into<Value>) -> String {
    let header = json!({ "alg": "HS256", "typ": "JWT" });
    token::with_header(&header, &token::claims(subject), REFRESH_SECRET)
}

/// Status and body, to be compared in one go.
pub(crate) fn said(response: &Response) -> (u16, String) {
    (response.status, response.text())
}

#[track_caller]
fn assert_json(response: &Response, status: u16, body: &str) {
    assert_eq!(said(response), (status, body.to_owned()));
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(
        response.header("content-length"),
        Some(&*body.len().to_string())
    );
}

/// The one header that a refusal has besides: the decision, by which it can be explained.
const DECISION: [&str; 1] = ["x-request-id"];

/// The headers of a response, without those that every answer has.
fn further_headers(response: &Response) -> Vec<&str> {
    let names = response.headers.iter().map(|(name, _)| name.as_str());
    names
        .filter(|name| !["content-type", "content-length", "date"].contains(name))
        .collect()
}
