//! The operators' listener: is the gateway alive, is it ready, and if not, why; and what it has counted; and `POST /reload`.
//!
//! It runs on the control runtime, on an address of its own, and is never part of the public listeners.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use ::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

/// How long an operator's request head may take.
const HEAD_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// The media type of OpenMetrics text.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// What operators can ask for.
pub trait Report: Send + Sync + 'static {
    /// Why the gateway is not ready; nothing when it is.
    fn reasons(&self) -> impl Future<Output = Vec<String>> + Send;

    /// Which configuration is in effect, since when, and whether the file says something else.
    fn configuration(&self) -> Value;

    /// What has been counted, as OpenMetrics text.
    fn metrics(&self) -> String;

    /// Reads the configuration again. When it returns, whatever came of it is in effect on every core.
    fn reload(&self) -> impl Future<Output = (StatusCode, Value)> + Send;
}

#[derive(Debug, Serialize)]
struct Readiness {
    ready: bool,
    reasons: Vec<String>,
    config: Value,
}

/// Serves until the drain is over.
pub async fn serve<R: Report>(
    listener: TcpListener,
    report: Arc<R>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _peer)) => {
                let connection = connection(stream, Arc::clone(&report), stop.clone());
                tasks.spawn(connection);
            }
            Err(error) => {
                warn!(%error, "the admin listener cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection<R: Report>(stream: TcpStream, report: Arc<R>, stop: CancellationToken) {
    let service = service_fn(|request| answer(request, Arc::clone(&report)));
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        () = stop.cancelled() => {}
        // An error here is the operator's client going away.
        _ = serving => {}
    }
}

async fn answer<R: Report>(
    request: Request<Incoming>,
    report: Arc<R>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path();
    if path == "/reload" {
        return Ok(match *request.method() {
            Method::POST => {
                let (status, answer) = report.reload().await;
                json(status, &answer)
            }
            _ => json(
                StatusCode::METHOD_NOT_ALLOWED,
                &"only POST is answered here",
            ),
        });
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Ok(json(
            StatusCode::METHOD_NOT_ALLOWED,
            &"only GET is answered here",
        ));
    }
    Ok(match path {
        "/live" => json(StatusCode::OK, &"alive"),
        "/ready" => {
            let reasons = report.reasons().await;
            let ready = reasons.is_empty();
            let status = if ready {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            let config = report.configuration();
            json(
                status,
                &Readiness {
                    ready,
                    reasons,
                    config,
                },
            )
        }
        "/metrics" => respond(report.metrics(), OPEN_METRICS),
        _ => json(
            StatusCode::NOT_FOUND,
            &"there are /live, /ready, /metrics and POST /reload",
        ),
    })
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
    let content_type = HeaderValue::from_static(content_type);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// Opens the socket.
pub fn listen(listener: std::net::TcpListener) -> std::io::Result<(TcpListener, SocketAddr)> {
    let address = listener.local_addr()?;
    Ok((TcpListener::from_std(listener)?, address))
}
