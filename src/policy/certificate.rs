//! Which client certificates a route wants.

use crate::certificate::Identity;

/// A rule about the certificate that a client has presented and that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertificateRule {
    /// Anybody's.
    Any,
    /// With one of these subjects, as RFC 4514 writes them.
    Subjects(Vec<Box<str>>),
    /// With one of these alternative names.
    Names(Vec<Box<str>>),
    /// One of these.
    Fingerprints(Vec<Box<str>>),
}

impl CertificateRule {
    /// Whether this client may use the route. Texts are compared as they are written.
    pub fn admits(&self, client: Option<&Identity>) -> bool {
        let Some(client) = client else {
            return false;
        };
        match self {
            Self::Any => true,
            Self::Subjects(subjects) => subjects.contains(&client.subject),
            Self::Names(names) => client.names.iter().any(|name| names.contains(name)),
            Self::Fingerprints(fingerprints) => fingerprints.contains(&client.fingerprint),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_who_its_rule_names_or_nobody() {
        let client = Identity {
            subject: "CN=billing,O=Example".into(),
            names: vec![
                "DNS:billing.test".into(),
                "URI:spiffe://example/billing".into(),
            ],
            fingerprint: "ab".into(),
        };
        let names = |names: &[&str]| names.iter().map(|name| (*name).into()).collect();
        for (rule, admits) in [
            (CertificateRule::Any, true),
            (
                CertificateRule::Subjects(names(&["CN=other", "CN=billing,O=Example"])),
                true,
            ),
            (
                CertificateRule::Subjects(names(&["CN=billing", "cn=billing,o=example"])),
                false,
            ),
            (
                CertificateRule::Names(names(&["URI:spiffe://example/billing"])),
                true,
            ),
            (
                CertificateRule::Names(names(&["URI:spiffe://example/", "billing.test"])),
                false,
            ),
            (CertificateRule::Fingerprints(names(&["ab"])), true),
            (CertificateRule::Fingerprints(names(&["abab"])), false),
        ] {
            assert_eq!(rule.admits(Some(&client)), admits, "{rule:?}");
            assert!(!rule.admits(None), "{rule:?}");
        }
    }
}
