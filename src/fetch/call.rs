//! One request to somebody else's server, and its whole answer, whatever its status.

use std::sync::Arc;

use ::http::{Method, Request, StatusCode, Uri, header, request::Builder, uri::PathAndQuery};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::time::timeout;

use super::{
    error::FetchError,
    get::{CONNECT, Wanted},
};
use crate::{
    clock::Clock,
    upstream::{Endpoint, Tls, connect_once},
};

/// How servers of one owner are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transport {
    /// What their certificates are verified by.
    pub tls: Arc<Tls>,
    /// Whether a URL may be one of clear text.
    pub clear_text: bool,
}

/// Where a request goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    endpoint: Endpoint,
    authority: Box<str>,
    target: PathAndQuery,
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    /// Its status. Redirects are not followed.
    pub status: StatusCode,
    /// Its body.
    pub body: Bytes,
}

/// Why a URL is no place for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SiteError {
    /// It cannot be read, or its scheme is another one.
    #[error("this is neither an https:// nor an http:// URL")]
    NoUrl,
    /// It has a user name.
    #[error("a user name and a password are not sent")]
    Credentials,
    /// Its host is no name that a certificate has.
    #[error("no certificate can carry this name")]
    Name,
    /// Clear text was not agreed to.
    #[error("whoever can change what comes back in clear text can sign in as anybody")]
    ClearText,
}

impl Site {
    /// The place that a URL names.
    pub fn parse(url: &str, transport: &Transport) -> Result<Self, SiteError> {
        let uri: Uri = url.parse().map_err(|_| SiteError::NoUrl)?;
        let authority = uri.authority().ok_or(SiteError::NoUrl)?;
        if authority.as_str().contains('@') {
            return Err(SiteError::Credentials);
        }
        let host = authority.host();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let host = host.to_owned();
        let port = authority.port_u16();
        let endpoint = match uri.scheme_str() {
            Some("https") => Endpoint::Tls {
                name: ServerName::try_from(host.clone()).map_err(|_| SiteError::Name)?,
                host,
                port: port.unwrap_or(443),
                tls: Arc::clone(&transport.tls),
            },
            Some("http") if transport.clear_text => Endpoint::Tcp {
                host,
                port: port.unwrap_or(80),
            },
            Some("http") => return Err(SiteError::ClearText),
            Some(_) | None => return Err(SiteError::NoUrl),
        };
        let target = uri.path_and_query().cloned();
        Ok(Self {
            endpoint,
            authority: authority.as_str().into(),
            target: target.unwrap_or(PathAndQuery::from_static("/")),
        })
    }

    /// A request to it, to be completed.
    pub fn request(&self, method: Method) -> Builder {
        Request::builder()
            .method(method)
            .uri(self.target.as_str())
            .header(header::HOST, &*self.authority)
            .header(header::USER_AGENT, "sidegate")
            .header(header::CONNECTION, "close")
    }
}

/// Asks once.
pub async fn call(
    site: &Site,
    request: Request<Full<Bytes>>,
    wanted: Wanted,
    clock: Clock,
) -> Result<Reply, FetchError> {
    let answer = timeout(wanted.patience, exchange(site, request, wanted, clock)).await;
    answer.unwrap_or(Err(FetchError::Late(wanted.patience)))
}

async fn exchange(
    site: &Site,
    request: Request<Full<Bytes>>,
    wanted: Wanted,
    clock: Clock,
) -> Result<Reply, FetchError> {
    let stream = connect_once(&site.endpoint, CONNECT, clock.instant()).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = Limited::new(response.into_body(), wanted.largest);
        let body = body.collect().await.map_err(|_| FetchError::Body)?;
        Ok(Reply {
            status,
            body: body.to_bytes(),
        })
    };
    let driving = async {
        // Its end reaches the exchange, which is waited for in any case.
        drop(connection.await);
        std::future::pending::<std::convert::Infallible>().await
    };
    tokio::select! {
        answer = exchange => answer,
        never = driving => match never {},
    }
}
