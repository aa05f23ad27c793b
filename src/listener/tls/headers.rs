//! What the upstream is told about a client's certificate.

use ::http::{HeaderName, HeaderValue};

use crate::{
    certificate::{CertificateError, Identity},
    template::Template,
};

/// What a header can be made of.
pub const CERTIFICATE_PLACEHOLDERS: [&str; 3] = ["subject", "names", "fingerprint"];

/// Headers and what they are made of.
#[derive(Debug, Clone, Default)]
pub struct CertificateHeaders(Vec<(HeaderName, Template)>);

impl CertificateHeaders {
    /// In the order in which they are added.
    pub fn new(headers: Vec<(HeaderName, Template)>) -> Self {
        Self(headers)
    }

    /// Once for each connection. A header without a value is left out; one that a header cannot carry makes the
    /// certificate unusable.
    pub(super) fn render(
        &self,
        client: &Identity,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, CertificateError> {
        let mut rendered = Vec::with_capacity(self.0.len());
        for (name, template) in &self.0 {
            let Some(text) = template.render(|placeholder, text| fill(placeholder, client, text))
            else {
                continue;
            };
            let value = HeaderValue::try_from(text).map_err(|_| CertificateError::Unreadable)?;
            rendered.push((name.clone(), value));
        }
        Ok(rendered)
    }
}

fn fill(placeholder: &str, client: &Identity, text: &mut String) -> Option<()> {
    let value = match placeholder {
        "subject" => client.subject.to_string(),
        // No name has a space.
        "names" => client.names.join(", "),
        "fingerprint" => client.fingerprint.to_string(),
        _ => return None,
    };
    text.push_str(&value);
    (!value.is_empty()).then_some(())
}
