//! What an application means by its answers, as standard statuses: many say 400, or 200, for everything, and the reason in
//! a code of their own in the body.

use serde_json::Value;

/// What stands for a refusal that no standard status says. It is no status of HTTP.
pub const NOTHING_STANDARD: u16 = 600;

/// How the answers of some routes are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatusRules {
    /// Answers with these statuses are looked into.
    pub looked_into: Vec<u16>,
    /// The way to the code in a JSON body.
    pub code: Vec<Box<str>>,
    /// What the codes mean; a number is written as JSON writes it.
    pub meanings: Vec<(Box<str>, u16)>,
    /// What any other code means; `None` is what the answer says itself.
    pub otherwise: Option<u16>,
    /// The largest body that is looked into.
    pub largest: usize,
    /// Who sees it.
    pub seen_by: SeenBy,
    /// Whether clients may see [`NOTHING_STANDARD`].
    pub nothing_standard: NothingStandard,
}

/// Who sees what an answer means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeenBy {
    /// Whoever reads logs and metrics; clients get what they always got.
    Operators,
    /// Clients, too.
    Everybody,
}

/// Where [`NOTHING_STANDARD`] may be seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NothingStandard {
    /// In logs and metrics alone.
    Kept,
    /// On the wire as well.
    Sent,
}

impl StatusRules {
    /// Whether an answer of this status, and of so many bytes, is looked into.
    pub fn look_into(&self, status: u16, bytes: u64) -> bool {
        let fits = usize::try_from(bytes).is_ok_and(|bytes| (1..=self.largest).contains(&bytes));
        fits && self.looked_into.contains(&status)
    }

    /// What an answer means, where its body says so.
    pub fn meant(&self, body: &[u8]) -> Option<u16> {
        let body: Value = serde_json::from_slice(body).ok()?;
        let mut steps = self.code.iter();
        let code = steps.try_fold(&body, |value, step| value.get(&**step))?;
        let code = match code {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            Value::Null | Value::Array(_) | Value::Object(_) => return None,
        };
        let mut meanings = self.meanings.iter();
        let meant = meanings.find(|(known, _)| **known == *code);
        meant.map(|(_, status)| *status).or(self.otherwise)
    }

    /// The status that clients see of what is meant, where it is another one than was said.
    pub fn shown(&self, meant: u16) -> Option<u16> {
        let may_be_seen = match self.nothing_standard {
            NothingStandard::Kept => meant != NOTHING_STANDARD,
            NothingStandard::Sent => true,
        };
        (self.seen_by == SeenBy::Everybody && may_be_seen).then_some(meant)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> StatusRules {
        StatusRules {
            looked_into: vec![200, 400],
            code: ["detail", "error_code"].map(Box::from).into(),
            meanings: vec![("191".into(), 410), ("ok".into(), 200)],
            otherwise: Some(NOTHING_STANDARD),
            largest: 64,
            seen_by: SeenBy::Everybody,
            nothing_standard: NothingStandard::Kept,
        }
    }

    #[test]
    fn the_code_in_the_body_says_what_is_meant() {
        for (body, meant) in [
            (r#"{"detail":{"error_code":191,"message":"x"}}"#, Some(410)),
            (r#"{"detail":{"error_code":"191"}}"#, Some(410)),
            (r#"{"detail":{"error_code":"ok"}}"#, Some(200)),
            (r#"{"detail":{"error_code":7}}"#, Some(600)),
            (r#"{"detail":{"error_code":null}}"#, None),
            (r#"{"detail":"error_code"}"#, None),
            (r#"{"data":[]}"#, None),
            ("[]", None),
            ("not JSON", None),
        ] {
            assert_eq!(rules().meant(body.as_bytes()), meant, "{body}");
        }
    }

    #[test]
    fn only_small_answers_of_the_listed_statuses_are_looked_into() {
        let rules = rules();
        assert!(rules.look_into(200, 64) && rules.look_into(400, 1));
        assert!(!rules.look_into(200, 65) && !rules.look_into(404, 9) && !rules.look_into(200, 0));
    }

    #[test]
    fn what_is_not_standard_is_shown_to_clients_by_a_waiver_alone() {
        let kept = rules();
        assert_eq!((kept.shown(410), kept.shown(600)), (Some(410), None));
        let sent = StatusRules {
            nothing_standard: NothingStandard::Sent,
            ..rules()
        };
        assert_eq!(sent.shown(600), Some(600));
        let quiet = StatusRules {
            seen_by: SeenBy::Operators,
            ..sent
        };
        assert_eq!((quiet.shown(410), quiet.shown(600)), (None, None));
    }
}
