//! Who a verified certificate says its holder is.

use std::{fmt::Write, net::IpAddr};

use aws_lc_rs::digest::{SHA256, digest};
use rustls::pki_types::CertificateDer;
use x509_cert::{ext::pkix::name::GeneralName, name::Name};

use super::{CertificateError, chain};

/// The holder of a certificate. All of it is ASCII without control characters, fit for a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The subject as RFC 4514 writes it, such as `CN=billing,O=Example`.
    pub subject: Box<str>,
    /// The alternative names, such as `DNS:billing.internal` or `URI:spiffe://example/billing`.
    pub names: Vec<Box<str>>,
    /// SHA-256 of the certificate in hexadecimal digits.
    pub fingerprint: Box<str>,
}

impl Identity {
    /// Reads the first certificate of a PEM text.
    pub fn from_pem(text: &[u8]) -> Result<Self, CertificateError> {
        let certificates = chain::certificates(text)?;
        let first = certificates.first();
        Self::of(first.ok_or(CertificateError::NoCertificate)?)
    }

    /// Reads a certificate that somebody has verified.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, CertificateError> {
        let parsed = chain::parse(certificate)?;
        let names = chain::alternative_names(&parsed)?;
        Ok(Self {
            subject: subject(parsed.tbs_certificate().subject()),
            names: names.iter().filter_map(alternative_name).collect(),
            fingerprint: hexadecimal(digest(&SHA256, certificate).as_ref()),
        })
    }
}

/// What is not ASCII is escaped byte by byte, as section 2.4 allows.
fn subject(name: &Name) -> Box<str> {
    let written = name.to_string();
    let mut subject = String::with_capacity(written.len());
    for character in written.chars() {
        if character.is_ascii() {
            subject.push(character);
        } else {
            for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                push_escaped(&mut subject, '\\', byte);
            }
        }
    }
    subject.into()
}

/// Names of other kinds are left out: nobody could compare them.
fn alternative_name(name: &GeneralName) -> Option<Box<str>> {
    let text = match name {
        GeneralName::DnsName(name) => format!("DNS:{}", name.as_str()),
        GeneralName::Rfc822Name(name) => format!("email:{}", name.as_str()),
        GeneralName::UniformResourceIdentifier(name) => format!("URI:{}", name.as_str()),
        GeneralName::IpAddress(bytes) => format!("IP:{}", ip(bytes.as_bytes())?),
        GeneralName::OtherName(_)
        | GeneralName::DirectoryName(_)
        | GeneralName::EdiPartyName(_)
        | GeneralName::RegisteredId(_) => return None,
    };
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then(|| text.into())
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    let four = <[u8; 4]>::try_from(bytes).map(IpAddr::from);
    four.or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

fn hexadecimal(bytes: &[u8]) -> Box<str> {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        // INVARIANT: writing to a String cannot fail.
        write!(text, "{byte:02x}").expect("a text grows");
    }
    text.into()
}

fn push_escaped(text: &mut String, mark: char, byte: u8) {
    // INVARIANT: writing to a String cannot fail.
    write!(text, "{mark}{byte:02X}").expect("a text grows");
}

#[cfg(test)]
mod tests {
    use std::net::Ipv6Addr;

    use rcgen::{CertificateParams, DistinguishedName, DnType, KeyPair, SanType};

    use super::*;

    fn identity(common_name: &str, names: Vec<SanType>) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let subject = &mut params.distinguished_name;
        subject.push(DnType::OrganizationName, "Example, Inc.");
        subject.push(DnType::CommonName, common_name);
        params.subject_alt_names = names;
        let key = KeyPair::generate().unwrap();
        Identity::of(params.self_signed(&key).unwrap().der()).unwrap()
    }

    #[test]
    fn a_subject_is_written_as_rfc_4514_does() {
        let identity = identity("billing", Vec::new());
        assert_eq!(&*identity.subject, r"CN=billing,O=Example\, Inc.");
        assert_eq!(identity.fingerprint.len(), 64);
    }

    #[test]
    fn a_subject_can_neither_end_a_header_nor_leave_ascii() {
        let identity = identity("a\r\nX-User-Id: 1,CN=b\u{e9}\u{202e}", Vec::new());
        assert_eq!(
            &*identity.subject,
            r"CN=a\0d\0aX-User-Id: 1\,CN=b\C3\A9\E2\80\AE,O=Example\, Inc."
        );
    }

    #[test]
    fn alternative_names_say_what_they_are() {
        let text = |text: &str| text.try_into().unwrap();
        let identity = identity(
            "a",
            vec![
                SanType::DnsName(text("a.test")),
                SanType::Rfc822Name(text("a@a.test")),
                SanType::URI(text("spiffe://a/b")),
                SanType::IpAddress(Ipv6Addr::LOCALHOST.into()),
                SanType::URI(text("x:a b")),
            ],
        );
        let names: Vec<&str> = identity.names.iter().map(AsRef::as_ref).collect();
        assert_eq!(
            names,
            ["DNS:a.test", "email:a@a.test", "URI:spiffe://a/b", "IP:::1"]
        );
    }
}
