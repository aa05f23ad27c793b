//! A private key, and the certificate that it belongs to.

use std::{fmt, sync::Arc};

use rustls::{
    InconsistentKeys,
    crypto::{CryptoProvider, aws_lc_rs},
    pki_types::{PrivateKeyDer, pem, pem::PemObject},
    sign::{CertifiedKey, SigningKey},
};

use super::{CertificateError, Chain, Validity};

/// A private key.
pub struct Key(Arc<dyn SigningKey>);

/// A chain and the key of its first certificate: who one is in a TLS handshake.
#[derive(Debug)]
pub struct Pair {
    /// For the handshake.
    pub certified: Arc<CertifiedKey>,
    /// The host names of the certificate in lower case; `*.` may stand for one label.
    pub names: Vec<Box<str>>,
    /// When the certificate holds.
    pub validity: Validity,
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([redacted])")
    }
}

impl Key {
    /// Reads the first key of a PEM text.
    pub fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        let key = PrivateKeyDer::from_pem_slice(text).map_err(|error| {
            if matches!(error, pem::Error::NoItemsFound) {
                CertificateError::NoKey
            } else {
                CertificateError::NotPem
            }
        })?;
        let loaded = provider().key_provider.load_private_key(key);
        loaded.map(Self).map_err(|_| CertificateError::UnusableKey)
    }
}

impl Pair {
    /// Puts a chain and its key together.
    pub fn new(chain: Chain, key: Key) -> Result<Self, CertificateError> {
        let certified = CertifiedKey::new(chain.certificates, key.0);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(Self {
                certified: Arc::new(certified),
                names: chain.names,
                validity: chain.validity,
            }),
            Err(rustls::Error::InconsistentKeys(_)) => Err(CertificateError::Mismatch),
            Err(_) => Err(CertificateError::Unreadable),
        }
    }
}

fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}

#[cfg(test)]
mod tests {
    use rcgen::generate_simple_self_signed;

    use super::*;
    use crate::clock::UnixSeconds;

    fn pair(names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        let made = generate_simple_self_signed(names).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn read(chain: &str, key: &str) -> Result<Pair, String> {
        let chain = Chain::from_pem(chain.as_bytes()).map_err(|error| error.to_string())?;
        let key = Key::from_pem(key.as_bytes()).map_err(|error| error.to_string())?;
        Pair::new(chain, key).map_err(|error| error.to_string())
    }

    #[test]
    fn a_pair_has_the_names_of_its_certificate() {
        let (chain, key) = pair(&["Example.com", "*.Example.com", "192.0.2.1"]);
        let pair = read(&chain, &key).unwrap();
        assert_eq!(
            pair.names,
            ["example.com".into(), "*.example.com".into()] as [Box<str>; 2]
        );
        assert!(pair.validity.contains(UnixSeconds(1_700_000_000)));
        assert!(!format!("{pair:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_is_no_pair_says_why() {
        let (chain, key) = pair(&["a.test"]);
        let (_, other) = pair(&["a.test"]);
        let error = |chain: &str, key: &str| read(chain, key).unwrap_err();
        assert_eq!(
            error(&chain, &other),
            "the private key is not that of the first certificate"
        );
        assert_eq!(error(&key, &key), "there is no certificate in it");
        assert_eq!(error("", &key), "there is no certificate in it");
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert_eq!(error(broken, &key), "a certificate in it cannot be read");
        assert_eq!(error(&chain[..100], &key), "this is not PEM");
        let no_key = "there is no private key in it, or an encrypted one";
        assert_eq!(error(&chain, &chain), no_key);
        let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        assert_eq!(error(&chain, &encrypted), no_key);
        let unusable = key.replace("PRIVATE KEY", "RSA PRIVATE KEY");
        assert_eq!(error(&chain, &unusable), "its private key cannot be used");
    }
}
