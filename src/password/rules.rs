//! What a new password has to be like.

use thiserror::Error;

use super::Recipe;
use crate::secret::Secret;

/// The rules for new passwords. Those that are stored already are asked nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// The fewest characters.
    pub min: usize,
    /// The most characters.
    pub max: usize,
    /// How many of the four classes there have to be: small letters, capital letters, digits, anything else.
    pub classes: usize,
    /// Whether it may be what its user logs in with.
    pub may_be_login: bool,
}

/// Why a new password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum Weakness {
    /// Too few characters.
    #[error("the password has less than {0} characters")]
    Short(usize),
    /// Too many characters.
    #[error("the password has more than {0} characters")]
    Long(usize),
    /// The format would see only its beginning.
    #[error("the password has more than {0} bytes")]
    ManyBytes(usize),
    /// Too few classes of characters.
    #[error("the password has less than {0} kinds of characters")]
    Plain(usize),
    /// It is what its user logs in with.
    #[error("the password is the name of its user")]
    Login,
    /// It has a character that some programs take for its end.
    #[error("the password contains a NUL")]
    Nul,
}

impl Default for Rules {
    /// At least 8 characters, up to 128, of any kind, as NIST SP 800-63B advises.
    fn default() -> Self {
        Self {
            min: 8,
            max: 128,
            classes: 1,
            may_be_login: false,
        }
    }
}

impl Weakness {
    /// In a word, for answers and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Short(_) => "short",
            Self::Long(_) => "long",
            Self::ManyBytes(_) => "many_bytes",
            Self::Plain(_) => "plain",
            Self::Login => "login",
            Self::Nul => "nul",
        }
    }
}

impl Rules {
    /// Whether a password may be set for the user of this login, to be stored in this way.
    pub fn check(
        &self,
        password: &Secret<String>,
        login: &str,
        recipe: Recipe,
    ) -> Result<(), Weakness> {
        let password = password.expose().as_str();
        let characters = password.chars().count();
        if password.contains('\0') {
            Err(Weakness::Nul)
        } else if characters < self.min {
            Err(Weakness::Short(self.min))
        } else if characters > self.max {
            Err(Weakness::Long(self.max))
        } else if password.len() > recipe.longest() {
            Err(Weakness::ManyBytes(recipe.longest()))
        } else if classes(password) < self.classes {
            Err(Weakness::Plain(self.classes))
        } else if !self.may_be_login && same(password, login) {
            Err(Weakness::Login)
        } else {
            Ok(())
        }
    }
}

/// How many of the four classes are there. Letters of scripts without capitals are small ones.
fn classes(password: &str) -> usize {
    let capital = |it: char| it.is_uppercase();
    let digit = |it: char| it.is_numeric();
    let small = |it: char| it.is_alphabetic() && !it.is_uppercase();
    let other = |it: char| !it.is_alphabetic() && !it.is_numeric();
    let classes: [&dyn Fn(char) -> bool; 4] = [&capital, &digit, &small, &other];
    classes
        .iter()
        .filter(|class| password.chars().any(class))
        .count()
}

fn same(password: &str, login: &str) -> bool {
    password.trim().to_lowercase() == login.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(rules: Rules, password: &str) -> Result<(), Weakness> {
        let password = Secret::new(password.to_owned());
        rules.check(&password, "Ann@example.com", Recipe::default())
    }

    #[test]
    fn each_rule_says_what_it_misses() {
        let rules = Rules {
            max: 100,
            classes: 3,
            ..Rules::default()
        };
        let long = format!("Aa1{}", "x".repeat(98));
        let bytes = format!("Aa1{}", "비".repeat(24));
        for (password, expected) in [
            ("", Err(Weakness::Short(8))),
            ("Abc-123", Err(Weakness::Short(8))),
            ("Abc-1234", Ok(())),
            ("abcd1234", Err(Weakness::Plain(3))),
            ("비밀번호비밀번호", Err(Weakness::Plain(3))),
            ("비밀번호-7🔑비", Ok(())),
            ("Abc-1234\0", Err(Weakness::Nul)),
            (long.as_str(), Err(Weakness::Long(100))),
            (bytes.as_str(), Err(Weakness::ManyBytes(72))),
        ] {
            assert_eq!(said(rules, password), expected, "{password}");
        }
    }

    #[test]
    fn the_login_in_other_letters_is_no_password() {
        let rules = Rules::default();
        assert_eq!(said(rules, " ANN@example.COM"), Err(Weakness::Login));
        let free = Rules {
            may_be_login: true,
            ..rules
        };
        assert_eq!(said(free, "ann@example.com"), Ok(()));
    }
}
