//! The operators' listener: is the gateway alive, is it ready, and if not, why.
//!
//! It runs on the control runtime, on an address of its own, and is never part of the public listeners.

use std::{convert::Infallible, net::SocketAddr, sync::Arc};

use ::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

/// How long an operator's request head may take.
const HEAD_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(5);

/// Says why the gateway is not ready.
pub trait Readiness: Send + Sync + 'static {
    /// The reasons; none when it is ready.
    fn reasons(&self) -> impl Future<Output = Vec<String>> + Send;
}

#[derive(Debug, Serialize)]
struct Report {
    ready: bool,
    reasons: Vec<String>,
}

/// Serves until the drain is over.
pub async fn serve<R: Readiness>(
    listener: TcpListener,
    readiness: Arc<R>,
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
                let connection = connection(stream, Arc::clone(&readiness), stop.clone());
                tasks.spawn(connection);
            }
            Err(error) => {
                warn!(%error, "the admin listener cannot accept a connection");
                tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            }
        }
    }
}

async fn connection<R: Readiness>(stream: TcpStream, readiness: Arc<R>, stop: CancellationToken) {
    let service = service_fn(|request| answer(request, Arc::clone(&readiness)));
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

async fn answer<R: Readiness>(
    request: Request<Incoming>,
    readiness: Arc<R>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        return Ok(json(
            StatusCode::METHOD_NOT_ALLOWED,
            &"only GET is answered here",
        ));
    }
    Ok(match request.uri().path() {
        "/live" => json(StatusCode::OK, &"alive"),
        "/ready" => {
            let reasons = readiness.reasons().await;
            let ready = reasons.is_empty();
            let status = if ready {
                StatusCode::OK
            } else {
                StatusCode::SERVICE_UNAVAILABLE
            };
            json(status, &Report { ready, reasons })
        }
        _ => json(StatusCode::NOT_FOUND, &"there are /live and /ready"),
    })
}

fn json(status: StatusCode, body: &impl Serialize) -> Response<Full<Bytes>> {
    // Texts and lists of texts always serialise.
    let mut body = serde_json::to_vec(body).unwrap_or_default();
    body.push(b'\n');
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json");
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
