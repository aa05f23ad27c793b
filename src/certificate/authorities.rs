//! Whom certificates are verified by.

use rustls::RootCertStore;

use super::{CertificateError, chain};

/// The authorities of a PEM text. One that cannot be used is an error: with a part of them missing, those that the
/// others have signed would be refused.
pub fn authorities(text: &[u8]) -> Result<RootCertStore, CertificateError> {
    let mut store = RootCertStore::empty();
    for certificate in chain::certificates(text)? {
        store
            .add(certificate)
            .map_err(|_| CertificateError::NoAuthority)?;
    }
    Ok(store)
}
