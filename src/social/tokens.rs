//! A code for tokens (RFC 6749 section 4.1.3), and what providers make of that.

use std::fmt::Write as _;

use ::http::{HeaderValue, Method, StatusCode, header};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use http_body_util::Full;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{
    error::{Fault, Outcome},
    provider::Arrival,
    settings::{ANSWER, ClientProof, Pkce, Settings},
};
use crate::{
    clock::Clock,
    fetch::{FetchError, Reply, Site, call},
    secret::Secret,
};

/// Everything but what no reader of forms and queries takes for anything else.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// What a provider has granted.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) access: Option<Secret<String>>,
    pub(super) id: Option<Secret<String>>,
    pub(super) refresh: Option<Secret<String>>,
}

/// Where tokens come from.
pub(super) struct Grants<'a> {
    pub(super) settings: &'a Settings,
    pub(super) token: &'a Site,
    pub(super) clock: Clock,
}

impl Grants<'_> {
    /// `None` where the code is no good: it was used before, has expired, or was bound to somebody else.
    pub(super) async fn exchange(&self, arrival: &Arrival<'_>) -> Result<Option<Granted>, Outcome> {
        let settings = self.settings;
        let mut fields = vec![
            ("grant_type", "authorization_code"),
            ("code", arrival.code.expose()),
            ("redirect_uri", &settings.callback),
            ("client_id", &settings.client_id),
            // Naver wants it; the others have to ignore what they do not know (RFC 6749 section 3.2).
            ("state", arrival.state),
        ];
        if settings.pkce == Pkce::S256 {
            fields.push(("code_verifier", arrival.verifier));
        }
        let reply = self.post(self.token, (&settings.client_id, fields)).await?;
        granted(&reply)
    }

    /// A code that a native application was given, without having been sent anywhere.
    pub(super) async fn exchange_native(
        &self,
        code: &Secret<String>,
        client_id: &str,
    ) -> Result<Option<Granted>, Outcome> {
        let fields = vec![
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("client_id", client_id),
        ];
        granted(&self.post(self.token, (client_id, fields)).await?)
    }

    /// The client that exchanges a code of an application: the application itself, where one key signs for all of them.
    pub(super) fn party<'a>(&'a self, audience: Option<&'a str>) -> &'a str {
        let signs = matches!(self.settings.proof, ClientProof::Signed(_));
        let audience = audience.filter(|_| signs);
        audience.unwrap_or(&self.settings.client_id)
    }

    /// Takes a refresh token back (RFC 7009). One that the provider does not know any more is as good as taken back.
    /// Which of several applications it was given is not known: each of them says that it does not want it.
    pub(super) async fn revoke(&self, site: &Site, token: &Secret<String>) -> Result<(), Outcome> {
        let parties = self.settings.parties();
        let all = match &self.settings.proof {
            ClientProof::Signed(_) => parties.len(),
            ClientProof::None | ClientProof::Post(_) | ClientProof::Basic(_) => 1,
        };
        for client_id in parties.iter().take(all) {
            let fields = vec![
                ("token", token.expose().as_str()),
                ("token_type_hint", "refresh_token"),
                ("client_id", client_id),
            ];
            revoked(&self.post(site, (client_id, fields)).await?)?;
        }
        Ok(())
    }

    /// Sends a form that proves that we are this client of the provider's.
    async fn post(
        &self,
        site: &Site,
        (client_id, mut fields): (&str, Vec<(&str, &str)>),
    ) -> Result<Reply, Outcome> {
        let settings = self.settings;
        let now = self.clock.unix_seconds();
        let signed = match &settings.proof {
            ClientProof::Signed(signed) => {
                let secret = signed.current(client_id, now);
                Some(secret.ok_or(Fault::Unsigned)?)
            }
            ClientProof::None | ClientProof::Post(_) | ClientProof::Basic(_) => None,
        };
        match &settings.proof {
            ClientProof::Post(secret) => fields.push(("client_secret", secret.expose())),
            ClientProof::Signed(_) => {
                let secret = signed
                    .as_ref()
                    .map_or("", |secret| secret.expose().as_str());
                fields.push(("client_secret", secret));
            }
            ClientProof::None | ClientProof::Basic(_) => {}
        }
        let form = Zeroizing::new(query(&fields));
        let mut request = site.request(Method::POST);
        if let ClientProof::Basic(secret) = &settings.proof {
            let basic = basic(client_id, secret)?;
            request = request.header(header::AUTHORIZATION, basic);
        }
        let request = request
            .header(header::ACCEPT, ANSWER.accept)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(header::CONTENT_LENGTH, form.len())
            .body(Full::new(Bytes::copy_from_slice(form.as_bytes())));
        let request = request.map_err(FetchError::from)?;
        Ok(call(site, request, ANSWER, self.clock).await?)
    }
}

/// Errors may come with 200, so that what the body says counts first.
fn granted(reply: &Reply) -> Result<Option<Granted>, Outcome> {
    let may_say = reply.status == StatusCode::OK || reply.status.is_client_error();
    let said = serde_json::from_slice(&reply.body).ok();
    let json: Value = said.filter(|_| may_say).unwrap_or_default();
    match json.get("error").and_then(Value::as_str) {
        Some("invalid_grant" | "invalid_request") => return Ok(None),
        Some("invalid_client" | "unauthorized_client") => return Err(Fault::Client.into()),
        Some(_) => return Err(Fault::SaysFailure.into()),
        None => {}
    }
    let json = object(reply)?;
    let token = |name| {
        let text = json.get(name).and_then(Value::as_str);
        text.map(|text| Secret::new(text.to_owned()))
    };
    Ok(Some(Granted {
        access: token("access_token"),
        id: token("id_token"),
        refresh: token("refresh_token"),
    }))
}

/// Whether a token is taken back. What is said of a token that is not known differs.
fn revoked(reply: &Reply) -> Result<(), Outcome> {
    if reply.status == StatusCode::OK {
        return Ok(());
    }
    let said: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    match said.get("error").and_then(Value::as_str) {
        Some("invalid_token" | "invalid_grant") if reply.status.is_client_error() => Ok(()),
        Some("invalid_client" | "unauthorized_client") => Err(Fault::Client.into()),
        Some(_) | None => Err(Fault::Status(reply.status).into()),
    }
}

/// The object that an answer with 200 holds.
pub(super) fn object(reply: &Reply) -> Result<Value, Fault> {
    if reply.status != StatusCode::OK {
        return Err(Fault::Status(reply.status));
    }
    let json: Value = serde_json::from_slice(&reply.body).map_err(|_| Fault::NotJson)?;
    json.is_object().then_some(json).ok_or(Fault::NotJson)
}

/// Both halves are urlencoded before they are joined (RFC 6749 section 2.3.1).
fn basic(client_id: &str, secret: &Secret<String>) -> Result<HeaderValue, Fault> {
    let id = utf8_percent_encode(client_id, ESCAPED);
    let secret = utf8_percent_encode(secret.expose(), ESCAPED);
    let joined = Zeroizing::new(format!("{id}:{secret}"));
    let text = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*joined)));
    let mut value = HeaderValue::try_from(&*text).map_err(|_| Fault::Unsigned)?;
    value.set_sensitive(true);
    Ok(value)
}

/// A query, or the body of a form.
pub(super) fn query(fields: &[(&str, &str)]) -> String {
    let mut text = String::new();
    for (index, (name, value)) in fields.iter().enumerate() {
        let separator = if index > 0 { "&" } else { "" };
        let name = utf8_percent_encode(name, ESCAPED);
        let value = utf8_percent_encode(value, ESCAPED);
        // A text grows without errors.
        let _ = write!(text, "{separator}{name}={value}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, body: &str) -> Reply {
        Reply {
            status: StatusCode::from_u16(status).expect("a status"),
            body: Bytes::copy_from_slice(body.as_bytes()),
        }
    }

    #[test]
    fn an_error_counts_whatever_its_status() {
        let naver = r#"{"error":"invalid_request","error_description":"no valid data in session"}"#;
        assert!(matches!(granted(&reply(200, naver)), Ok(None)));
        let kakao = r#"{"error":"invalid_grant","error_code":"KOE320"}"#;
        assert!(matches!(granted(&reply(400, kakao)), Ok(None)));
        for (status, body) in [
            (401, r#"{"error":"invalid_client"}"#),
            (400, r#"{"error":"unauthorized_client"}"#),
        ] {
            let outcome = granted(&reply(status, body));
            assert!(matches!(outcome, Err(Outcome::Fault(Fault::Client))));
        }
        for (status, body) in [
            (500, r#"{"error":"invalid_grant"}"#),
            (302, ""),
            (403, "<html>"),
            (200, "[]"),
            (200, "access_token=a"),
            (200, r#"{"error":"server_error"}"#),
        ] {
            assert!(
                matches!(granted(&reply(status, body)), Err(Outcome::Fault(_))),
                "{body}"
            );
        }
        let good = r#"{"access_token":"a","expires_in":"3600"}"#;
        let granted = granted(&reply(200, good)).ok().flatten().expect("tokens");
        assert_eq!(granted.access.expect("one").expose(), "a");
        assert!(granted.id.is_none());
    }

    #[test]
    fn a_token_that_nobody_knows_is_as_good_as_taken_back() {
        assert!(revoked(&reply(200, "")).is_ok());
        assert!(revoked(&reply(400, r#"{"error":"invalid_token"}"#)).is_ok());
        for (status, body) in [
            (400, r#"{"error":"invalid_client"}"#),
            (400, r#"{"error":"unsupported_token_type"}"#),
            (500, r#"{"error":"invalid_token"}"#),
            (302, ""),
            (404, "<html>"),
        ] {
            assert!(revoked(&reply(status, body)).is_err(), "{status} {body}");
        }
    }

    #[test]
    fn nothing_of_a_value_is_taken_for_anything_else() {
        let text = query(&[("a", "x&y=z"), ("b", "한 +%")]);
        assert_eq!(text, "a=x%26y%3Dz&b=%ED%95%9C%20%2B%25");
        let secret = Secret::new("s:%".to_owned());
        let value = basic("id:", &secret).expect("a header");
        assert_eq!(value.to_str().expect("text"), "Basic aWQlM0E6cyUzQSUyNQ==");
    }
}
