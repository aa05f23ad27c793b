//! A stand-in monolith: answers every request with what it received.

use std::{convert::Infallible, io, net::SocketAddr};

use ::http::{HeaderValue, Request, Response, header};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::{Map, Value, json};
use tokio::runtime::Runtime;

/// The monolith, on a runtime and a loopback port of its own; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Monolith {
    address: SocketAddr,
    _runtime: Runtime,
}

impl Monolith {
    pub(super) fn start() -> io::Result<Self> {
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
                let serving = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service_fn(answer));
                handle.spawn(serving);
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

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut headers = Map::new();
    for (name, value) in request.headers() {
        if name != header::AUTHORIZATION {
            let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
            headers.insert(name.to_string(), Value::String(value));
        }
    }
    let seen = json!({
        "monolith": "received",
        "method": request.method().as_str(),
        "target": request.uri().to_string(),
        "headers": headers,
    });
    let mut response = Response::new(Full::new(Bytes::from(format!("{seen:#}\n"))));
    let content_type = HeaderValue::from_static("application/json");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    Ok(response)
}
