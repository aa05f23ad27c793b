//! From files to a configuration of the TLS library.

use std::{
    fs,
    io::{self, Read},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ServerConfig, SupportedProtocolVersion,
    crypto::aws_lc_rs::{Ticketer, default_provider},
    server::{NoServerSessionStorage, WebPkiClientVerifier, danger::ClientCertVerifier},
    version::{TLS12, TLS13},
};
use zeroize::Zeroizing;

use super::{
    ClientCertificates, MinimumVersion, PairFiles, Presence, TlsSettings, resolve::Certificates,
};
use crate::{
    certificate::{CertificateError, Chain, Key, Pair, Validity, authorities},
    listener::Protocols,
};

/// The largest file that is read; a bundle of all public authorities has a quarter of a megabyte.
const LARGEST: u64 = 4 * 1024 * 1024;

/// A file cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct TlsError {
    /// What it is for.
    pub part: Part,
    /// Where it is.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What a file is for; the numbers are those of the pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// A chain of certificates.
    Certificate(usize),
    /// The key of one.
    Key(usize),
    /// Who signs the certificates of clients.
    Authorities,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    /// The system would not give it.
    #[error("it cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It does not hold what it should.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The TLS library refused what it holds.
    #[error("what it holds cannot be used")]
    Unusable,
}

type ReadFile<'a> = &'a dyn Fn(&Path) -> io::Result<Vec<u8>>;

/// Reads a file as the gateway does.
fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    let mut content = Vec::new();
    fs::File::open(path)?
        .take(LARGEST)
        .read_to_end(&mut content)?;
    Ok(content)
}

/// Reads every file by `read`, to say when each certificate holds and what is wrong.
pub fn inspect(settings: &TlsSettings, read: ReadFile<'_>) -> Vec<Result<Validity, TlsError>> {
    let pairs = pairs(settings, read).map(|pair| pair.map(|pair| pair.validity));
    let clients = settings.clients.as_ref();
    let wrong = clients.and_then(|clients| verifier(clients, read).err());
    pairs.chain(wrong.map(Err)).collect()
}

/// Reads every file and makes of them what handshakes need.
pub(super) fn load(settings: &TlsSettings) -> Result<Arc<ServerConfig>, TlsError> {
    let pairs = pairs(settings, &read_file).collect::<Result<_, _>>()?;
    let verifier = match &settings.clients {
        Some(clients) => verifier(clients, &read_file)?,
        None => WebPkiClientVerifier::no_client_auth(),
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_protocol_versions(&versions(settings.minimum_version))
        .map_err(|_| unusable(settings))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(Certificates::new(pairs)));
    config.alpn_protocols = alpn(settings.protocols);
    if settings.clients.is_some() {
        // A resumed session is not verified again: a certificate that has expired since would still be good.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    } else {
        // The client keeps its session, under a key of this configuration that changes every few hours.
        config.ticketer = Ticketer::new().map_err(|_| unusable(settings))?;
    }
    Ok(Arc::new(config))
}

fn unusable(settings: &TlsSettings) -> TlsError {
    let first = settings.certificates.first();
    TlsError {
        part: Part::Certificate(0),
        path: first.map_or_else(PathBuf::new, |pair| pair.certificate.clone()),
        problem: Problem::Unusable,
    }
}

fn pairs(
    settings: &TlsSettings,
    read: ReadFile<'_>,
) -> impl Iterator<Item = Result<Pair, TlsError>> {
    let files = settings.certificates.iter().enumerate();
    files.map(move |(index, PairFiles { certificate, key })| {
        let chain = content(Part::Certificate(index), certificate, read, Chain::from_pem)?;
        let loaded = content(Part::Key(index), key, read, Key::from_pem)?;
        Pair::new(chain, loaded).map_err(|error| TlsError {
            part: Part::Key(index),
            path: key.clone(),
            problem: error.into(),
        })
    })
}

/// What a file holds.
fn content<T>(
    part: Part,
    path: &Path,
    read: ReadFile<'_>,
    parse: impl FnOnce(&[u8]) -> Result<T, CertificateError>,
) -> Result<T, TlsError> {
    let content = read(path).map(Zeroizing::new).map_err(Problem::from);
    let parsed = content.and_then(|content| Ok(parse(&content)?));
    parsed.map_err(|problem| TlsError {
        part,
        path: path.to_owned(),
        problem,
    })
}

fn verifier(
    clients: &ClientCertificates,
    read: ReadFile<'_>,
) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    let path = &clients.authorities;
    let roots = content(Part::Authorities, path, read, authorities)?;
    let provider = Arc::new(default_provider());
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
    let builder = match clients.presence {
        Presence::Required => builder,
        Presence::Optional => builder.allow_unauthenticated(),
    };
    builder.build().map_err(|_| TlsError {
        part: Part::Authorities,
        path: path.clone(),
        problem: Problem::Unusable,
    })
}

fn versions(minimum: MinimumVersion) -> Vec<&'static SupportedProtocolVersion> {
    match minimum {
        MinimumVersion::Tls12 => vec![&TLS13, &TLS12],
        MinimumVersion::Tls13 => vec![&TLS13],
    }
}

fn alpn(protocols: Protocols) -> Vec<Vec<u8>> {
    match protocols {
        Protocols::Http1 => vec![b"http/1.1".to_vec()],
        Protocols::Http2 => vec![b"h2".to_vec()],
        Protocols::Both => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    }
}
