//! What each path answers, and to whom.

use std::time::Duration;

use ::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use serde::Serialize;
use serde_json::Value;

use super::{
    Desk, Report,
    access::{PENALTY, Shown, Way},
    settings::MetricsAccess,
};

/// The media type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The largest question: a request's head fits.
const LARGEST_QUESTION: usize = 128 * 1024;

/// How long a question may take.
const BODY_TIMEOUT: Duration = Duration::from_secs(5);

const PATHS: &str = "there are /live, /ready, /metrics, /explain/ID, /users/ID/sessions, POST /users/ID/end-sessions, POST /explain and POST /reload";

const FORGOTTEN: &str = "no decision with this id is remembered: it is too old, was no refusal, or is another gateway's";

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    #[serde(flatten)]
    details: Option<Details>,
}

/// For those who have the token.
#[derive(Debug, Serialize)]
struct Details {
    reasons: Vec<String>,
    config: Value,
}

impl<R: Report> Desk<R> {
    pub(super) async fn answer(
        &self,
        request: Request<Incoming>,
        way: Way,
    ) -> Response<Full<Bytes>> {
        if let Err(suspicion) = self.access.check_page(request.headers(), way) {
            return json(StatusCode::FORBIDDEN, &suspicion.to_string());
        }
        let shown = self.access.shown(request.headers());
        if shown == Shown::WrongToken {
            tokio::time::sleep(PENALTY).await;
            return unauthorized("the token is not the one of this gateway");
        }
        let is_open = match request.uri().path() {
            "/live" | "/ready" => true,
            "/metrics" => self.access.metrics() == MetricsAccess::Open,
            _ => false,
        };
        if shown == Shown::Nothing && !is_open {
            return unauthorized(
                "a token is needed; the log of the start says in which file it is",
            );
        }
        match request.uri().path() {
            "/reload" | "/explain" => self.post(request).await,
            path => match user_of(path) {
                Some((user, what)) => self.user(request.method(), &user, what).await,
                None => self.tell(&request, shown).await,
            },
        }
    }

    async fn user(&self, method: &Method, user: &str, what: OfUser) -> Response<Full<Bytes>> {
        let (status, answer) = match (what, method) {
            (OfUser::Sessions, &Method::GET) => self.report.sessions(user).await,
            (OfUser::End, &Method::POST) => self.report.end_sessions(user).await,
            (OfUser::Sessions | OfUser::End, _) => {
                let message = "GET shows /users/ID/sessions, POST does /users/ID/end-sessions";
                (StatusCode::METHOD_NOT_ALLOWED, Value::from(message))
            }
        };
        json(status, &answer)
    }

    async fn post(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::POST {
            let message = "only POST is answered here; GET /explain/ID tells of a decision";
            return json(StatusCode::METHOD_NOT_ALLOWED, &message);
        }
        let (status, answer) = if request.uri().path() == "/reload" {
            self.report.reload().await
        } else {
            let body = Limited::new(request.into_body(), LARGEST_QUESTION);
            let body = tokio::time::timeout(BODY_TIMEOUT, body.collect()).await;
            if let Ok(Ok(body)) = body {
                self.report.explain(&body.to_bytes()).await
            } else {
                let message = "the question is too long, or did not come whole";
                (StatusCode::BAD_REQUEST, Value::from(message))
            }
        };
        json(status, &answer)
    }

    async fn tell(&self, request: &Request<Incoming>, shown: Shown) -> Response<Full<Bytes>> {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            return json(StatusCode::METHOD_NOT_ALLOWED, &"only GET is answered here");
        }
        match request.uri().path() {
            "/live" => json(StatusCode::OK, &"alive"),
            "/ready" => self.readiness(shown).await,
            "/metrics" => respond(self.report.metrics(), OPEN_METRICS),
            path => match path.strip_prefix("/explain/") {
                Some(id) => self.decision(id),
                None => json(StatusCode::NOT_FOUND, &PATHS),
            },
        }
    }

    fn decision(&self, id: &str) -> Response<Full<Bytes>> {
        match self.report.decision(id) {
            Some(explanation) => json(StatusCode::OK, &explanation),
            None => json(StatusCode::NOT_FOUND, &FORGOTTEN),
        }
    }

    async fn readiness(&self, shown: Shown) -> Response<Full<Bytes>> {
        let reasons = self.report.reasons().await;
        let ready = reasons.is_empty();
        let status = if ready {
            StatusCode::OK
        } else {
            StatusCode::SERVICE_UNAVAILABLE
        };
        let details = (shown == Shown::Token).then(|| Details {
            reasons,
            config: self.report.configuration(),
        });
        json(status, &Readiness { ready, details })
    }
}

/// What is asked of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OfUser {
    Sessions,
    End,
}

/// Whose sessions a path is about. An id may have any bytes, percent-encoded.
fn user_of(path: &str) -> Option<(String, OfUser)> {
    let (user, what) = path.strip_prefix("/users/")?.split_once('/')?;
    let what = match what {
        "sessions" => OfUser::Sessions,
        "end-sessions" => OfUser::End,
        _ => return None,
    };
    let user = percent_encoding::percent_decode_str(user).decode_utf8();
    Some((user.ok()?.into_owned(), what))
}

fn unauthorized(message: &str) -> Response<Full<Bytes>> {
    let mut response = json(StatusCode::UNAUTHORIZED, &message);
    let challenge = HeaderValue::from_static("Bearer");
    response
        .headers_mut()
        .insert(header::WWW_AUTHENTICATE, challenge);
    response
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    // Texts and lists of texts always serialise.
    let mut body = serde_json::to_vec(body).unwrap_or_default();
    body.push(b'\n');
    let mut response = respond(body, "application/json");
    *response.status_mut() = status;
    response
}

fn respond(body: impl Into<Bytes>, content_type: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
