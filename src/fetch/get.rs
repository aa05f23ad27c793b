//! One look at a key set, wherever it is.

use std::{fs, io, io::Read, path::Path, time::Duration};

use ::http::{Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;

use super::{error::FetchError, settings::Source};
use crate::{clock::Clock, token::key_set::LARGEST, upstream::connect_once};

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(3);

/// How long all of it may take.
const WHOLE: Duration = Duration::from_secs(5);

pub(super) async fn get(source: &Source, clock: Clock) -> Result<Vec<u8>, FetchError> {
    match source {
        Source::File(path) => read(path),
        Source::Url { .. } => match timeout(WHOLE, ask(source, clock)).await {
            Ok(answer) => answer,
            Err(_) => Err(FetchError::Late(WHOLE)),
        },
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

async fn ask(source: &Source, clock: Clock) -> Result<Vec<u8>, FetchError> {
    let Source::Url {
        endpoint,
        authority,
        target,
    } = source
    else {
        return Err(io::Error::from(io::ErrorKind::Unsupported).into());
    };
    let request = Request::get(target.as_str())
        .header(header::HOST, &**authority)
        .header(header::USER_AGENT, "sidegate")
        .header(header::ACCEPT, "application/jwk-set+json, application/json")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())?;
    let stream = connect_once(endpoint, CONNECT, clock.instant()).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async {
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(FetchError::Status(response.status()));
        }
        let body = Limited::new(response.into_body(), LARGEST).collect().await;
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
