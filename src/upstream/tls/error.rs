//! Why TLS to an upstream cannot be set up.

use std::io;

use crate::certificate::CertificateError;

/// One of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// The authorities that verify the upstream.
    Authorities,
    /// The gateway's own certificate.
    Certificate,
    /// The private key of that.
    Key,
}

/// Why the files cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The system refused to read it.
    #[error("this file cannot be read: {source}")]
    Unreadable {
        /// Which one.
        file: File,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It does not hold what it should.
    #[error("{source}")]
    Unusable {
        /// Which one.
        file: File,
        /// What is wrong with it.
        #[source]
        source: CertificateError,
    },
    /// There is nobody to verify the upstream by.
    #[error("the system has no certificates of authorities")]
    NoAuthorities,
    /// The library refuses to be set up.
    #[error("TLS cannot be set up: {0}")]
    Refused(#[from] rustls::Error),
}

impl TlsError {
    /// Which file it is about.
    pub fn file(&self) -> File {
        match self {
            Self::Unreadable { file, .. } | Self::Unusable { file, .. } => *file,
            Self::NoAuthorities | Self::Refused(_) => File::Authorities,
        }
    }
}
