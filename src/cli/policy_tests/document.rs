//! The file of an operator's cases, as it is written.

use std::fmt;

use indexmap::IndexMap;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;

use crate::config::moment::Moment;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    /// The moment at which every case is decided that says no other. Default: now.
    pub(super) now: Option<Moment>,
    /// The Host of requests that say no other. Default: localhost.
    pub(super) host: Option<String>,
    /// The cases.
    pub(super) cases: Vec<Case>,
}

/// A request, and what has to become of it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What it shows, in words.
    pub(super) name: String,
    /// `GET /users/5`, or its parts.
    pub(super) request: Request,
    /// `none`, `expired`, `forged`, or the claims of a good token, of another issuer as `{ issuer, claims }`. Default: none.
    #[serde(default)]
    pub(super) token: Value,
    /// The row of the token's user, as far as rules ask for it: columns with their values, or `none`. Default: not known.
    #[serde(default)]
    pub(super) user: Value,
    /// The moment at which it is decided.
    pub(super) now: Option<Moment>,
    /// `forwarded`, `answered`, `refused`, a status, or several of these. Only an example has none.
    pub(super) expect: Option<Expect>,
}

/// What is asked.
#[derive(Debug)]
pub(super) enum Request {
    /// `GET /users/5`.
    Line(String),
    /// Its parts.
    Parts(RequestParts),
}

/// The parts of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RequestParts {
    /// Default: GET.
    pub(super) method: Option<String>,
    /// The target, such as `/users/5?full=1`.
    pub(super) path: String,
    /// The Host.
    pub(super) host: Option<String>,
    /// The client's address. Default: none, as behind a Unix socket.
    pub(super) client: Option<String>,
    /// A file with the client's certificate in PEM, from the folder of the cases.
    pub(super) certificate: Option<String>,
    /// Further headers.
    #[serde(default)]
    pub(super) headers: IndexMap<String, String>,
}

/// What has to become of it.
#[derive(Debug)]
pub(super) enum Expect {
    /// `forwarded`, `answered` or `refused`.
    Word(String),
    /// The status of a refusal.
    Status(u64),
    /// Several things.
    Parts(Box<ExpectParts>),
}

/// Several things, all of which have to hold.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExpectParts {
    /// `forwarded`, `answered` or `refused`.
    pub(super) outcome: Option<String>,
    /// The status of a refusal.
    pub(super) status: Option<u64>,
    /// The stable code of a refusal.
    pub(super) code: Option<String>,
    /// The upstream that it goes to.
    pub(super) upstream: Option<String>,
    /// The route that is taken, as it is written.
    pub(super) route: Option<String>,
    /// The code or status of the refusal that a route in observe mode does not enforce, or `none`.
    pub(super) observed: Option<Value>,
    /// Identity headers that are added, and `null` for those that are not.
    #[serde(default)]
    pub(super) headers: IndexMap<String, Option<String>>,
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RequestVisitor)
    }
}

impl<'de> Deserialize<'de> for Expect {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ExpectVisitor)
    }
}

struct RequestVisitor;

impl<'de> Visitor<'de> for RequestVisitor {
    type Value = Request;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a request such as `GET /users/5`, or its parts")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Request, E> {
        Ok(Request::Line(text.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Request, A::Error> {
        RequestParts::deserialize(MapAccessDeserializer::new(access)).map(Request::Parts)
    }
}

struct ExpectVisitor;

impl<'de> Visitor<'de> for ExpectVisitor {
    type Value = Expect;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("`forwarded`, `answered`, `refused`, a status, or several expectations")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Expect, E> {
        Ok(Expect::Word(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Expect, E> {
        Ok(Expect::Status(number))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Expect, E> {
        let status = u64::try_from(number).map_err(|_| E::custom("a status is no negative number"));
        status.map(Expect::Status)
    }

    fn visit_map<A: MapAccess<'de>>(self, access: A) -> Result<Expect, A::Error> {
        let parts = ExpectParts::deserialize(MapAccessDeserializer::new(access));
        parts.map(Box::new).map(Expect::Parts)
    }
}

impl Expect {
    /// The same as parts.
    pub(super) fn into_parts(self) -> ExpectParts {
        match self {
            Self::Word(word) => ExpectParts {
                outcome: Some(word),
                ..ExpectParts::default()
            },
            Self::Status(status) => ExpectParts {
                status: Some(status),
                ..ExpectParts::default()
            },
            Self::Parts(parts) => *parts,
        }
    }
}
