//! What an explanation says: the same for a question and for a decision that was kept, for people and for machines.

use std::borrow::Cow;

use ::http::{HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};

use crate::{
    pipeline::observe::WouldBe,
    policy::{
        explanation::{Check, CheckResult},
        route::Mode,
    },
    token::issuer::IssuerId,
};

/// A word of ours, or one that came over a wire.
pub type Word = Cow<'static, str>;

/// What would happen, or what has happened.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Explanation {
    /// Which decision, where one was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decided>,
    /// The method.
    pub method: String,
    /// The target as asked, without its query and without segments that could be about a person.
    pub target: String,
    /// The Host.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The path that is forwarded, and matched unless `matched_path` says otherwise.
    pub canonical_path: Option<String>,
    /// The path as the upstreams read it, where that is another.
    pub matched_path: Option<String>,
    /// What else the path could mean to a server that is less strict.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub other_readings: Vec<OtherReading>,
    /// Every route whose pattern matches the path, most specific first.
    pub candidates: Vec<Candidate>,
    /// Routes whose pattern almost does.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub near_misses: Vec<NearMiss>,
    /// The route that is taken.
    pub route: Option<Taken>,
    /// Where that leads.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub upstream: Option<Destination>,
    /// The limits of the rate that hold for it; none is taken from by asking.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<String>,
    /// What the token turned out to be.
    pub token: Option<Word>,
    /// What it says, and what was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token_details: Option<TokenDetails>,
    /// The subject as the log shows it.
    pub subject: Option<String>,
    /// Names of the client's headers that go no further.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_headers: Vec<String>,
    /// Names of the identity headers that are added.
    pub headers: Vec<String>,
    /// The same with their values, for those who know the token: never shown.
    #[serde(skip)]
    pub added: Vec<(HeaderName, HeaderValue)>,
    /// What the route requires besides, and what was found.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checks: Vec<Check>,
    /// The subject whose row would decide, where none was given: it may be personal.
    #[serde(skip)]
    pub needs_row_of: Option<String>,
    /// Whether that row would decide because what watches the table is behind; the password would, too.
    #[serde(skip)]
    pub is_behind: bool,
    /// What happens in the end.
    pub verdict: Verdict,
    /// What would have happened instead, were the route not only observed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// Whose keys it would take to know more.
    #[serde(skip)]
    pub keys_needed: Option<IssuerId>,
    /// What could not be told, and why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<Word>,
}

impl Explanation {
    /// The same as if its route were enforced.
    pub fn enforce(&mut self) {
        if let Some(observed) = self.observed.take() {
            self.verdict = Verdict::Refused {
                status: observed.status,
                code: observed.code,
                reason: observed.reason,
            };
        }
    }
}

/// A decision that was kept.
#[derive(Debug, Serialize, Deserialize)]
pub struct Decided {
    /// Its id.
    pub id: String,
    /// When, in seconds since 1970.
    pub at: u64,
    /// How long ago, in seconds.
    pub age_seconds: u64,
    /// The hash of the configuration that it was decided by.
    pub config: String,
    /// The client's address.
    pub client: String,
}

/// One way to read a path.
#[derive(Debug, Serialize, Deserialize)]
pub struct OtherReading {
    /// What a server would do to it.
    pub how: Word,
    /// What it would be then.
    pub path: String,
    /// The route of that path.
    pub route: Option<String>,
}

/// One matching pattern.
#[derive(Debug, Serialize, Deserialize)]
pub struct Candidate {
    /// The route as written.
    pub route: String,
    /// Where it stands.
    pub place: String,
    /// Whether it is taken, or why not.
    pub fit: Word,
}

/// A pattern that almost matches.
#[derive(Debug, Serialize, Deserialize)]
pub struct NearMiss {
    /// The route as written.
    pub route: String,
    /// Where it stands.
    pub place: String,
    /// What keeps it from matching.
    pub difference: String,
}

/// The route that is taken.
#[derive(Debug, Serialize, Deserialize)]
pub struct Taken {
    /// As written.
    pub route: String,
    /// Where it stands.
    pub place: String,
    /// Its access word.
    pub access: Word,
    /// Its mode word.
    #[serde(default = "enforced")]
    pub mode: Word,
}

fn enforced() -> Word {
    Word::Borrowed(Mode::Enforce.name())
}

/// A refusal that was not enforced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// The status.
    pub status: u16,
    /// The stable code.
    pub code: Word,
    /// Why.
    pub reason: String,
}

impl From<&WouldBe> for Observed {
    fn from(would_be: &WouldBe) -> Self {
        Self {
            status: would_be.status,
            code: Word::Borrowed(would_be.code),
            reason: would_be.reason.to_string(),
        }
    }
}

/// An upstream.
#[derive(Debug, Serialize, Deserialize)]
pub struct Destination {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub endpoints: Vec<String>,
    /// Which of them had the request last, where it failed there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// What a token says of itself, and what was compared.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TokenDetails {
    /// Where it was.
    pub from: Option<Word>,
    /// `iss`, as the token says it.
    pub issuer: Option<String>,
    /// `kid`, as the token says it.
    pub key: Option<String>,
    /// `alg`, as the token says it.
    pub algorithm: Option<String>,
    /// Each comparison.
    pub checks: Vec<TokenCheck>,
    /// Whether it was known before it was looked at: `hit`, `hit, as a forgery` or `miss`.
    pub cache: Option<Word>,
    /// Whether anything was asked that could have revoked it.
    pub revocation: Option<Word>,
}

/// One comparison.
#[derive(Debug, Serialize, Deserialize)]
pub struct TokenCheck {
    /// What was looked at.
    pub name: Word,
    /// What came of it.
    pub result: CheckResult,
    /// What it has to be.
    pub expected: String,
    /// What it is.
    pub found: Option<String>,
    /// How far clocks may differ, in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leeway_seconds: Option<u64>,
}

/// The end of the walk.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Not decided.
    #[default]
    Undecided,
    /// It goes to this upstream.
    Forwarded {
        /// Its name.
        upstream: String,
    },
    /// The gateway answers it.
    Answered,
    /// It is refused.
    Refused {
        /// The status.
        status: u16,
        /// The stable code.
        code: Word,
        /// Why.
        reason: String,
    },
}
