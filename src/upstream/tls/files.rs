//! The files that TLS to an upstream is made of.

use std::{
    fs, io,
    io::Read,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    client::{ResolvesClientCert, WebPkiServerVerifier},
    crypto::aws_lc_rs,
    sign::SingleCertAndKey,
};
use zeroize::Zeroizing;

use super::error::{File, TlsError};
use crate::certificate::{CertificateError, Chain, Key, Pair, authorities};

/// The largest file that is read.
const LARGEST: u64 = 4 * 1024 * 1024;

/// Where certificates and keys are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The authorities that may have signed the upstream's certificate; `None` takes those of the system.
    pub authorities: Option<PathBuf>,
    /// The gateway's own certificate and its key, for upstreams that ask for one.
    pub pair: Option<(PathBuf, PathBuf)>,
}

/// What tells that a file has changed. Reading the clock's time alone would miss a file that was moved into place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    modified: (i64, i64),
    length: u64,
}

/// The stamps of all files; `None` where there is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamps(Vec<Option<Stamp>>);

impl TlsFiles {
    /// Where a file is, for the log.
    pub(super) fn path(&self, file: File) -> String {
        let path = match file {
            File::Authorities => self.authorities.as_ref(),
            File::Certificate => self.pair.as_ref().map(|(certificate, _)| certificate),
            File::Key => self.pair.as_ref().map(|(_, key)| key),
        };
        path.map_or_else(String::new, |path| path.display().to_string())
    }

    pub(super) fn stamps(&self) -> Stamps {
        let pair = self.pair.iter().flat_map(|(chain, key)| [chain, key]);
        let paths = self.authorities.iter().chain(pair);
        Stamps(paths.map(|path| stamp(path)).collect())
    }

    pub(super) fn read(&self) -> Result<ClientConfig, TlsError> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let verifier = WebPkiServerVerifier::builder_with_provider(
            Arc::new(self.read_authorities()?),
            Arc::clone(&provider),
        );
        let verifier = verifier.build().map_err(|_| TlsError::NoAuthorities)?;
        let builder =
            ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        let builder = builder.with_webpki_verifier(verifier);
        Ok(match self.read_pair()? {
            Some(own) => builder.with_client_cert_resolver(own),
            None => builder.with_no_client_auth(),
        })
    }

    fn read_authorities(&self) -> Result<RootCertStore, TlsError> {
        if let Some(path) = &self.authorities {
            let text = read(path, File::Authorities)?;
            return authorities(&text).map_err(unusable(File::Authorities));
        }
        let mut store = RootCertStore::empty();
        // The system may have some that are broken or too old: those verify nobody.
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if store.is_empty() {
            return Err(TlsError::NoAuthorities);
        }
        Ok(store)
    }

    fn read_pair(&self) -> Result<Option<Arc<dyn ResolvesClientCert>>, TlsError> {
        let Some((chain, key)) = &self.pair else {
            return Ok(None);
        };
        let chain = read(chain, File::Certificate)?;
        let chain = Chain::from_pem(&chain).map_err(unusable(File::Certificate))?;
        let key = read(key, File::Key)?;
        let key = Key::from_pem(&key).map_err(unusable(File::Key))?;
        let pair = Pair::new(chain, key).map_err(unusable(File::Key))?;
        Ok(Some(Arc::new(SingleCertAndKey::from(pair.certified))))
    }
}

fn unusable(file: File) -> impl Fn(CertificateError) -> TlsError {
    move |source| TlsError::Unusable { file, source }
}

fn read(path: &Path, file: File) -> Result<Zeroizing<Vec<u8>>, TlsError> {
    let mut text = Zeroizing::new(Vec::new());
    let reading = fs::metadata(path).and_then(|metadata| {
        // A pipe or a device would be read for ever, or wait for somebody to write.
        if !metadata.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        fs::File::open(path)?.take(LARGEST).read_to_end(&mut text)
    });
    match reading {
        Ok(_) => Ok(text),
        Err(source) => Err(TlsError::Unreadable { file, source }),
    }
}

fn stamp(path: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(path).ok()?;
    Some(Stamp {
        inode: metadata.ino(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        length: metadata.len(),
    })
}
