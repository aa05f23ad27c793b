//! Revocation (RFC 7009) and introspection (RFC 7662) of tokens.

use ::http::{HeaderValue, StatusCode, header};
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Map, Value, json};

use super::{
    Sessions, event,
    logout::no_store,
    presented::{Fields, KindOf, Repeated},
};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, fastapi, refresh::Held},
    member::family::Verdict,
    secret::Secret,
    state::{EndedBy, Which},
};

/// Who may ask.
#[derive(Debug, Clone)]
pub struct Clients(pub Vec<Client>);

/// A program that may ask, and the hash of its secret.
#[derive(Debug, Clone)]
pub struct Client {
    /// What it calls itself.
    pub id: String,
    /// SHA-256 of its secret.
    pub secret: Secret<[u8; 32]>,
}

/// Why a request is not answered.
enum Unanswered {
    /// It is not as the standard has it.
    Request(&'static str),
    /// It does not say who asks, or not truly.
    Client,
}

impl Accounts {
    /// Ends the session of a token. A token that is good for nothing needs no revocation (RFC 7009 section 2.2).
    pub(in crate::accounts) async fn revoke(
        &self,
        clients: &Clients,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let sessions = self.sessions.as_ref().ok_or(AccountError::NoEndpoint)?;
        let asked = match Asked::read(clients, request) {
            Ok(asked) => asked,
            Err(unanswered) => return Ok(unanswered.into()),
        };
        let done = || Ok(no_store(&json!({}), "revoked"));
        let Some((kind, held)) = self.either(asked.token.expose(), asked.hint).await? else {
            return done();
        };
        let Some(session) = self.session_to_end(sessions, kind, &held, request).await? else {
            let error = "unsupported_token_type";
            return Ok(refusal(
                StatusCode::BAD_REQUEST,
                error,
                "the token has no `jti`",
            ));
        };
        let member = held.member.id.to_string();
        let which = Which::These(vec![session]);
        let ended = self
            .end(&sessions.state, (&member, which), EndedBy::Revocation)
            .await?;
        event::ended(
            &member,
            ended.len(),
            EndedBy::Revocation,
            Some(&request.sender),
        );
        done()
    }

    /// The session of a token. One of the monolith's is adopted, so that there is something to end.
    async fn session_to_end(
        &self,
        sessions: &Sessions,
        kind: KindOf,
        held: &Held<'_>,
        request: &AccountRequest,
    ) -> Result<Option<String>, AccountError> {
        if let Some(session) = self.session_of(sessions, kind, held).await? {
            return Ok(Some(session));
        }
        if kind == KindOf::Access {
            return Ok(None);
        }
        let adopted = self.found_or_adopted(sessions, held, request).await?;
        Ok(adopted.map(|known| known.session))
    }

    /// Whether a token is good, and what it says.
    pub(in crate::accounts) async fn introspect(
        &self,
        clients: &Clients,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let asked = match Asked::read(clients, request) {
            Ok(asked) => asked,
            Err(unanswered) => return Ok(unanswered.into()),
        };
        let held = self.either(asked.token.expose(), asked.hint).await?;
        let active = match held {
            Some((kind, held)) if self.is_live(kind, &held).await? => Some(held),
            Some(_) | None => None,
        };
        let said = active.map_or_else(|| json!({ "active": false }), |held| said_of(&held));
        Ok(no_store(&said, "introspected"))
    }

    /// Whether a refresh token would be taken: not spent, of a session that goes on.
    async fn is_live(&self, kind: KindOf, held: &Held<'_>) -> Result<bool, AccountError> {
        let Some(sessions) = self.sessions.as_ref().filter(|_| kind == KindOf::Refresh) else {
            return Ok(true);
        };
        let Some(known) = sessions.state.known_token(held.print()).await? else {
            // It would be adopted.
            return Ok(true);
        };
        if known.member != held.member.id.to_string() {
            return Ok(false);
        }
        let Some(lifetimes) = &sessions.rotation else {
            return Ok(!known.family.is_ended && known.spent.is_none());
        };
        let verdict = known.family.judge(known.spent, lifetimes, self.now());
        Ok(verdict == Verdict::Rotate)
    }
}

/// The members of RFC 7662 section 2.2 that the token has.
fn said_of(held: &Held<'_>) -> Value {
    let mut said = Map::new();
    said.insert("active".to_owned(), true.into());
    said.insert("token_type".to_owned(), "Bearer".into());
    said.insert("sub".to_owned(), held.proof.subject.to_string().into());
    for name in [
        "exp",
        "iat",
        "nbf",
        "aud",
        "iss",
        "jti",
        "scope",
        "client_id",
    ] {
        if let Some(value) = held.proof.claims.value(name) {
            said.insert(name.to_owned(), value.clone());
        }
    }
    Value::Object(said)
}

/// A question about a token.
struct Asked {
    token: Secret<String>,
    hint: KindOf,
}

impl Asked {
    fn read(clients: &Clients, request: &AccountRequest) -> Result<Self, Unanswered> {
        let fields = Fields::of_form(request);
        clients.check(&fields, request)?;
        let token = fields.one("token")?;
        let token = token.ok_or(Unanswered::Request("`token` is missing"))?;
        // A hint that nobody knows is no mistake (RFC 7009 section 2.1).
        let hint = match fields.one("token_type_hint")? {
            Some("refresh_token") => KindOf::Refresh,
            Some(_) | None => KindOf::Access,
        };
        Ok(Self {
            token: Secret::new(token.to_owned()),
            hint,
        })
    }
}

impl Clients {
    /// Whether the request comes from one of them (RFC 6749 section 2.3.1). Where there are none, whoever has a token may
    /// ask about it.
    fn check(&self, fields: &Fields, request: &AccountRequest) -> Result<(), Unanswered> {
        if self.0.is_empty() {
            return Ok(());
        }
        let in_body = fields.one("client_id")?.zip(fields.one("client_secret")?);
        let in_body = in_body.map(|(id, secret)| (id.to_owned(), Secret::new(secret.to_owned())));
        let in_header = request.credentials("basic").map(|basic| decoded(&basic));
        let (id, secret) = match (in_header, in_body) {
            (Some(_), Some(_)) => {
                return Err(Unanswered::Request("the client says twice who it is"));
            }
            (Some(said), None) => said.ok_or(Unanswered::Client)?,
            (None, Some(said)) => said,
            (None, None) => return Err(Unanswered::Client),
        };
        self.know(&id, &secret)
    }

    /// All are compared, so that the time tells nothing of who there is.
    fn know(&self, id: &str, secret: &Secret<String>) -> Result<(), Unanswered> {
        let mut hash = [0; 32];
        hash.copy_from_slice(digest(&SHA256, secret.expose().as_bytes()).as_ref());
        let hash = Secret::new(hash);
        let mut is_known = false;
        for client in &self.0 {
            is_known |= client.secret == hash && client.id == id;
        }
        is_known.then_some(()).ok_or(Unanswered::Client)
    }
}

/// Both halves are urlencoded before they are joined.
fn decoded(basic: &Secret<String>) -> Option<(String, Secret<String>)> {
    let bytes = BASE64_STANDARD.decode(basic.expose()).ok()?;
    let text = Secret::new(String::from_utf8(bytes).ok()?);
    let (id, secret) = text.expose().split_once(':')?;
    let secret = fastapi::unquoted(secret);
    Some((fastapi::unquoted(id), Secret::new(secret)))
}

impl From<Repeated> for Unanswered {
    fn from(Repeated: Repeated) -> Self {
        Self::Request("a parameter is repeated")
    }
}

impl From<Unanswered> for Answer {
    fn from(unanswered: Unanswered) -> Self {
        match unanswered {
            Unanswered::Request(why) => refusal(StatusCode::BAD_REQUEST, "invalid_request", why),
            Unanswered::Client => {
                let why = "the client is unknown, or its secret is another one";
                let mut answer = refusal(StatusCode::UNAUTHORIZED, "invalid_client", why);
                let challenge = HeaderValue::from_static("Basic realm=\"tokens\"");
                answer.headers.push((header::WWW_AUTHENTICATE, challenge));
                answer
            }
        }
    }
}

/// An error as RFC 6749 section 5.2 has it.
fn refusal(status: StatusCode, error: &'static str, why: &'static str) -> Answer {
    let body = json!({ "error": error, "error_description": why });
    let mut answer = no_store(&body, "refused");
    answer.status = status;
    answer
}
