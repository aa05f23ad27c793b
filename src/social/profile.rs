//! Who somebody is at a provider.

use std::fmt;

use serde_json::Value;

use super::{error::Fault, settings::ProfilePaths};
use crate::secret::Secret;

/// The longest subject that is kept: what OpenID Connect allows (Core section 2).
const LONGEST_SUBJECT: usize = 255;

/// The longest address (RFC 5321 section 4.5.3.1.3).
const LONGEST_ADDRESS: usize = 254;

/// How many letters of a name are taken.
const LONGEST_NAME: usize = 100;

/// What a provider says about somebody.
#[derive(Clone, PartialEq, Eq)]
pub struct Profile {
    /// Who it is: unique at the provider and never given to anybody else.
    pub subject: String,
    /// The e-mail address, if it is told.
    pub email: Option<Email>,
    /// What they are called, if it is told.
    pub name: Option<String>,
    /// What can be taken back when they leave, if it was given.
    pub refresh_token: Option<Secret<String>>,
}

/// An e-mail address.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    /// As the provider spells it.
    pub address: String,
    /// Whether the provider says that it is theirs.
    pub verified: bool,
}

impl Profile {
    /// Reads what a provider answers. Without a usable subject nobody is there.
    pub fn read(json: &Value, paths: &ProfilePaths) -> Result<Self, Fault> {
        let subject = paths.subject.id(json).filter(|id| is_subject(id));
        let email = paths.email.as_ref().and_then(|path| path.text(json));
        let email = email.filter(|address| is_address(address));
        let mut flags = paths.email_verified.iter();
        let verified = !paths.email_verified.is_empty() && flags.all(|path| path.is_true(json));
        let name = paths.name.as_ref().and_then(|path| path.text(json));
        Ok(Self {
            subject: subject.ok_or(Fault::NoSubject)?,
            email: email.map(|address| Email {
                address: address.to_owned(),
                verified,
            }),
            name: name.and_then(cleaned),
            refresh_token: None,
        })
    }

    /// The address, if the provider says that it is theirs.
    pub fn verified_email(&self) -> Option<&str> {
        let email = self.email.as_ref().filter(|email| email.verified);
        email.map(|email| email.address.as_str())
    }

    /// Takes from another answer about the same person what this one does not say.
    pub fn completed(mut self, other: Self) -> Result<Self, Fault> {
        if self.subject != other.subject {
            return Err(Fault::OtherSubject);
        }
        let is_better = |email: &Email| email.verified || self.email.is_none();
        if let Some(email) = other.email.filter(is_better) {
            self.email = Some(email);
        }
        self.name = self.name.or(other.name);
        Ok(self)
    }
}

/// What Apple sends in `user`, once and never again. It comes by the browser and nobody has signed it, so that only the
/// name is taken.
pub(super) fn name_of_user(user: &str) -> Option<String> {
    let user: Value = serde_json::from_str(user).ok()?;
    let name = user.get("name")?;
    let part = |key: &str| name.get(key).and_then(Value::as_str).unwrap_or_default();
    cleaned(&format!("{} {}", part("firstName"), part("lastName")))
}

fn is_subject(id: &str) -> bool {
    let is_graphic = |byte: u8| (0x21..0x7F).contains(&byte);
    !id.is_empty() && id.len() <= LONGEST_SUBJECT && id.bytes().all(is_graphic)
}

fn is_address(text: &str) -> bool {
    let has_parts = text
        .rsplit_once('@')
        .is_some_and(|(local, domain)| !local.is_empty() && !domain.is_empty());
    let is_clean = |letter: char| !letter.is_control() && !letter.is_whitespace();
    has_parts && text.len() <= LONGEST_ADDRESS && text.chars().all(is_clean)
}

/// A name in one line; `None` for one that says nothing.
pub(super) fn cleaned(name: &str) -> Option<String> {
    let letters = name.chars().filter(|letter| !letter.is_control());
    let name: String = letters.take(LONGEST_NAME).collect();
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

impl fmt::Debug for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Profile([redacted])")
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Email([redacted])")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::social::path::JsonPath;

    fn path(text: &str) -> JsonPath {
        JsonPath::parse(text).expect("a path")
    }

    fn kakao() -> ProfilePaths {
        ProfilePaths {
            subject: path("$.id"),
            email: Some(path("$.kakao_account.email")),
            email_verified: vec![
                path("$.kakao_account.is_email_valid"),
                path("$.kakao_account.is_email_verified"),
            ],
            name: Some(path("$.kakao_account.profile.nickname")),
        }
    }

    fn account(valid: bool, verified: bool) -> Value {
        json!({"id": 9_007_199_254_740_993_i64, "kakao_account": {
            "profile": {"nickname": "홍길동"}, "email": "a@b.example",
            "is_email_valid": valid, "is_email_verified": verified,
        }})
    }

    #[test]
    fn an_address_is_verified_when_every_flag_says_so() {
        let read = |json| Profile::read(&json, &kakao()).expect("a profile");
        let profile = read(account(true, true));
        assert_eq!(profile.subject, "9007199254740993");
        assert_eq!(profile.verified_email(), Some("a@b.example"));
        assert_eq!(profile.name.as_deref(), Some("홍길동"));
        assert_eq!(read(account(false, true)).verified_email(), None);
        assert_eq!(read(account(true, false)).verified_email(), None);
        let without = ProfilePaths {
            email_verified: Vec::new(),
            ..kakao()
        };
        let profile = Profile::read(&account(true, true), &without).expect("a profile");
        assert_eq!(profile.verified_email(), None, "nobody says that it is");
    }

    #[test]
    fn nobody_is_there_without_a_subject() {
        for id in [
            json!(null),
            json!(""),
            json!("a b"),
            json!("a\u{0}"),
            json!(1.5),
        ] {
            let json = json!({"id": id, "kakao_account": {}});
            let read = Profile::read(&json, &kakao());
            assert!(matches!(read, Err(Fault::NoSubject)), "{json}");
        }
        let long = json!({"id": "x".repeat(256)});
        assert!(Profile::read(&long, &kakao()).is_err());
    }

    #[test]
    fn two_answers_are_about_one_person() {
        let profile = |subject: &str, verified| Profile {
            subject: subject.to_owned(),
            email: Some(Email {
                address: "a@b.example".to_owned(),
                verified,
            }),
            name: None,
            refresh_token: None,
        };
        let both = profile("7", false).completed(profile("7", true));
        assert_eq!(
            both.expect("one person").verified_email(),
            Some("a@b.example")
        );
        let other = profile("7", true).completed(profile("8", true));
        assert!(matches!(other, Err(Fault::OtherSubject)));
    }

    #[test]
    fn only_the_name_is_taken_of_what_nobody_has_signed() {
        let user = r#"{"name":{"firstName":"길동","lastName":"홍\u0000"},"email":"x@y.example"}"#;
        assert_eq!(name_of_user(user).as_deref(), Some("길동 홍"));
        assert_eq!(name_of_user(r#"{"name":{}}"#), None);
        assert_eq!(name_of_user("not JSON"), None);
    }

    #[test]
    fn debug_shows_nothing_of_anybody() {
        let profile = Profile::read(&account(true, true), &kakao()).expect("a profile");
        assert_eq!(format!("{profile:?}"), "Profile([redacted])");
    }
}
