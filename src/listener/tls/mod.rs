//! TLS of a listener: what it presents, whom it trusts, and how both change while it serves.
//!
//! Each handshake takes the configuration of its moment; a connection keeps the one that it began with. Early data is
//! never accepted, since it can be replayed.

mod handshake;
mod headers;
mod load;
mod resolve;

use std::{path::PathBuf, sync::Arc};

use arc_swap::ArcSwap;
use rustls::ServerConfig;

pub(super) use handshake::{HandshakeError, handshake};
pub use headers::{CERTIFICATE_PLACEHOLDERS, CertificateHeaders};
pub use load::{Part, Problem, TlsError, inspect};

use super::settings::Protocols;

/// What the operator says about TLS, compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// At least one; the first is for clients that ask for none of the names.
    pub certificates: Vec<PairFiles>,
    /// Whose certificates clients may present, if they are asked at all.
    pub clients: Option<ClientCertificates>,
    /// The oldest version that is spoken.
    pub minimum_version: MinimumVersion,
    /// What is offered by ALPN.
    pub protocols: Protocols,
}

/// A chain of certificates and the key of its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairFiles {
    /// PEM.
    pub certificate: PathBuf,
    /// PEM.
    pub key: PathBuf,
}

/// What is asked of clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificates {
    /// The authorities in PEM.
    pub authorities: PathBuf,
    /// Whether a client may do without.
    pub presence: Presence,
}

/// Whether something has to be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// What is there has to be good.
    Optional,
    /// It has to be there and good.
    Required,
}

/// The oldest version of TLS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MinimumVersion {
    /// 1.2 and 1.3.
    Tls12,
    /// 1.3 alone.
    Tls13,
}

/// The TLS of one listener, for all cores.
#[derive(Debug)]
pub struct Tls {
    settings: TlsSettings,
    headers: CertificateHeaders,
    current: ArcSwap<ServerConfig>,
}

impl Tls {
    /// Reads the files. `headers` tell the upstream of a client's certificate.
    pub fn open(settings: TlsSettings, headers: CertificateHeaders) -> Result<Self, TlsError> {
        let current = ArcSwap::new(load::load(&settings)?);
        Ok(Self {
            settings,
            headers,
            current,
        })
    }

    /// Reads the files again; connections that begin from now on see the result. On an error everything stays as it is.
    pub fn reload(&self) -> Result<(), TlsError> {
        self.current.store(load::load(&self.settings)?);
        Ok(())
    }

    /// The files that it is made of.
    pub fn files(&self) -> Vec<PathBuf> {
        let pairs = self.settings.certificates.iter();
        let pairs = pairs.flat_map(|pair| [pair.certificate.clone(), pair.key.clone()]);
        let clients = self.settings.clients.iter();
        let authorities = clients.map(|clients| clients.authorities.clone());
        pairs.chain(authorities).collect()
    }

    fn current(&self) -> Arc<ServerConfig> {
        self.current.load_full()
    }
}
