//! A stand-in monolith: bans and releases users in its table, and answers every other request with what it received.

use std::{convert::Infallible, future::ready, io, net::SocketAddr, sync::Arc};

use ::http::{HeaderValue, Method, Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

use super::users::Users;

/// The monolith, on a runtime and a loopback port of its own; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Monolith {
    address: SocketAddr,
    _runtime: Runtime,
}

impl Monolith {
    pub(super) fn start(users: Arc<Users>) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("monolith")
            .enable_all()
            .build()?;
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))?;
        let address = listener.local_addr()?;
        // Both kinds of task end with this runtime.
        let handle = runtime.handle().clone();
        runtime.spawn(async move {
            while let Ok((stream, _peer)) = listener.accept().await {
                let users = Arc::clone(&users);
                let answer = move |request| ready(Ok::<_, Infallible>(answer(&request, &users)));
                let serving = http1::Builder::new();
                handle.spawn(serving.serve_connection(TokioIo::new(stream), service_fn(answer)));
            }
        });
        Ok(Self {
            address,
            _runtime: runtime,
        })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

fn answer(request: &Request<Incoming>, users: &Users) -> Response<Full<Bytes>> {
    let (status, seen) = match restriction(request) {
        Some((id, restricted)) => restrict(users, id, restricted),
        None => (StatusCode::OK, echo(request)),
    };
    let mut response = Response::new(Full::new(Bytes::from(format!("{seen:#}\n"))));
    *response.status_mut() = status;
    let content_type = HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// Who is to be banned or released, by the routes that the real one has for its administrators.
fn restriction(request: &Request<Incoming>) -> Option<(i64, bool)> {
    let rest = request.uri().path().strip_prefix("/admin/users/")?;
    let id = rest.strip_suffix("/restriction")?.parse().ok()?;
    match *request.method() {
        Method::POST => Some((id, true)),
        Method::DELETE => Some((id, false)),
        _ => None,
    }
}

fn restrict(users: &Users, id: i64, restricted: bool) -> (StatusCode, Value) {
    match users.restrict(id, restricted) {
        Ok(true) => (
            StatusCode::OK,
            json!({ "id": id, "is_restricted": restricted }),
        ),
        Ok(false) => (
            StatusCode::NOT_FOUND,
            json!({ "detail": "there is no such user" }),
        ),
        Err(_) => (
            StatusCode::INTERNAL_SERVER_ERROR,
            json!({ "detail": "the table could not be written" }),
        ),
    }
}

fn echo(request: &Request<Incoming>) -> Value {
    let mut headers = Map::new();
    for (name, value) in request.headers() {
        if name != header::AUTHORIZATION {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.insert(name.to_string(), Value::String(value));
        }
    }
    json!({
        "monolith": "received",
        "method": request.method().as_str(),
        "target": request.uri().to_string(),
        "headers": headers,
    })
}
