//! The operators' listener: is the gateway alive, is it ready, and if not, why; what it has counted; why a request was
//! refused; the sessions of a user, and their end; and `POST /reload`.
//!
//! It runs on the control runtime, on an address of its own, and is never part of the public listeners. Who may ask
//! what is the business of `access`.

mod access;
mod answer;
mod settings;

use std::{convert::Infallible, sync::Arc, time::Duration};

use ::http::StatusCode;
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::Value;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::Semaphore,
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::warn;

pub use access::Access;
pub use settings::{MetricsAccess, Settings, TokenSource};

use crate::listener::{OperatorStream, Operators};
use access::Way;

/// How long an operator's request head may take.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);

/// The most connections at once; further ones wait in the system's queue.
const MOST_CONNECTIONS: usize = 128;

/// What operators can ask for.
pub trait Report: Send + Sync + 'static {
    /// Why the gateway is not ready; nothing when it is.
    fn reasons(&self) -> impl Future<Output = Vec<String>> + Send;

    /// Which configuration is in effect, since when, and whether the file says something else.
    fn configuration(&self) -> Value;

    /// What has been counted, as OpenMetrics text.
    fn metrics(&self) -> String;

    /// Why something was decided; nothing where that is not remembered.
    fn decision(&self, id: &str) -> Option<Value>;

    /// What would happen to a request, which is described in JSON.
    fn explain(&self, question: &[u8]) -> impl Future<Output = (StatusCode, Value)> + Send;

    /// The open sessions of a user, by the id of the row.
    fn sessions(&self, user: &str) -> impl Future<Output = (StatusCode, Value)> + Send;

    /// Ends all sessions of a user.
    fn end_sessions(&self, user: &str) -> impl Future<Output = (StatusCode, Value)> + Send;

    /// Reads the configuration again. When it returns, whatever came of it is in effect on every core.
    fn reload(&self) -> impl Future<Output = (StatusCode, Value)> + Send;
}

/// Serves until the drain is over.
pub async fn serve<R: Report>(
    operators: Operators,
    desk: Desk<R>,
    tasks: TaskTracker,
    stop: CancellationToken,
) {
    let room = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let desk = Arc::new(desk);
    loop {
        let accepted = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, operators.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            () = stop.cancelled() => return,
            accepted = accepted => accepted,
        };
        match accepted {
            Ok(stream) => {
                let connection = connection(stream, Arc::clone(&desk));
                let until = stop.clone().run_until_cancelled_owned(connection);
                tasks.spawn(async move {
                    until.await;
                    drop(permit);
                });
            }
            Err(error) => {
                warn!(%error, "the admin listener cannot accept a connection");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// What is asked of operators, and who answers them.
#[derive(Debug)]
pub struct Desk<R> {
    /// What is asked of operators.
    pub access: Access,
    /// Who answers.
    pub report: Arc<R>,
}

async fn connection<R: Report>(stream: OperatorStream, desk: Arc<Desk<R>>) {
    match stream {
        OperatorStream::Tcp(stream) => exchange(stream, Way::Network, desk).await,
        OperatorStream::Unix(stream) => exchange(stream, Way::File, desk).await,
    }
}

async fn exchange<S, R>(stream: S, way: Way, desk: Arc<Desk<R>>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    R: Report,
{
    let service = service_fn(|request| {
        let desk = Arc::clone(&desk);
        async move { Ok::<_, Infallible>(desk.answer(request, way).await) }
    });
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service);
    // An error here is the operator's client going away.
    drop(serving.await);
}
