//! One case, understood: what is asked, and what is expected.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
};

use ::http::{HeaderName, HeaderValue, Method, header};
use indexmap::IndexMap;
use serde_json::Value;

use super::{
    document::{self, ExpectParts, Request, RequestParts},
    signer::Token,
    user::User,
};
use crate::{
    certificate::Identity,
    clock::UnixSeconds,
    config::{diagnostic::Diagnostic, reading::places::Places},
    http::{client_address::PeerAddress, host},
};

/// A case that can be tried.
#[derive(Debug)]
pub(in crate::cli) struct Case {
    pub(in crate::cli) name: String,
    /// Where it stands: `policies.test.yaml:12`.
    pub(in crate::cli) place: String,
    pub(in crate::cli) method: Method,
    pub(in crate::cli) target: String,
    pub(in crate::cli) host: String,
    pub(in crate::cli) peer: PeerAddress,
    pub(in crate::cli) certificate: Option<Identity>,
    pub(in crate::cli) headers: Vec<(HeaderName, HeaderValue)>,
    pub(in crate::cli) token: Token,
    pub(super) user: Option<User>,
    pub(in crate::cli) now: UnixSeconds,
    pub(super) expect: Expectation,
}

/// Whether the cases of a file have to say what becomes of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Expecting {
    /// They have to.
    Something,
    /// They are examples: what they say of it is not asked.
    Nothing,
}

/// What has to become of it.
#[derive(Debug, Default)]
pub(super) struct Expectation {
    pub(super) outcome: Option<OutcomeWord>,
    pub(super) status: Option<u16>,
    pub(super) code: Option<String>,
    pub(super) upstream: Option<String>,
    pub(super) route: Option<String>,
    pub(super) observed: Option<ObservedWord>,
    pub(super) headers: Vec<(HeaderName, Option<String>)>,
}

/// What a route in observe mode may have seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ObservedWord {
    /// Nothing that it would have refused.
    Nothing,
    /// A refusal with this code.
    Code(String),
    /// A refusal with this status.
    Status(u16),
}

/// How a request may end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum OutcomeWord {
    /// It goes to an upstream.
    Forwarded,
    /// The gateway answers it itself.
    Answered,
    /// It is refused.
    Refused,
}

/// What all cases of a file share.
#[derive(Debug)]
pub(super) struct Setting<'a> {
    pub(super) places: &'a Places,
    pub(super) folder: &'a Path,
    pub(super) host: &'a str,
    pub(super) now: UnixSeconds,
    pub(super) expecting: Expecting,
}

impl Setting<'_> {
    /// The case at this position, or the first mistake in it.
    pub(super) fn case(
        &self,
        index: usize,
        written: document::Case,
    ) -> Result<Case, Box<Diagnostic>> {
        let path = format!("cases[{index}]");
        let parts = self.parts(written.request, &format!("{path}.request"))?;
        let method = parts.method.as_deref().unwrap_or("GET");
        let method = Method::from_bytes(method.as_bytes()).map_err(|_| {
            let at = format!("{path}.request");
            self.mistake(
                &at,
                "the request has no method",
                "write one such as GET before the path",
            )
        })?;
        Ok(Case {
            place: self.place(&path),
            name: written.name,
            method,
            host: self.host(parts.host.as_deref(), &format!("{path}.request.host"))?,
            peer: self.peer(parts.client.as_deref(), &format!("{path}.request.client"))?,
            certificate: self.certificate(
                parts.certificate.as_deref(),
                &format!("{path}.request.certificate"),
            )?,
            headers: self.headers(parts.headers, &format!("{path}.request.headers"))?,
            target: parts.path,
            token: self.token(written.token, &format!("{path}.token"))?,
            user: self.user(written.user, &format!("{path}.user"))?,
            now: written.now.map_or(self.now, UnixSeconds::from),
            expect: match (self.expecting, written.expect) {
                (Expecting::Nothing, _) => Expectation::default(),
                (Expecting::Something, Some(expect)) => {
                    self.expectation(expect.into_parts(), &format!("{path}.expect"))?
                }
                (Expecting::Something, None) => {
                    let message = "the key `expect` is missing";
                    return Err(self.mistake(&path, message, "add `expect: …`"));
                }
            },
        })
    }

    fn place(&self, path: &str) -> String {
        let line = self.places.at(path).map_or(0, |location| location.line);
        format!("{}:{line}", self.places.file())
    }

    fn mistake(&self, path: &str, message: &str, fix: &str) -> Box<Diagnostic> {
        Box::new(self.places.mistake(path, message, fix))
    }

    fn parts(&self, request: Request, path: &str) -> Result<RequestParts, Box<Diagnostic>> {
        match request {
            Request::Parts(parts) => Ok(parts),
            Request::Line(line) => {
                let Some((method, target)) = line.split_once(' ') else {
                    let fix = "write it like `GET /users/5`";
                    return Err(self.mistake(path, "this is no method and path", fix));
                };
                Ok(RequestParts {
                    method: Some(method.to_owned()),
                    path: target.trim().to_owned(),
                    host: None,
                    client: None,
                    certificate: None,
                    headers: IndexMap::new(),
                })
            }
        }
    }

    fn host(&self, written: Option<&str>, path: &str) -> Result<String, Box<Diagnostic>> {
        let parsed = host::parse(written.unwrap_or(self.host));
        parsed.map(std::borrow::Cow::into_owned).map_err(|error| {
            self.mistake(
                path,
                &error.to_string(),
                "write a host such as api.example.com",
            )
        })
    }

    fn peer(&self, written: Option<&str>, path: &str) -> Result<PeerAddress, Box<Diagnostic>> {
        let Some(text) = written else {
            return Ok(PeerAddress::Unix);
        };
        let address: IpAddr = text
            .parse()
            .map_err(|_| self.mistake(path, "this is no address", "write one such as 192.0.2.5"))?;
        Ok(PeerAddress::Ip(SocketAddr::new(address, 0)))
    }

    fn certificate(
        &self,
        written: Option<&str>,
        path: &str,
    ) -> Result<Option<Identity>, Box<Diagnostic>> {
        let Some(file) = written else {
            return Ok(None);
        };
        let fix = "name a file with a certificate in PEM, from the folder of this one";
        let text = std::fs::read(self.folder.join(file))
            .map_err(|_| self.mistake(path, "this file cannot be read", fix))?;
        let identity = Identity::from_pem(&text);
        identity
            .map(Some)
            .map_err(|error| self.mistake(path, &error.to_string(), fix))
    }

    fn headers(
        &self,
        written: IndexMap<String, String>,
        path: &str,
    ) -> Result<Vec<(HeaderName, HeaderValue)>, Box<Diagnostic>> {
        let mut headers = Vec::with_capacity(written.len());
        for (name, value) in written {
            let name = HeaderName::try_from(name);
            let value = HeaderValue::try_from(value);
            let (Ok(name), Ok(value)) = (name, value) else {
                let fix = "write one such as X-Trace: \"1\"";
                return Err(self.mistake(path, "this is no header", fix));
            };
            if name == header::HOST {
                let fix = "write `host` beside `headers`";
                return Err(self.mistake(path, "Host is a part of its own", fix));
            }
            headers.push((name, value));
        }
        Ok(headers)
    }

    fn token(&self, written: Value, path: &str) -> Result<Token, Box<Diagnostic>> {
        let fix = "write `none`, `expired`, `forged`, or claims such as { sub: \"5\" }";
        match written {
            Value::Null => Ok(Token::None),
            Value::Object(mut claims) => {
                let issuer = claims.remove("issuer");
                match (claims.remove("claims"), issuer) {
                    (None, None) => Ok(Token::Good {
                        issuer: None,
                        claims,
                    }),
                    (Some(Value::Object(inner)), None) if claims.is_empty() => Ok(Token::Good {
                        issuer: None,
                        claims: inner,
                    }),
                    (Some(Value::Object(inner)), Some(Value::String(issuer)))
                        if claims.is_empty() =>
                    {
                        Ok(Token::Good {
                            issuer: Some(issuer),
                            claims: inner,
                        })
                    }
                    (None, Some(_)) => {
                        let fix = "write { issuer: …, claims: { … } }";
                        Err(self.mistake(path, "`issuer` stands beside `claims`", fix))
                    }
                    (Some(_), _) => {
                        let message = "beside `claims` there is room for `issuer` alone";
                        Err(self.mistake(path, message, fix))
                    }
                }
            }
            Value::String(word) => match word.as_str() {
                "none" => Ok(Token::None),
                "expired" => Ok(Token::Expired),
                "forged" => Ok(Token::Forged),
                _ => Err(self.mistake(path, "this is no kind of token", fix)),
            },
            Value::Bool(_) | Value::Number(_) | Value::Array(_) => {
                Err(self.mistake(path, "this is no kind of token", fix))
            }
        }
    }

    fn user(&self, written: Value, path: &str) -> Result<Option<User>, Box<Diagnostic>> {
        let fix = "write `none`, or columns such as { user_type: admin }";
        User::read(written).map_err(|message| self.mistake(path, message, fix))
    }

    fn expectation(&self, parts: ExpectParts, path: &str) -> Result<Expectation, Box<Diagnostic>> {
        let outcome = match parts.outcome.as_deref() {
            None => None,
            Some("forwarded") => Some(OutcomeWord::Forwarded),
            Some("answered") => Some(OutcomeWord::Answered),
            Some("refused") => Some(OutcomeWord::Refused),
            Some(_) => {
                let fix = "write `forwarded`, `answered`, `refused`, or the status of a refusal";
                return Err(self.mistake(path, "nothing ends like this", fix));
            }
        };
        let status = match parts.status.map(u16::try_from) {
            None => None,
            Some(Ok(status)) if (400..600).contains(&status) => Some(status),
            Some(_) => {
                let fix = "write `forwarded` where it is not refused: what the upstream answers is not asked";
                return Err(self.mistake(path, "no refusal has this status", fix));
            }
        };
        let observed = parts.observed.map(|written| self.observed(&written, path));
        let mut headers = Vec::with_capacity(parts.headers.len());
        for (name, value) in parts.headers {
            let Ok(name) = HeaderName::try_from(&name) else {
                let fix = "write one such as X-User-Id";
                return Err(self.mistake(
                    &format!("{path}.headers"),
                    "this is no name of a header",
                    fix,
                ));
            };
            headers.push((name, value));
        }
        let expectation = Expectation {
            outcome,
            status,
            code: parts.code,
            upstream: parts.upstream,
            route: parts.route,
            observed: observed.transpose()?,
            headers,
        };
        if expectation.is_empty() {
            let fix = "write what has to become of the request, such as `forwarded` or 403";
            return Err(self.mistake(path, "nothing is expected", fix));
        }
        Ok(expectation)
    }
}

impl Case {
    /// What is wrong with a row of which no rule asks for some column.
    pub(super) fn unasked_column(&self, asked: &[String]) -> Option<String> {
        let column = self.user.as_ref()?.unasked(asked)?;
        let (place, name) = (&self.place, self.name.escape_debug());
        let column = column.escape_debug();
        Some(format!(
            "{place}: {name}: no rule asks for the user's column `{column}`; fix: take it out"
        ))
    }
}

impl Setting<'_> {
    fn observed(&self, written: &Value, path: &str) -> Result<ObservedWord, Box<Diagnostic>> {
        let status = written.as_u64().map(u16::try_from);
        match (written.as_str(), status) {
            (Some("none"), _) => Ok(ObservedWord::Nothing),
            (Some(code), _) => Ok(ObservedWord::Code(code.to_owned())),
            (None, Some(Ok(status))) if (400..600).contains(&status) => {
                Ok(ObservedWord::Status(status))
            }
            (None, _) => {
                let fix = "write the code or the status of a refusal, or `none`";
                Err(self.mistake(
                    &format!("{path}.observed"),
                    "nothing is observed like this",
                    fix,
                ))
            }
        }
    }
}

impl Expectation {
    fn is_empty(&self) -> bool {
        let Self {
            outcome,
            status,
            code,
            upstream,
            route,
            observed,
            headers,
        } = self;
        let texts = [code, upstream, route];
        outcome.is_none()
            && status.is_none()
            && observed.is_none()
            && texts.iter().all(|text| text.is_none())
            && headers.is_empty()
    }
}
