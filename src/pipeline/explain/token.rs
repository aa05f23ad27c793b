//! What a token says of itself, and what was compared.
//!
//! Results are read off the token's fate: what comes before the check that refused it held, what comes after was not
//! reached.

use std::time::Duration;

use super::{
    moments::distance,
    told::{TokenCheck, TokenDetails, Word},
};
use crate::{
    clock::UnixSeconds,
    pipeline::{
        noted::Known,
        token_facts::{ClaimFacts, Time, TokenFacts},
        token_fate::{Fate, Stage},
    },
    policy::explanation::CheckResult,
    token::issuer::{Audience, Checks},
};

/// What became of a token, in a word.
pub(super) fn word(fate: Fate) -> &'static str {
    match fate {
        Fate::Holds => "valid",
        Fate::Refused(_) => "not accepted",
        Fate::Undecided(_) => "undecided",
    }
}

pub(super) fn details(
    facts: &TokenFacts,
    fate: Fate,
    known: Known,
    now: UnixSeconds,
) -> TokenDetails {
    let text = |text: &Option<Box<str>>| text.as_deref().map(str::to_owned);
    let claims = facts.claims.as_ref();
    let rows = Rows { facts, fate, now };
    TokenDetails {
        from: facts.place.map(|place| Word::Borrowed(place.name())),
        issuer: claims.and_then(|claims| text(&claims.issuer)),
        key: text(&facts.key),
        algorithm: text(&facts.algorithm),
        checks: rows.all(),
        cache: Some(Word::Borrowed(known.name())),
        revocation: Some(Word::Borrowed("not watched")),
    }
}

/// One token's checks.
struct Rows<'a> {
    facts: &'a TokenFacts,
    fate: Fate,
    now: UnixSeconds,
}

impl Rows<'_> {
    fn all(&self) -> Vec<TokenCheck> {
        let mut rows = vec![self.shape()];
        rows.extend(self.header());
        rows.extend(self.claims());
        rows.extend(self.times());
        // What becomes headers has a row only where that is why.
        if self.fate == Fate::Refused(Stage::Headers) {
            let expected = "what a header can carry, within its limit";
            rows.push(self.row("headers", &[Stage::Headers], expected, None));
        }
        rows
    }

    /// `stages` are those in which it is looked at.
    fn row(
        &self,
        name: &'static str,
        stages: &[Stage],
        expected: impl Into<String>,
        found: Option<String>,
    ) -> TokenCheck {
        TokenCheck {
            name: Word::Borrowed(name),
            result: result(stages, self.fate),
            expected: expected.into(),
            found,
            leeway_seconds: None,
        }
    }

    fn shape(&self) -> TokenCheck {
        let TokenFacts {
            length,
            limit,
            parts,
            ..
        } = self.facts;
        let found = match parts {
            0 => format!("{length} bytes"),
            parts => format!("{parts} parts, {length} bytes"),
        };
        let expected = format!("3 parts of base64url, at most {limit} bytes");
        self.row("shape", &[Stage::Shape], expected, Some(found))
    }

    /// What the header says, and whose the token is, in the order in which it is asked.
    fn header(&self) -> Vec<TokenCheck> {
        let facts = self.facts;
        let checks = facts.checks.as_deref();
        let algorithm = facts.algorithm.as_deref().unwrap_or("none");
        let critical = if facts.is_critical { "one" } else { "none" };
        let key = facts.key.as_deref();
        let key = key.map_or_else(|| "no kid".to_owned(), |key| format!("kid {key}"));
        let issuer = facts
            .claims
            .as_ref()
            .and_then(|claims| claims.issuer.as_deref());
        let kind = facts.kind.as_deref().unwrap_or("none");
        let signing = format!("a key of its issuer for {algorithm}, in use");
        let row = |name, stage, expected: String, found: String| {
            self.row(name, &[stage], expected, Some(found))
        };
        vec![
            row(
                "header",
                Stage::Header,
                "a JSON object with alg".to_owned(),
                format!("alg {algorithm}"),
            ),
            row(
                "crit",
                Stage::Critical,
                "none".to_owned(),
                critical.to_owned(),
            ),
            row(
                "iss",
                Stage::Issuer,
                issuers(checks),
                issuer.unwrap_or("none").to_owned(),
            ),
            row("typ", Stage::Type, types(checks), kind.to_owned()),
            row("key", Stage::Key, signing, key),
            self.row("signature", &[Stage::Signature], "by that key", None),
        ]
    }

    fn claims(&self) -> Vec<TokenCheck> {
        let checks = self.facts.checks.as_deref();
        let claims = self.facts.claims.as_ref();
        let read = claims.map_or("none that can be read", |_| "one");
        let mut rows = vec![
            self.row(
                "claims",
                &[Stage::Payload],
                "a JSON object that repeats no name",
                Some(read.to_owned()),
            ),
            self.row(
                "aud",
                &[Stage::Audience],
                audience(checks),
                claims.map(|claims| claims.audience.as_deref().unwrap_or("none").to_owned()),
            ),
        ];
        let required = checks.map_or(&[][..], |checks| &checks.required);
        if !required.is_empty() {
            let found = claims.map(|claims| match &*claims.missing {
                [] => "all".to_owned(),
                missing => format!("no {}", missing.join(", no ")),
            });
            rows.push(self.row(
                "required",
                &[Stage::RequiredClaims],
                required.join(", "),
                found,
            ));
        }
        let subject = checks.map_or("sub", |checks| &checks.subject);
        let expected = format!("a text or an integer as {subject}");
        let found = claims.map(|claims| claims.subject.to_string());
        rows.push(self.row("subject", &[Stage::Subject], expected, found));
        rows
    }

    fn times(&self) -> Vec<TokenCheck> {
        let leeway = self.facts.checks.as_deref().map(|checks| checks.leeway);
        let time = |of: fn(&ClaimFacts) -> Time| self.facts.claims.as_ref().map(of);
        let expiry = match time(|claims| claims.expires) {
            Some(Time::At(at)) if at <= self.now.0 => Some(self.at(at, "expired ")),
            Some(Time::At(at)) => Some(self.at(at, "expires ")),
            time @ (Some(Time::Absent | Time::Unreadable) | None) => time.map(untimely),
        };
        let other = |time: Option<Time>| {
            time.map(|time| match time {
                Time::At(at) => self.at(at, ""),
                Time::Absent | Time::Unreadable => untimely(time),
            })
        };
        let row =
            |name, stages: [Stage; 2], expected, found, leeway: Option<Duration>| TokenCheck {
                leeway_seconds: leeway.map(|leeway| leeway.as_secs()),
                ..self.row(name, &stages, expected, found)
            };
        let past = "now, earlier or none";
        let (not_before, issued) = (
            time(|claims| claims.not_before),
            time(|claims| claims.issued),
        );
        vec![
            row(
                "exp",
                [Stage::ExpiryType, Stage::Expiry],
                "later than now",
                expiry,
                leeway.map(|it| it.exp),
            ),
            row(
                "nbf",
                [Stage::NotBeforeType, Stage::NotBefore],
                past,
                other(not_before),
                leeway.map(|it| it.nbf),
            ),
            row(
                "iat",
                [Stage::IssuedAtType, Stage::IssuedAt],
                past,
                other(issued),
                leeway.map(|it| it.iat),
            ),
        ]
    }

    fn at(&self, seconds: u64, word: &str) -> String {
        format!(
            "{}, {word}{}",
            UnixSeconds(seconds),
            distance(seconds, self.now.0)
        )
    }
}

fn result(stages: &[Stage], fate: Fate) -> CheckResult {
    let (end, result) = match fate {
        Fate::Holds => return CheckResult::Holds,
        Fate::Refused(stage) => (stage, CheckResult::Fails),
        Fate::Undecided(stage) => (stage, CheckResult::Unclear),
    };
    if stages.contains(&end) {
        result
    } else if stages.iter().all(|stage| *stage < end) {
        CheckResult::Holds
    } else {
        CheckResult::NotEvaluated
    }
}

fn untimely(time: Time) -> String {
    match time {
        Time::Absent => "none",
        Time::Unreadable | Time::At(_) => "something that is no time",
    }
    .to_owned()
}

fn issuers(checks: Option<&Checks>) -> String {
    match checks.map(|checks| checks.name.as_deref()) {
        Some(Some(name)) => name.to_owned(),
        Some(None) => "none that is another's".to_owned(),
        None => "one that is listed, or none".to_owned(),
    }
}

fn types(checks: Option<&Checks>) -> String {
    checks.map_or_else(
        || "one of its issuer's".to_owned(),
        |checks| format!("{} or none", checks.types.join(", ")),
    )
}

fn audience(checks: Option<&Checks>) -> String {
    match checks.map(|checks| &checks.audience) {
        Some(Audience::OneOf(accepted)) => accepted.join(" or "),
        Some(Audience::Unnamed) => "none".to_owned(),
        Some(Audience::Any) => "anything".to_owned(),
        None => "one of its issuer's".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::token::{claims::ClaimError, raw::ShapeError, verify::InvalidToken};

    fn claims(expires: Time) -> ClaimFacts {
        ClaimFacts {
            issuer: None,
            audience: None,
            subject: "a text of 1 character".into(),
            missing: Vec::new(),
            expires,
            not_before: Time::Absent,
            issued: Time::At(9_990),
        }
    }

    fn checked(fate: Fate) -> Vec<TokenCheck> {
        let mut checks = Checks::usual("sub");
        checks.required = vec!["email".into()];
        let facts = TokenFacts {
            checks: Some(Arc::new(checks)),
            claims: Some(claims(Time::At(10_000))),
            ..TokenFacts::default()
        };
        let now = UnixSeconds(10_000 + 3 * 3_600);
        details(&facts, fate, Known::Nothing, now).checks
    }

    fn named(checks: &[TokenCheck], result: CheckResult) -> Vec<&str> {
        let wanted = checks.iter().filter(|check| check.result == result);
        wanted.map(|check| &*check.name).collect()
    }

    #[test]
    fn every_refusal_ends_the_checks_where_it_was_decided() {
        for (refusal, failed, last) in [
            (InvalidToken::Shape(ShapeError::TooLong), "shape", None),
            (InvalidToken::Shape(ShapeError::NotCompact), "shape", None),
            (InvalidToken::Header, "header", Some("shape")),
            (InvalidToken::Critical, "crit", Some("header")),
            (InvalidToken::UnreadIssuer, "iss", Some("crit")),
            (InvalidToken::UnknownIssuer, "iss", Some("crit")),
            (InvalidToken::Type, "typ", Some("iss")),
            (InvalidToken::Algorithm, "key", Some("typ")),
            (InvalidToken::UnknownKey, "key", Some("typ")),
            (InvalidToken::KeyNotYet, "key", Some("typ")),
            (InvalidToken::KeyRetired, "key", Some("typ")),
            (InvalidToken::Signature, "signature", Some("key")),
            (InvalidToken::Payload, "claims", Some("signature")),
            (InvalidToken::Audience, "aud", Some("claims")),
            (
                InvalidToken::MissingClaim("email".into()),
                "required",
                Some("aud"),
            ),
            (
                InvalidToken::OtherClaim("type".into()),
                "required",
                Some("aud"),
            ),
            (ClaimError::WrongType("iat").into(), "iat", Some("required")),
            (ClaimError::WrongType("exp").into(), "exp", Some("required")),
            (InvalidToken::NoExpiry, "exp", Some("required")),
            (ClaimError::WrongType("nbf").into(), "nbf", Some("required")),
            (ClaimError::NoSubject.into(), "subject", Some("required")),
            (ClaimError::Subject.into(), "subject", Some("required")),
            (InvalidToken::Expired, "exp", Some("subject")),
            (InvalidToken::NotYetValid, "nbf", Some("exp")),
            (InvalidToken::IssuedInFuture, "iat", Some("nbf")),
            (InvalidToken::NotAHeader, "headers", Some("iat")),
            (InvalidToken::NotAList, "headers", Some("iat")),
            (InvalidToken::LargeHeader, "headers", Some("iat")),
        ] {
            let checks = checked(Fate::Refused(Stage::of(&refusal)));
            assert_eq!(named(&checks, CheckResult::Fails), [failed], "{refusal}");
            let held = named(&checks, CheckResult::Holds);
            assert_eq!(held.last().copied(), last, "{refusal}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_had_leaves_what_follows_undecided() {
        let checks = checked(Fate::Undecided(Stage::Key));
        assert_eq!(named(&checks, CheckResult::Unclear), ["key"]);
        assert_eq!(named(&checks, CheckResult::Fails), [""; 0]);
        assert!(named(&checks, CheckResult::NotEvaluated).contains(&"exp"));
    }

    #[test]
    fn an_expired_token_says_since_when_and_what_its_clock_may_differ() {
        let checks = checked(Fate::Refused(Stage::Expiry));
        let of = |name: &str| checks.iter().find(|check| check.name == name).unwrap();
        assert_eq!(of("signature").result, CheckResult::Holds);
        assert_eq!(of("exp").result, CheckResult::Fails);
        let expected = "1970-01-01T02:46:40Z, expired 3 h ago";
        assert_eq!(of("exp").found.as_deref(), Some(expected));
        assert_eq!(of("exp").leeway_seconds, Some(0));
        assert_eq!(of("nbf").result, CheckResult::NotEvaluated);
        assert_eq!(of("iat").leeway_seconds, Some(5));
    }
}
