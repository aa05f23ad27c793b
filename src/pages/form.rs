//! Forms with a few fields: what each asks for, and what was wrong with it.

use super::words::Words;

/// A form with a few fields.
#[derive(Debug, Clone)]
pub struct Form<'a> {
    /// What it is for.
    pub asks: Asks,
    /// What was typed of the name, or who it is.
    pub login: &'a str,
    /// The code of a link, which nobody types.
    pub code: Option<&'a str>,
    /// Why it is shown again.
    pub objection: Option<Objection>,
}

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asks {
    /// To be sent a code or a link for a new password.
    ForReset,
    /// To choose a password with it.
    ToReset,
    /// To be sent a code or a link that proves an address.
    ForProof,
    /// To prove the address with it.
    ToProve,
    /// To change one's password.
    ToChange,
    /// To leave, and prove to be oneself by the password.
    ToLeave,
    /// The same, where no password is asked for.
    ToLeaveUnasked,
}

/// What is wrong with what was typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Objection {
    /// Something is not there.
    Missing,
    /// The code is wrong, used up or too old; nobody learns which.
    WrongCode,
    /// The password that there is is another one.
    WrongPassword,
    /// The new password is too weak.
    Weak,
    /// The two new ones differ.
    Differs,
    /// There were too many attempts.
    Later,
}

/// One field, as it is written.
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) label: &'static str,
    pub(super) kind: &'static str,
    pub(super) autocomplete: &'static str,
}

impl Asks {
    /// Where it is, below the root.
    pub fn path(self) -> &'static str {
        match self {
            Self::ForReset => "/forgot-password",
            Self::ToReset => "/new-password",
            Self::ForProof => "/send-code",
            Self::ToProve => "/verify",
            Self::ToChange => "/password",
            Self::ToLeave | Self::ToLeaveUnasked => "/withdraw",
        }
    }

    /// What it and links to it are called.
    pub(super) fn title(self, words: &Words) -> &'static str {
        match self {
            Self::ForReset => words.forgot_password,
            Self::ToReset => words.new_password_title,
            Self::ForProof => words.send_code,
            Self::ToProve => words.verify,
            Self::ToChange => words.change_password,
            Self::ToLeave | Self::ToLeaveUnasked => words.withdraw,
        }
    }

    fn explained(self, words: &Words) -> &'static str {
        match self {
            Self::ForReset => words.forgot_password_explained,
            Self::ToReset => words.new_password_explained,
            Self::ForProof => words.send_code_explained,
            Self::ToProve => words.verify_explained,
            Self::ToChange => words.change_password_explained,
            Self::ToLeave | Self::ToLeaveUnasked => words.withdraw_explained,
        }
    }
}

impl Form<'_> {
    pub(super) fn explained(&self, words: &Words) -> &'static str {
        self.asks.explained(words)
    }

    pub(super) fn alert(&self, words: &Words) -> Option<&'static str> {
        Some(match self.objection? {
            Objection::Missing => words.missing,
            Objection::WrongCode => words.wrong_code,
            Objection::WrongPassword => words.wrong_password,
            Objection::Weak => words.weak_password,
            Objection::Differs => words.passwords_differ,
            Objection::Later => words.later,
        })
    }

    /// Who it is, for programs that keep passwords: people are not asked.
    pub(super) fn username(&self) -> Option<&str> {
        let is_known = matches!(self.asks, Asks::ToChange | Asks::ToLeave);
        Some(self.login).filter(|login| is_known && !login.is_empty())
    }

    /// Whether it cannot be undone.
    pub(super) fn is_grave(&self) -> bool {
        matches!(self.asks, Asks::ToLeave | Asks::ToLeaveUnasked)
    }

    pub(super) fn fields(&self, words: &Words) -> Vec<Field> {
        let field = |name, label, kind, autocomplete| Field {
            name,
            label,
            kind,
            autocomplete,
        };
        let login = || field("login", words.login, "text", "username");
        let code = || field("code", words.code, "text", "one-time-code");
        let new = |name, label| field(name, label, "password", "new-password");
        let both = || {
            [
                new("password", words.new_password),
                new("password_again", words.new_password_again),
            ]
        };
        let mut fields = Vec::new();
        match self.asks {
            Asks::ForReset | Asks::ForProof => fields.push(login()),
            Asks::ToReset | Asks::ToProve => {
                if self.code.is_none() {
                    fields.extend([login(), code()]);
                }
                if self.asks == Asks::ToReset {
                    fields.extend(both());
                }
            }
            Asks::ToChange => {
                let current = ("current_password", words.current_password);
                fields.push(field(current.0, current.1, "password", "current-password"));
                fields.extend(both());
            }
            Asks::ToLeave => {
                fields.push(field(
                    "password",
                    words.password,
                    "password",
                    "current-password",
                ));
            }
            Asks::ToLeaveUnasked => {}
        }
        fields
    }
}
