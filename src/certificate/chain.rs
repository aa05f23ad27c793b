//! A certificate and those that lead to its authority.

use std::ops::RangeInclusive;

use rustls::pki_types::{CertificateDer, pem, pem::PemObject};
use x509_cert::{
    certificate::{CertificateInner, Raw},
    der::Decode,
    ext::pkix::{SubjectAltName, name::GeneralName},
    time::Time,
};

use super::CertificateError;
use crate::clock::UnixSeconds;

/// A certificate as it is presented: the first is whose key is used, the others lead to an authority.
#[derive(Debug)]
pub struct Chain {
    pub(super) certificates: Vec<CertificateDer<'static>>,
    /// The host names of the first certificate in lower case; `*.` may stand for one label.
    pub names: Vec<Box<str>>,
    /// When the first certificate holds.
    pub validity: Validity,
}

/// When a certificate holds, its first and its last second included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validity(RangeInclusive<UnixSeconds>);

impl Validity {
    /// Whether it holds at this time.
    pub fn contains(&self, now: UnixSeconds) -> bool {
        self.0.contains(&now)
    }
}

impl Chain {
    /// Reads the certificates of a PEM text.
    pub fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        let certificates = certificates(text)?;
        let first = certificates
            .first()
            .ok_or(CertificateError::NoCertificate)?;
        let parsed = parse(first)?;
        let tbs = parsed.tbs_certificate();
        let seconds = |time: Time| UnixSeconds(time.to_unix_duration().as_secs());
        let validity = tbs.validity();
        Ok(Self {
            names: host_names(&parsed)?,
            validity: Validity(seconds(validity.not_before)..=seconds(validity.not_after)),
            certificates,
        })
    }
}

/// The certificates of a PEM text; at least one.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let certificates: Result<Vec<_>, pem::Error> = CertificateDer::pem_slice_iter(text).collect();
    let certificates = certificates.map_err(|_| CertificateError::NotPem)?;
    if certificates.is_empty() {
        return Err(CertificateError::NoCertificate);
    }
    Ok(certificates)
}

/// Serial numbers and times are not ours to judge: whoever verifies the certificate does.
pub(super) fn parse(
    certificate: &CertificateDer<'_>,
) -> Result<CertificateInner<Raw>, CertificateError> {
    CertificateInner::from_der(certificate).map_err(|_| CertificateError::Unreadable)
}

/// The alternative names of a certificate.
pub(super) fn alternative_names(
    certificate: &CertificateInner<Raw>,
) -> Result<Vec<GeneralName>, CertificateError> {
    let extension = certificate.tbs_certificate().get_extension();
    let extension: Option<(bool, SubjectAltName)> =
        extension.map_err(|_| CertificateError::Unreadable)?;
    Ok(extension.map_or_else(Vec::new, |(_critical, names)| names.0))
}

fn host_names(certificate: &CertificateInner<Raw>) -> Result<Vec<Box<str>>, CertificateError> {
    let names = alternative_names(certificate)?;
    let names = names.into_iter().filter_map(|name| match name {
        GeneralName::DnsName(name) => Some(name.as_str().to_ascii_lowercase().into()),
        GeneralName::OtherName(_)
        | GeneralName::Rfc822Name(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::UniformResourceIdentifier(_)
        | GeneralName::IpAddress(_)
        | GeneralName::RegisteredId(_) => None,
    });
    Ok(names.collect())
}
