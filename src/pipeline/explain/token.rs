//! What a token says of itself, and what was compared.
//!
//! Results are read off the verdict: what comes before the check that refused held, what comes after it was not reached.

use std::cmp::Ordering;

use super::{
    moments::{distance, moment},
    told::{TokenCheck, TokenDetails, Word},
};
use crate::{
    clock::UnixSeconds,
    pipeline::token_facts::{Fate, TokenFacts},
    policy::explanation::CheckResult,
};

/// The order in which a token is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Shape,
    Header,
    Signature,
    Claims,
    Expiry,
    Start,
    /// Nothing is left to compare.
    Done,
}

/// `refusal` is what the live path said of the token, if it refused it.
pub(super) fn details(facts: &TokenFacts, refusal: Option<&str>, now: UnixSeconds) -> TokenDetails {
    let end = match (facts.fate, refusal) {
        (Fate::Holds, _) | (Fate::Refused, None) => Stage::Done,
        (Fate::Refused, Some(refusal)) => stage(refusal),
    };
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    TokenDetails {
        from: facts.place.map(|place| Word::Borrowed(place.name())),
        issuer: text(&facts.issuer),
        key: text(&facts.key),
        algorithm: text(&facts.algorithm),
        checks: checks(facts, end, now),
        cache: None,
        revocation: Some(Word::Borrowed("not watched")),
    }
}

fn checks(facts: &TokenFacts, end: Stage, now: UnixSeconds) -> Vec<TokenCheck> {
    let check = |stage: Stage, name: &'static str, expected: &str, found: Option<String>| {
        let is_time = matches!(stage, Stage::Expiry | Stage::Start);
        TokenCheck {
            name: Word::Borrowed(name),
            result: match stage.cmp(&end) {
                Ordering::Less => CheckResult::Holds,
                Ordering::Equal => CheckResult::Fails,
                Ordering::Greater => CheckResult::NotEvaluated,
            },
            expected: expected.to_owned(),
            found,
            leeway_seconds: is_time.then_some(0),
        }
    };
    let shape = match facts.parts {
        0 => format!("{} bytes", facts.length),
        parts => format!("{parts} parts, {} bytes", facts.length),
    };
    let header = facts.algorithm.as_deref().map(str::to_owned);
    let expiry = facts.expires.map(|expires| {
        let word = if expires <= now.0 {
            "expired"
        } else {
            "expires"
        };
        format!(
            "{}, {word} {}",
            UnixSeconds(expires),
            distance(expires, now.0)
        )
    });
    let start = facts.not_before.map(|start| moment(start, now.0));
    vec![
        check(
            Stage::Shape,
            "shape",
            "3 parts, within the limit",
            Some(shape),
        ),
        check(
            Stage::Header,
            "header",
            "the algorithm of a known key",
            header,
        ),
        check(Stage::Signature, "signature", "by that key", None),
        check(
            Stage::Claims,
            "claims",
            "of the right types, for this audience",
            None,
        ),
        check(Stage::Expiry, "exp", "later than now", expiry),
        check(Stage::Start, "nbf", "now, earlier or none", start),
    ]
}

/// Which check a refusal speaks of, by its words: they are the same in the log.
fn stage(refusal: &str) -> Stage {
    const WORDS: [(&str, Stage); 13] = [
        ("has expired", Stage::Expiry),
        ("no exp claim", Stage::Expiry),
        ("not valid yet", Stage::Start),
        ("signature is not", Stage::Signature),
        ("three base64url parts", Stage::Shape),
        ("longer than the limit", Stage::Shape),
        ("header cannot be read", Stage::Header),
        ("algorithm is not", Stage::Header),
        ("critical extension", Stage::Header),
        ("typ is none", Stage::Header),
        ("kid is none", Stage::Header),
        ("signed by a key that", Stage::Header),
        ("issuer is not known", Stage::Header),
    ];
    let mut words = WORDS.into_iter();
    let found = words.find(|(words, _)| refusal.contains(words));
    found.map_or(Stage::Claims, |(_, stage)| stage)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::{raw::ShapeError, verify::InvalidToken};

    #[test]
    fn every_refusal_ends_the_checks_where_it_was_decided() {
        for (refusal, expected) in [
            (InvalidToken::Shape(ShapeError::TooLong), Stage::Shape),
            (InvalidToken::Shape(ShapeError::NotCompact), Stage::Shape),
            (InvalidToken::Header, Stage::Header),
            (InvalidToken::Algorithm, Stage::Header),
            (InvalidToken::Critical, Stage::Header),
            (InvalidToken::KeyRetired, Stage::Header),
            (InvalidToken::UnknownKey, Stage::Header),
            (InvalidToken::Signature, Stage::Signature),
            (InvalidToken::Audience, Stage::Claims),
            (InvalidToken::Payload, Stage::Claims),
            (InvalidToken::NoExpiry, Stage::Expiry),
            (InvalidToken::Expired, Stage::Expiry),
            (InvalidToken::NotYetValid, Stage::Start),
        ] {
            assert_eq!(stage(&refusal.to_string()), expected, "{refusal}");
        }
    }

    #[test]
    fn an_expired_token_says_since_when() {
        let facts = TokenFacts {
            expires: Some(10_000),
            ..TokenFacts::default()
        };
        let refusal = InvalidToken::Expired.to_string();
        let details = details(&facts, Some(&refusal), UnixSeconds(10_000 + 3 * 3_600));
        let of = |name: &str| {
            details
                .checks
                .iter()
                .find(|check| check.name == name)
                .unwrap()
        };
        assert_eq!(of("signature").result, CheckResult::Holds);
        assert_eq!(of("exp").result, CheckResult::Fails);
        let expected = "1970-01-01T02:46:40Z, expired 3 h ago";
        assert_eq!(of("exp").found.as_deref(), Some(expected));
        assert_eq!(of("exp").leeway_seconds, Some(0));
        assert_eq!(of("nbf").result, CheckResult::NotEvaluated);
    }
}
