//! What can be asked of a request, and what a request is to a rule.

use std::{io::Write, net::IpAddr};

use ::http::{HeaderMap, HeaderValue, Method};
use ipnet::IpNet;
use serde_json::Value;

use super::{
    Answer, ColumnRule, Lack,
    claim::{ClaimPath, ClaimRule, Located, any_text, yes},
};
use crate::{
    certificate::Identity,
    clock::UnixSeconds,
    http::client_address::{PeerAddress, TrustedProxies},
    member::Row,
    policy::{certificate::CertificateRule, expression::Expression, pattern::Pattern},
    token::{
        claims::{Claims, Subject},
        verify::Verified,
    },
};

/// The claims in which issuers say what a token is for: RFC 8693 section 4.2, and two habits.
const SCOPES: [&str; 3] = ["scope", "scp", "scopes"];

/// One question about a request.
#[derive(Debug)]
pub enum Condition {
    /// This path parameter is the token's subject.
    SubjectIs(Box<str>),
    /// A claim passes these tests.
    Claim(ClaimRule),
    /// The token has each of these scopes.
    Scope(Box<[Box<str>]>),
    /// The token has one of these scopes.
    AnyScope(Box<[Box<str>]>),
    /// A column of the user's row has one of these values.
    Column(ColumnRule),
    /// The token names one of these roles.
    Role {
        /// Where roles stand.
        paths: Box<[ClaimPath]>,
        /// One of them is enough.
        roles: Box<[Box<str>]>,
    },
    /// The token is by one of these issuers.
    Issuer(Box<[Box<str>]>),
    /// The token is for one of these audiences.
    Audience(Box<[Box<str>]>),
    /// The client's address is in one of these networks.
    Network(Box<[IpNet]>),
    /// The client has presented a certificate that this admits.
    Certificate(CertificateRule),
    /// An expression is true.
    When(Box<Expression>),
}

/// A request, as far as rules may know it. Of the token only what was verified.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The token, if there is one.
    pub token: Option<&'a Verified>,
    /// The row of the token's user, if it has been looked up.
    pub row: Option<&'a Row>,
    /// The certificate that the client has presented and that was verified.
    pub certificate: Option<&'a Identity>,
    /// Where the client is.
    pub client: Client<'a>,
    /// The pattern of the route.
    pub pattern: &'a Pattern,
    /// The canonical path, which the pattern matches.
    pub path: &'a str,
    /// The rest of the request.
    pub request: Head<'a>,
    /// The moment to decide at.
    pub now: UnixSeconds,
}

/// What a request begins with, as far as expressions may ask for it.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The Host in lower case, if there is one.
    pub host: Option<&'a HeaderValue>,
}

impl<'a> Head<'a> {
    /// The Host, with its port if it has one; empty where there is none.
    pub fn host_text(self) -> &'a str {
        let host = self.host.and_then(|host| host.to_str().ok());
        host.unwrap_or_default()
    }
}

/// Where a client is; worked out only if a rule asks.
#[derive(Debug, Clone, Copy)]
pub struct Client<'a> {
    /// The other end of the connection.
    pub peer: PeerAddress,
    /// Who may speak for others.
    pub proxies: &'a TrustedProxies,
    /// What the peer says.
    pub headers: &'a HeaderMap,
}

impl<'a> Facts<'a> {
    fn token(&self) -> Result<&'a Verified, Lack> {
        self.token.ok_or(Lack::Token)
    }
}

impl Client<'_> {
    /// The address; `None` behind a Unix socket.
    pub fn address(&self) -> Option<IpAddr> {
        self.proxies.client(self.peer, self.headers)
    }
}

impl Condition {
    /// Whether it is about the token.
    pub fn reads_token(&self) -> bool {
        match self {
            Self::SubjectIs(_)
            | Self::Claim(_)
            | Self::Column(_)
            | Self::Scope(_)
            | Self::AnyScope(_)
            | Self::Role { .. }
            | Self::Issuer(_)
            | Self::Audience(_) => true,
            Self::Network(_) | Self::Certificate(_) => false,
            Self::When(expression) => expression.reads_token(),
        }
    }

    /// The first path parameter that it speaks of and that a pattern lacks.
    pub fn foreign_parameter(&self, pattern: &Pattern) -> Option<&str> {
        match self {
            Self::SubjectIs(parameter) => {
                Some(&**parameter).filter(|parameter| !pattern.has_parameter(parameter))
            }
            Self::When(expression) => {
                let mut parameters = expression.parameters();
                parameters.find(|parameter| !pattern.has_parameter(parameter))
            }
            Self::Claim(_)
            | Self::Column(_)
            | Self::Scope(_)
            | Self::AnyScope(_)
            | Self::Role { .. }
            | Self::Issuer(_)
            | Self::Audience(_)
            | Self::Network(_)
            | Self::Certificate(_) => None,
        }
    }

    /// The scopes without which it does not hold, for the client to ask for (RFC 6750 section 3).
    pub(super) fn missing_scopes(&self) -> Option<&[Box<str>]> {
        match self {
            Self::Scope(scopes) => Some(scopes),
            // The first is enough, and the operator's first choice.
            Self::AnyScope(scopes) => scopes.get(..1),
            Self::SubjectIs(_)
            | Self::Claim(_)
            | Self::Column(_)
            | Self::Role { .. }
            | Self::Issuer(_)
            | Self::Audience(_)
            | Self::Network(_)
            | Self::Certificate(_)
            | Self::When(_) => None,
        }
    }

    /// Asks, or says what is not there and needed.
    pub(super) fn ask(&self, facts: &Facts<'_>) -> Result<Answer, Lack> {
        let answer = match self {
            Self::Network(networks) => in_networks(facts.client.address(), networks),
            Self::Certificate(rule) => yes(rule.admits(facts.certificate)),
            Self::SubjectIs(parameter) => {
                let segment = facts.pattern.parameter(facts.path, parameter);
                let subject = &facts.token()?.subject;
                segment.map_or(Answer::Unclear, |segment| yes(spells(segment, subject)))
            }
            Self::Column(rule) => {
                facts.token()?;
                rule.ask(facts.row.ok_or(Lack::Row)?)
            }
            Self::Claim(rule) => rule.ask(&facts.token()?.claims),
            Self::Scope(scopes) => {
                let claims = &facts.token()?.claims;
                let answers = scopes.iter().map(|scope| has_scope(claims, scope));
                answers.min().unwrap_or(Answer::Yes)
            }
            Self::AnyScope(scopes) => {
                let claims = &facts.token()?.claims;
                let answers = scopes.iter().map(|scope| has_scope(claims, scope));
                answers.max().unwrap_or(Answer::No)
            }
            Self::Role { paths, roles } => {
                let claims = &facts.token()?.claims;
                let answers = paths.iter().map(|path| has_role(claims, path, roles));
                answers.max().unwrap_or(Answer::No)
            }
            Self::Issuer(issuers) => match facts.token()?.claims.value("iss") {
                None | Some(Value::Null) => Answer::No,
                Some(Value::String(issuer)) => yes(listed(issuers, issuer)),
                Some(Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => {
                    Answer::Unclear
                }
            },
            Self::Audience(audiences) => {
                let audience = facts.token()?.claims.value("aud");
                let wanted = |text: &str| listed(audiences, text);
                audience.map_or(Answer::No, |value| any_text(value, &wanted))
            }
            // Whatever cannot be evaluated refuses, under `not` as well.
            Self::When(expression) => {
                let holds = expression.holds(facts).ok_or(Lack::Token)?;
                holds.map_or(Answer::Unclear, yes)
            }
        };
        Ok(answer)
    }
}

pub(super) fn listed(texts: &[Box<str>], text: &str) -> bool {
    texts.iter().any(|one| **one == *text)
}

fn in_networks(address: Option<IpAddr>, networks: &[IpNet]) -> Answer {
    address.map_or(Answer::Unclear, |address| {
        yes(networks.iter().any(|network| network.contains(&address)))
    })
}

/// Whether the token has a scope: a word of a text (RFC 6749 section 3.3), or an element of a list.
pub fn has_scope(claims: &Claims, scope: &str) -> Answer {
    let of = |name: &str| match claims.value(name) {
        None => Answer::No,
        Some(Value::String(text)) => yes(text.split(' ').any(|word| word == scope)),
        Some(
            value @ (Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_)
            | Value::Object(_)),
        ) => any_text(value, &|word| word == scope),
    };
    SCOPES.into_iter().map(of).max().unwrap_or(Answer::No)
}

fn has_role(claims: &Claims, path: &ClaimPath, roles: &[Box<str>]) -> Answer {
    match path.locate(claims) {
        Located::Missing => Answer::No,
        Located::Obstructed => Answer::Unclear,
        Located::Value(value) => any_text(value, &|role| listed(roles, role)),
    }
}

/// Whether a path segment spells the subject. Only the one spelling counts: `07` is not `7`.
fn spells(segment: &str, subject: &Subject) -> bool {
    let mut decoded = percent_encoding::percent_decode_str(segment);
    match subject {
        Subject::Text(text) => decoded.eq(text.bytes()),
        Subject::Integer(integer) => {
            // As long as the longest integer of 64 bits, with its sign.
            let mut digits = [0_u8; 20];
            let mut room = digits.as_mut_slice();
            let fits = write!(room, "{integer}").is_ok();
            let left = room.len();
            let length = digits.len() - left;
            fits && decoded.by_ref().eq(digits.iter().copied().take(length))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_spells_exactly_one_subject() {
        let text = |text: &str| Subject::Text(text.to_owned());
        assert!(spells("7", &text("7")) && spells("7", &Subject::Integer(7)));
        assert!(spells("a%20b", &text("a b")) && spells("%ED%95%9C", &text("한")));
        assert!(!spells("07", &Subject::Integer(7)) && !spells("7%00", &text("7")));
        assert!(!spells("A", &text("a")) && !spells("", &text("7")));
        for integer in [i64::MIN, -1, 0, i64::MAX] {
            let subject = Subject::Integer(integer);
            assert!(spells(&integer.to_string(), &subject), "{integer}");
            assert!(!spells(&format!("{integer}0"), &subject), "{integer}");
        }
    }
}
