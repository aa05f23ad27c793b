//! One look at a key set, or at another document, wherever it is.

use std::{fs, io, io::Read, path::Path, time::Duration};

use ::http::{Request, StatusCode, header, uri::PathAndQuery};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::{error::FetchError, settings::Source};
use crate::{
    clock::Clock,
    token::key_set::LARGEST,
    upstream::{Endpoint, connect_once},
};

/// How long connecting may take.
pub(super) const CONNECT: Duration = Duration::from_secs(3);

/// What is asked for over HTTP, and how much of it is taken.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// The value of Accept.
    pub accept: &'static str,
    /// How many bytes it may have.
    pub largest: usize,
    /// How long all of it may take.
    pub patience: Duration,
}

const KEY_SET: Wanted = Wanted {
    accept: "application/jwk-set+json, application/json",
    largest: LARGEST,
    patience: Duration::from_secs(5),
};

pub(super) async fn get(source: &Source, clock: Clock) -> Result<Vec<u8>, FetchError> {
    match source {
        Source::File(path) => read(path),
        Source::Url {
            endpoint,
            authority,
            target,
        } => ask((endpoint, authority, target), KEY_SET, clock).await,
    }
}

/// One byte more than a set may have says that it is too large.
fn read(path: &Path) -> Result<Vec<u8>, FetchError> {
    // A pipe or a device would be read for ever, or wait for somebody to write.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other("it is not a regular file").into());
    }
    let mut text = Vec::new();
    let limit = u64::try_from(LARGEST).unwrap_or(u64::MAX);
    let mut file = fs::File::open(path)?.take(limit.saturating_add(1));
    file.read_to_end(&mut text)?;
    Ok(text)
}

/// Redirects are not followed: what is trusted is the place that was named.
pub(super) async fn ask(
    place: (&Endpoint, &str, &PathAndQuery),
    wanted: Wanted,
    clock: Clock,
) -> Result<Vec<u8>, FetchError> {
    let answer = timeout(wanted.patience, exchange(place, wanted, clock)).await;
    answer.unwrap_or(Err(FetchError::Late(wanted.patience)))
}

async fn exchange(
    (endpoint, authority, target): (&Endpoint, &str, &PathAndQuery),
    wanted: Wanted,
    clock: Clock,
) -> Result<Vec<u8>, FetchError> {
    let request = Request::get(target.as_str())
        .header(header::HOST, authority)
        .header(header::USER_AGENT, "sidegate")
        .header(header::ACCEPT, wanted.accept)
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    let stream = connect_once(endpoint, CONNECT, clock.instant()).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), wanted.largest)
            .collect()
            .await;
        let body = body.map_err(|_| FetchError::Body)?;
        Ok(body.to_bytes().to_vec())
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
