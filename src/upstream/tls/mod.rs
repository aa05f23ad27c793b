//! TLS to an upstream. Its certificate is always verified.
//!
//! All cores share what is made of the files: they are read again when they have changed and a connection is made. What
//! cannot be used is said once and leaves everything as it was.

mod error;
mod files;

use std::{
    fmt, io,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use rustls::{ClientConfig, pki_types::ServerName};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};
use tracing::{info, warn};

pub use error::{File, TlsError};
use files::Stamps;
pub use files::TlsFiles;

/// How often the files are looked at, at most.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Which protocols the upstream may choose from (RFC 7301).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Offer {
    Http1,
    Http2,
    Either,
}

/// TLS to one upstream.
pub struct Tls {
    files: TlsFiles,
    state: Mutex<State>,
}

struct State {
    config: Arc<ClientConfig>,
    stamps: Stamps,
    looked: Option<Instant>,
}

impl Offer {
    fn names(self) -> Vec<Vec<u8>> {
        let names: &[&[u8]] = match self {
            Self::Http1 => &[b"http/1.1"],
            Self::Http2 => &[b"h2"],
            Self::Either => &[b"h2", b"http/1.1"],
        };
        names.iter().map(|name| name.to_vec()).collect()
    }
}

impl Tls {
    /// Reads the files.
    pub fn load(files: TlsFiles) -> Result<Self, TlsError> {
        // Before the files: a change between the two is seen at the next look.
        let stamps = files.stamps();
        let config = Arc::new(files.read()?);
        let state = State {
            config,
            stamps,
            looked: None,
        };
        Ok(Self {
            files,
            state: Mutex::new(state),
        })
    }

    /// Does the handshake. Nothing has been sent before it, and nothing that came before it is read.
    pub(super) async fn connect(
        &self,
        name: &ServerName<'static>,
        stream: TcpStream,
        offer: Offer,
        now: Instant,
    ) -> io::Result<TlsStream<TcpStream>> {
        let connector = TlsConnector::from(self.config(now));
        let connector = connector.with_alpn(offer.names());
        connector.connect(name.clone(), stream).await
    }

    fn config(&self, now: Instant) -> Arc<ClientConfig> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let looked_lately = |looked| now.saturating_duration_since(looked) < LOOK_EVERY;
        if !state.looked.is_some_and(looked_lately) {
            state.looked = Some(now);
            self.reload(&mut state);
        }
        Arc::clone(&state.config)
    }

    fn reload(&self, state: &mut State) {
        let stamps = self.files.stamps();
        if stamps == state.stamps {
            return;
        }
        state.stamps = stamps;
        match self.files.read() {
            Ok(config) => {
                state.config = Arc::new(config);
                info!("the TLS files of an upstream have changed and are used");
            }
            Err(error) => warn!(
                file = self.files.path(error.file()),
                %error,
                "a TLS file of an upstream cannot be used: all stays as it was"
            ),
        }
    }
}

/// By the files that it is made of, whatever they held when they were read.
impl PartialEq for Tls {
    fn eq(&self, other: &Self) -> bool {
        self.files == other.files
    }
}

impl Eq for Tls {}

impl fmt::Debug for Tls {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut tls = formatter.debug_struct("Tls");
        tls.field("files", &self.files).finish_non_exhaustive()
    }
}
