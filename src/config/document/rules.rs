//! What a route requires besides a good token.

use std::fmt;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::{
    Deserialize, Deserializer,
    de::{Error, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Number;

/// What has to hold: all of what is named.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Require {
    /// A path parameter that has to be the token's subject.
    pub subject_is: Option<String>,
    /// Claims of the token and what each has to be: a value, a list of which one is enough, or tests by name. A dot
    /// leads into an object (`realm_access.roles`); a name that has a dot itself stands in quotes
    /// (`"'https://example.com/roles'"`).
    pub claim: Option<IndexMap<String, ClaimTest>>,
    /// Columns of the user's row and what each has to be: a text, a number, a boolean or `null`, or a list of which one is
    /// enough. The token's subject is the row's id; the row is looked up and kept for `users.row_cache.lifetime`. Where it
    /// cannot be had the answer is 503.
    pub user: Option<IndexMap<String, ColumnTest>>,
    /// Scopes that the token has to have, all of them: words of `scope` or `scp`, or elements of `scope`, `scp` or
    /// `scopes`.
    pub scope: Option<Texts>,
    /// Scopes of which the token has to have one.
    pub any_scope: Option<Texts>,
    /// Roles of which the token has to name one, where `identity.roles` says that they stand.
    pub role: Option<Texts>,
    /// Issuers (`iss`) of which one has to have issued the token.
    pub issuer: Option<Texts>,
    /// Audiences (`aud`) of which the token has to be for one.
    pub audience: Option<Texts>,
    /// Addresses or networks, such as `10.0.0.0/8`, of which one has to have the client's address. Behind trusted
    /// proxies that is the right-most address that is none of theirs.
    pub network: Option<Texts>,
    /// Which verified certificate the client has to present, whatever `access` says about tokens.
    pub client_certificate: Option<ClientCertificate>,
    /// The names of `rules`, all of which have to hold.
    pub rule: Option<Texts>,
    /// Requirements that all have to hold.
    pub all: Option<Vec<Self>>,
    /// Requirements of which one has to hold.
    pub any: Option<Vec<Self>>,
    /// An expression in CEL that has to be true, for what no other term can say: `claims.level >= 3 && request.method ==
    /// 'GET'`. What it cannot tell, such as for a claim that is missing, refuses. docs/policy.md has its variables and
    /// functions.
    pub when: Option<String>,
    /// A requirement that may not hold. A token that lacks the claim passes; a request that lacks a token does not.
    pub not: Option<Box<Self>>,
}

/// Certificates of clients.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientCertificate {
    /// Of anybody whom the listener's `client_ca` has signed.
    Any,
    /// With one of these subjects, as RFC 4514 writes them: `CN=billing,O=Example`.
    Subjects(Vec<String>),
    /// With one of these alternative names, such as `DNS:billing.internal` or `URI:spiffe://example/billing`.
    Names(Vec<String>),
    /// One of these themselves, by SHA-256 in hexadecimal digits.
    Fingerprints(Vec<String>),
}

/// What a claim has to be.
#[derive(Debug, Clone)]
pub enum ClaimTest {
    /// This.
    Equals(Scalar),
    /// One of these, or a list that has one of them.
    AnyOf(Vec<Scalar>),
    /// Tests by name.
    Tests(Box<ClaimTests>),
}

/// What a column has to be.
#[derive(Debug, Clone)]
pub enum ColumnTest {
    /// This.
    Equals(Scalar),
    /// One of these.
    AnyOf(Vec<Scalar>),
}

/// Tests of a claim; all of what is named.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimTests {
    /// It is this text, number or boolean. `"1"` is not `1`; `1.0` is.
    pub equals: Option<Scalar>,
    /// It is one of these, or a list that has one of them.
    pub any_of: Option<Vec<Scalar>>,
    /// It is a list that has each of these; what is no list counts as a list of one.
    pub all_of: Option<Vec<Scalar>>,
    /// It is a list that has this. A part of a text does not count.
    pub contains: Option<Scalar>,
    /// It is a number, and not less.
    pub at_least: Option<Scalar>,
    /// It is a number, and not more.
    pub at_most: Option<Scalar>,
    /// Whether it is there, with any value but `null`.
    pub present: Option<bool>,
}

/// A value that a claim or a column is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar {
    /// A text.
    Text(String),
    /// A number.
    Number(Number),
    /// A boolean.
    Boolean(bool),
    /// Nothing: NULL of a column. No claim can be compared with it.
    Null,
}

/// A text, or a list of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Texts {
    /// One.
    One(String),
    /// Any number.
    List(Vec<String>),
}

impl Texts {
    /// The texts, each with the path at which it stands.
    pub fn at(&self, path: &str) -> Vec<(String, &str)> {
        match self {
            Self::One(text) => vec![(path.to_owned(), text)],
            Self::List(texts) => {
                let numbered = texts.iter().enumerate();
                numbered
                    .map(|(index, text)| (format!("{path}[{index}]"), text.as_str()))
                    .collect()
            }
        }
    }

    /// The texts.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let texts = match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::List(texts) => texts,
        };
        texts.iter().map(String::as_str)
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl Visitor<'_> for ScalarVisitor {
    type Value = Scalar;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a text, a number or a boolean")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Scalar, E> {
        Ok(Scalar::Text(text.to_owned()))
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<Scalar, E> {
        Ok(Scalar::Boolean(boolean))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number.into()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Scalar, E> {
        Ok(Scalar::Number(number.into()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Scalar, E> {
        let number = Number::from_f64(number);
        number
            .map(Scalar::Number)
            .ok_or_else(|| E::custom("not a finite number"))
    }

    fn visit_unit<E: Error>(self) -> Result<Scalar, E> {
        Ok(Scalar::Null)
    }
}

impl<'de> Deserialize<'de> for ClaimTest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = ClaimTest;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a value, a list of values, or tests such as `{ at_least: 3 }`")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ClaimTest, E> {
                ScalarVisitor.visit_str(text).map(ClaimTest::Equals)
            }

            fn visit_bool<E: Error>(self, boolean: bool) -> Result<ClaimTest, E> {
                ScalarVisitor.visit_bool(boolean).map(ClaimTest::Equals)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<ClaimTest, E> {
                ScalarVisitor.visit_u64(number).map(ClaimTest::Equals)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<ClaimTest, E> {
                ScalarVisitor.visit_i64(number).map(ClaimTest::Equals)
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<ClaimTest, E> {
                ScalarVisitor.visit_f64(number).map(ClaimTest::Equals)
            }

            fn visit_unit<E: Error>(self) -> Result<ClaimTest, E> {
                Ok(ClaimTest::Equals(Scalar::Null))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ClaimTest, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = items.next_element()? {
                    values.push(value);
                }
                Ok(ClaimTest::AnyOf(values))
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                map: A,
            ) -> Result<ClaimTest, A::Error> {
                let tests = ClaimTests::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ClaimTest::Tests(Box::new(tests)))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for ColumnTest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = ColumnTest;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text, a number, a boolean, `null` or a list of these")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<ColumnTest, E> {
                ScalarVisitor.visit_str(text).map(ColumnTest::Equals)
            }

            fn visit_bool<E: Error>(self, boolean: bool) -> Result<ColumnTest, E> {
                ScalarVisitor.visit_bool(boolean).map(ColumnTest::Equals)
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<ColumnTest, E> {
                ScalarVisitor.visit_u64(number).map(ColumnTest::Equals)
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<ColumnTest, E> {
                ScalarVisitor.visit_i64(number).map(ColumnTest::Equals)
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<ColumnTest, E> {
                ScalarVisitor.visit_f64(number).map(ColumnTest::Equals)
            }

            fn visit_unit<E: Error>(self) -> Result<ColumnTest, E> {
                Ok(ColumnTest::Equals(Scalar::Null))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<ColumnTest, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = items.next_element()? {
                    values.push(value);
                }
                Ok(ColumnTest::AnyOf(values))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}

impl<'de> Deserialize<'de> for Texts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMore;
        impl<'de> Visitor<'de> for OneOrMore {
            type Value = Texts;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a text or a list of texts")
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts::One(text.to_owned()))
            }

            fn visit_unit<E: Error>(self) -> Result<Texts, E> {
                Ok(Texts::List(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = items.next_element()? {
                    texts.push(text);
                }
                Ok(Texts::List(texts))
            }
        }
        deserializer.deserialize_any(OneOrMore)
    }
}
