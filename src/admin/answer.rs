//! What each path answers, and to whom.

use ::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;
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
            "/reload" => self.change(&request).await,
            _ => self.tell(&request, shown).await,
        }
    }

    async fn change(&self, request: &Request<Incoming>) -> Response<Full<Bytes>> {
        if request.method() != Method::POST {
            return json(
                StatusCode::METHOD_NOT_ALLOWED,
                &"only POST is answered here",
            );
        }
        let (status, answer) = self.report.reload().await;
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
            _ => json(
                StatusCode::NOT_FOUND,
                &"there are /live, /ready, /metrics and POST /reload",
            ),
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
