//! A provider that does what the standard says, until a test tells it to lie.

use std::{
    collections::HashMap,
    io::Write as _,
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::Browser;
use crate::harness::{
    After, Seen, Upstream, Wire,
    keys::{SigningKey, key_set},
    token,
};

/// How an ID token is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signature {
    Good,
    /// `alg: none`, with no signature.
    None,
    /// HMAC under the public key, as text.
    PublicKeyAsSecret,
    /// Another key of the same name.
    OtherKey,
}

/// What it answers in place of what it should.
#[derive(Default)]
struct Script {
    /// By path: a status, headers and a body.
    answers: HashMap<String, (u16, String)>,
    /// Paths at which it says nothing.
    silent: Vec<String>,
    /// Paths at which it answers a letter at a time, and never to the end.
    slow: Vec<String>,
    claims: Option<fn(&mut Value)>,
    signature: Option<Signature>,
    without_id_token: bool,
    refresh_token: Option<&'static str>,
}

struct State {
    url: String,
    key: SigningKey,
    other: SigningKey,
    codes: HashMap<String, Asked>,
    script: Script,
    subject: String,
}

/// What a code was asked for with.
struct Asked {
    nonce: Option<String>,
    challenge: Option<String>,
    callback: String,
}

/// The provider.
pub(super) struct Idp {
    pub(super) server: Upstream,
    state: Arc<Mutex<State>>,
}

impl Idp {
    pub(super) fn start() -> Self {
        Self::signing("ES256")
    }

    pub(super) fn signing(algorithm: &'static str) -> Self {
        let state = Arc::new(Mutex::new(State {
            url: String::new(),
            key: SigningKey::new(algorithm, "one"),
            other: SigningKey::new(algorithm, "one"),
            codes: HashMap::new(),
            script: Script::default(),
            subject: "Subject-1".to_owned(),
        }));
        let answering = Arc::clone(&state);
        let server = Upstream::answering(move |seen, wire| {
            let path = seen
                .target()
                .split('?')
                .next()
                .unwrap_or_default()
                .to_owned();
            let is_slow = |state: &State| state.script.slow.contains(&path);
            if is_slow(&answering.lock().expect("no panic")) {
                return dribble(wire);
            }
            let said = {
                let mut state = answering.lock().expect("no panic");
                if state.script.silent.contains(&path) {
                    None
                } else {
                    Some(state.answer(&path, seen))
                }
            };
            let Some((status, body)) = said else {
                return wire.hang();
            };
            let headers = ["Content-Type: application/json", "Location: /elsewhere"];
            wire.respond(status, &headers, body.as_bytes());
            After::Close
        });
        state.lock().expect("no panic").url = server.url();
        Self { server, state }
    }

    /// The keys of its section.
    pub(super) fn yaml(&self, more: &str) -> String {
        let url = self.server.url();
        format!(
            "discovery: \"{url}/.well-known/openid-configuration\", client_id: web, client_secret: \"the secret\", \
             algorithms: [ES256, RS256], link_by_email: verified{more}"
        )
    }

    fn with<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().expect("no panic"))
    }

    /// Somebody says yes: the code.
    pub(super) fn consent(&self, browser: &Browser) -> String {
        self.with(|state| {
            let code = format!("code-{}", state.codes.len());
            let asked = Asked {
                nonce: browser.find("nonce"),
                challenge: browser.find("code_challenge"),
                callback: browser.parameter("redirect_uri"),
            };
            state.codes.insert(code.clone(), asked);
            code
        })
    }

    /// A code as the kit of a native application has it, which was sent nowhere.
    pub(super) fn native_code(&self) -> String {
        self.with(|state| {
            let code = format!("code-{}", state.codes.len());
            let asked = Asked {
                nonce: None,
                challenge: None,
                callback: String::new(),
            };
            state.codes.insert(code.clone(), asked);
            code
        })
    }

    /// Answers this at a path.
    pub(super) fn say(&self, path: &str, status: u16, body: &str) {
        self.with(|state| {
            let answer = (status, body.to_owned());
            state.script.answers.insert(path.to_owned(), answer);
        });
    }

    /// Says nothing at a path.
    pub(super) fn hush(&self, path: &str) {
        self.with(|state| state.script.silent.push(path.to_owned()));
    }

    /// Answers a letter at a time at a path.
    pub(super) fn dribble(&self, path: &str) {
        self.with(|state| state.script.slow.push(path.to_owned()));
    }

    pub(super) fn claim(&self, claims: fn(&mut Value)) {
        self.with(|state| state.script.claims = Some(claims));
    }

    pub(super) fn sign(&self, signature: Signature) {
        self.with(|state| state.script.signature = Some(signature));
    }

    pub(super) fn without_id_token(&self) {
        self.with(|state| state.script.without_id_token = true);
    }

    /// Gives this refresh token with a login.
    pub(super) fn give(&self, token: &'static str) {
        self.with(|state| state.script.refresh_token = Some(token));
    }

    /// Everybody is this one from now on.
    pub(super) fn is(&self, subject: &str) {
        self.with(|state| subject.clone_into(&mut state.subject));
    }

    /// An ID token as the kit of a native application has it.
    pub(super) fn id_token(&self, audience: &str, nonce: Option<&str>) -> String {
        self.with(|state| {
            let mut claims = state.claims(nonce);
            claims["aud"] = audience.into();
            state.key.signed(&claims)
        })
    }

    /// A signed message about users, as Apple sends it.
    pub(super) fn message(&self, audience: &str, events: &str) -> String {
        self.with(|state| {
            let claims = json!({
                "iss": state.url, "aud": audience, "iat": token::now(), "exp": token::now() + 60,
                "jti": "one", "events": events,
            });
            state.key.signed(&claims)
        })
    }

    /// The requests to a path.
    pub(super) fn asked(&self, path: &str) -> Vec<Seen> {
        let seen = self.server.seen().into_iter();
        seen.filter(|seen| seen.target().starts_with(path))
            .collect()
    }
}

/// The head at once, the body a letter at a time until the other side has had enough.
fn dribble(wire: &mut Wire) -> After {
    let head =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 60000\r\n\r\n{";
    let stream = wire.stream();
    let mut sent = stream.write_all(head.as_bytes());
    while sent.is_ok() {
        std::thread::park_timeout(Duration::from_millis(100));
        sent = stream.write_all(b" ");
    }
    After::Close
}

impl State {
    fn answer(&mut self, path: &str, seen: &Seen) -> (u16, String) {
        if let Some(answer) = self.script.answers.get(path) {
            return answer.clone();
        }
        let url = &self.url;
        match path {
            "/.well-known/openid-configuration" => {
                let document = json!({
                    "issuer": url,
                    "authorization_endpoint": format!("{url}/authorize?tenant=1"),
                    "token_endpoint": format!("{url}/token"),
                    "userinfo_endpoint": format!("{url}/me"),
                    "jwks_uri": format!("{url}/keys"),
                });
                (200, document.to_string())
            }
            "/keys" => (200, key_set(&[&self.key])),
            "/token" => self.token(seen),
            "/revoke" => (200, String::new()),
            "/me" => (200, json!({"sub": self.subject}).to_string()),
            _ => (404, "{}".to_owned()),
        }
    }

    fn token(&mut self, seen: &Seen) -> (u16, String) {
        let form = String::from_utf8_lossy(&seen.body).into_owned();
        let field = |name: &str| {
            let mut pairs = form.split('&').filter_map(|pair| pair.split_once('='));
            let (_, value) = pairs.find(|(found, _)| *found == name)?;
            let value = percent_encoding::percent_decode_str(value);
            Some(value.decode_utf8_lossy().into_owned())
        };
        let asked = field("code").and_then(|code| self.codes.remove(&code));
        let bound = |asked: &Asked| {
            let verifier = field("code_verifier").unwrap_or_default();
            let hashed = BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()));
            let proven = asked
                .challenge
                .as_ref()
                .is_none_or(|wanted| *wanted == hashed);
            proven && field("redirect_uri").unwrap_or_default() == asked.callback
        };
        let Some(asked) = asked.filter(bound) else {
            return (400, r#"{"error":"invalid_grant"}"#.to_owned());
        };
        let claims = self.claims(asked.nonce.as_deref());
        let mut answer = json!({"access_token": "the access token", "token_type": "Bearer"});
        if !self.script.without_id_token {
            answer["id_token"] = self.signed(&claims).into();
        }
        if let Some(token) = self.script.refresh_token {
            answer["refresh_token"] = token.into();
        }
        (200, answer.to_string())
    }

    fn claims(&self, nonce: Option<&str>) -> Value {
        let mut claims = token::claims(self.subject.as_str());
        claims["iss"] = self.url.as_str().into();
        claims["aud"] = "web".into();
        claims["iat"] = token::now().into();
        if let Some(nonce) = nonce {
            claims["nonce"] = nonce.into();
        }
        if let Some(change) = self.script.claims {
            change(&mut claims);
        }
        claims
    }

    fn signed(&self, claims: &Value) -> String {
        let header = |algorithm: &str| json!({"alg": algorithm, "typ": "JWT", "kid": "one"});
        match self.script.signature.unwrap_or(Signature::Good) {
            Signature::Good => self.key.signed(claims),
            Signature::OtherKey => self.other.signed(claims),
            Signature::PublicKeyAsSecret => {
                token::with_header(&header("HS256"), claims, &self.key.public_pem())
            }
            Signature::None => {
                let encode = |part: &Value| BASE64_URL_SAFE_NO_PAD.encode(part.to_string());
                format!("{}.{}.", encode(&header("none")), encode(claims))
            }
        }
    }
}
