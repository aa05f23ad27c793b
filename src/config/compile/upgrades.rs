//! What a route allows besides plain HTTP: other protocols, and the places where their clients put a token.

use super::Findings;
use crate::{
    config::document::routes::{Authorization, Setting, TokenFrom},
    policy::{
        csrf::CsrfPolicy,
        route::{self, Access, QueryToken, TokenCookie, TokenPlaces},
    },
};

/// Speaking HTTP/2 through a tunnel would leave every rule behind.
const NEVER: [&str; 3] = ["h2c", "h2", "http/2.0"];

/// What a route takes that says nothing.
const USUAL: &str = "websocket";

pub(super) fn protocols(
    written: Option<&Setting<'_, Vec<String>>>,
    findings: &mut Findings<'_>,
) -> Vec<Box<str>> {
    let Some(Setting { value, path }) = written else {
        return vec![USUAL.into()];
    };
    let mut protocols = Vec::new();
    for (index, text) in value.iter().enumerate() {
        let path = format!("{path}[{index}]");
        let protocol = text.to_ascii_lowercase();
        if NEVER.contains(&protocol.as_str()) {
            findings.mistake(
                &path,
                "requests inside such a connection would pass every rule by",
                "leave it out: clients speak HTTP/2 to the gateway itself",
            );
        }
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~/".contains(&byte);
        if protocol.is_empty() || !protocol.bytes().all(is_token) {
            findings.mistake(
                &path,
                "this is not a protocol's name",
                "write one such as websocket",
            );
        }
        protocols.push(protocol.into_boxed_str());
    }
    protocols
}

pub(super) fn token_places(
    written: Option<&Setting<'_, TokenFrom>>,
    access: Access,
    csrf: Option<CsrfPolicy>,
    findings: &mut Findings<'_>,
) -> Option<Box<TokenPlaces>> {
    let Setting {
        value: written,
        path,
    } = written?;
    if access == Access::Public {
        findings.mistake(
            path,
            "a public route does not read tokens",
            "write `access: optional` or `required`, or remove this",
        );
    }
    let places = [
        ("cookie", &written.cookie),
        ("websocket_protocol", &written.websocket_protocol),
    ];
    for (key, place) in places {
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        let bad = |text: &String| text.is_empty() || !text.bytes().all(is_token);
        if place.as_ref().is_some_and(bad) {
            findings.mistake(
                &format!("{path}.{key}"),
                "this name has a character that no client can send",
                "use letters, digits, - and _",
            );
        }
    }
    if written.token_cookie.is_some() && written.cookie.is_none() {
        let message = "this is about a cookie that is not named";
        findings.mistake(path, message, "add `cookie: …`, or remove it");
    }
    let text = |place: &Option<String>| place.as_deref().map(Box::from);
    let query = query(written, path, findings);
    Some(Box::new(TokenPlaces {
        cookie: written.cookie.as_deref().map(|name| TokenCookie {
            name: name.into(),
            csrf,
            forwarding: match written.token_cookie {
                Some(Authorization::Remove) => route::Authorization::Remove,
                Some(Authorization::Forward) | None => route::Authorization::Forward,
            },
            renewed_by: None,
        }),
        websocket_protocol: text(&written.websocket_protocol),
        query,
    }))
}

/// A token in a URL is written down by everything that it passes, so somebody has to say that this is known.
fn query(written: &TokenFrom, path: &str, findings: &mut Findings<'_>) -> Option<QueryToken> {
    let Some(name) = written.query.as_deref() else {
        if written.query_tokens.is_some() || written.query_parameter.is_some() {
            let message = "this is about a parameter that is not named";
            findings.mistake(path, message, "add `query: …`, or remove it");
        }
        return None;
    };
    if name.is_empty() {
        let path = format!("{path}.query");
        findings.mistake(
            &path,
            "the parameter has no name",
            "write one such as access_token",
        );
    }
    if written.query_tokens.is_none() {
        findings.mistake(
            &format!("{path}.query"),
            "browsers, proxies and servers write down the tokens in URLs",
            "use a cookie or a header, or say `query_tokens: logged_by_others` beside it",
        );
    }
    Some(QueryToken {
        name: name.into(),
        forwarded: matches!(written.query_parameter, Some(Authorization::Forward)),
    })
}
