//! What operators are answered who ask why.

use std::net::{IpAddr, SocketAddr};

use ::http::{HeaderName, HeaderValue, Method, StatusCode};
use indexmap::IndexMap;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio_util::task::TaskTracker;

use crate::{
    clock::Clock,
    http::client_address::PeerAddress,
    membership::Looked,
    pipeline::{
        Decisions, Live,
        explain::{Explanation, Question, explain, of_decision},
    },
    revocation::feed::SecretSeen,
    secret::Secret,
};

/// A question as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    #[serde(default = "get")]
    method: String,
    target: String,
    #[serde(default = "localhost")]
    host: String,
    token: Option<String>,
    client: Option<IpAddr>,
    #[serde(default)]
    headers: IndexMap<String, String>,
}

fn get() -> String {
    "GET".to_owned()
}

fn localhost() -> String {
    "localhost".to_owned()
}

/// The explanation of a decision that is still remembered.
pub(super) fn decision(id: &str, decisions: &Decisions, live: &Live) -> Option<Value> {
    let decision = decisions.find(id, Clock.instant())?;
    Some(json!(of_decision(&decision, live, Clock.unix_seconds())))
}

/// The explanation of a request that nobody has sent. The user's row is looked up where it decides.
pub(super) async fn question(
    asked: &[u8],
    live: &Live,
    tasks: &TaskTracker,
) -> (StatusCode, Value) {
    // An error of the parser would repeat what was sent, and that has a token in it.
    let Ok(asked) = serde_json::from_slice::<Asked>(asked) else {
        let message = "this is no question: method, target, host, token, client, headers";
        return (StatusCode::BAD_REQUEST, Value::from(message));
    };
    let token = asked.token.map(Secret::new);
    let method = Method::from_bytes(asked.method.as_bytes()).ok();
    let host = crate::http::host::parse(&asked.host).ok();
    let headers: Option<Vec<_>> = asked.headers.iter().map(field).collect();
    let (Some(method), Some(host), Some(headers)) = (method, host, headers) else {
        let message = "the method, the host or a header is not possible";
        return (StatusCode::BAD_REQUEST, Value::from(message));
    };
    let mut question = Question {
        method,
        target: &asked.target,
        host: &host,
        headers: &headers,
        token: token.as_ref().map(|token| token.expose().as_str()),
        certificate: None,
        peer: asked.client.map_or(PeerAddress::Unix, |client| {
            PeerAddress::Ip(SocketAddr::new(client, 0))
        }),
        row: None,
        secret: None,
        now: Clock.unix_seconds(),
    };
    let mut explanation = explain(&question, live);
    if let Some(looked) = row(&explanation, live, tasks).await {
        question.row = Some(&looked);
        question.secret = secret(&explanation, live).await;
        explanation = explain(&question, live);
    }
    (StatusCode::OK, json!(explanation))
}

/// The row that decides, if one does. Where the watch is behind, it is the row as it is now, as for a request.
async fn row(explanation: &Explanation, live: &Live, tasks: &TaskTracker) -> Option<Looked> {
    let id = explanation.needs_row_of.as_deref()?;
    let ask = live.revocation.as_ref().and_then(|it| it.ask.as_ref());
    let kept = live.membership.as_ref();
    let membership = kept.filter(|_| !explanation.is_behind).or(ask)?;
    if let Some(looked) = membership.find(id, Clock.instant()) {
        return Some(looked);
    }
    let asked = membership.ask(id, |look_up| drop(tasks.spawn(look_up)));
    Some(asked.await)
}

/// What has become of the user's password, where a request would ask.
async fn secret(explanation: &Explanation, live: &Live) -> Option<SecretSeen> {
    let asked = explanation.needs_row_of.as_deref();
    let asked = asked.filter(|_| explanation.is_behind)?;
    Some(live.revocation.as_ref()?.asking(asked)?.await)
}

fn field((name, value): (&String, &String)) -> Option<(HeaderName, HeaderValue)> {
    let name = HeaderName::try_from(name.as_str()).ok()?;
    Some((name, HeaderValue::try_from(value.as_str()).ok()?))
}
