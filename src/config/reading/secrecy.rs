//! Which keys and values must not be shown.
//!
//! It errs towards hiding: a misspelt `secert` hides its value too. It does not hide anything itself.

use crate::config::reading::suggestion::distance;

/// What a key's name contains when its value is a secret.
const WORDS: [&str; 6] = [
    "secret",
    "password",
    "database",
    "token_key",
    "private_key",
    // Where a private key is easily put by mistake.
    "public_key",
];

/// Whether the value under a key of this name is a secret; misspelt names count.
pub fn is_secret_name(name: &str) -> bool {
    let name: String = name
        .chars()
        .take(256)
        .collect::<String>()
        .to_lowercase()
        .replace('-', "_");
    // What operators have to show; `tokens` and `token_from` are no secrets.
    name == "token"
        // What a slip has left of a name, which could have been any.
        || name.starts_with(':')
        || WORDS.iter().any(|word| name.contains(word))
        || name
            .split(|c: char| !c.is_alphanumeric())
            .any(is_nearly_secret)
}

fn is_nearly_secret(part: &str) -> bool {
    let part: Vec<char> = part.chars().collect();
    WORDS.iter().any(|word| {
        let word: Vec<char> = word.chars().filter(|c| *c != '_').collect();
        // Each letter that one has and the other has not is an edit: most parts are dismissed by that.
        let missing = word.iter().filter(|c| !part.contains(c)).count();
        part.len() + 2 >= word.len()
            && part.len() <= word.len() + 2
            && missing <= 2
            && distance(&part, &word) <= 2
    })
}

/// The section about passwords, which has a secret's name and none in it but for what is added to them before they are
/// hashed; what somebody has put there by mistake may be one.
pub const ABOUT_PASSWORDS: &str = "passwords";

const SETTINGS: [&str; 7] = [
    ".threads", ".queue", ".memory", ".formats", ".new", ".upgrade", ".rules",
];

/// Whether these steps below the section lead to something that may be shown.
pub fn is_about_passwords(steps: &[String]) -> bool {
    let mut steps = steps.iter().map(String::as_str);
    match (steps.next(), steps.next()) {
        (Some(".digest"), further) => further == Some(".hash"),
        (Some(first), _) => SETTINGS.contains(&first),
        (None, _) => false,
    }
}

/// Whether a value looks like a secret wherever it stands: taken from the environment, a URL with credentials in it,
/// or a secret's name and its value run together.
pub fn looks_secret(text: &str) -> bool {
    text.contains("${") || has_credentials(text) || names_a_secret(text)
}

fn has_credentials(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(_, rest)| rest.contains('@'))
}

/// `/password/reset` names a secret, `password reset` may be one.
fn names_a_secret(text: &str) -> bool {
    let in_paths = ['/', '.', '*', '}', ']', ')'];
    let never_in_paths = [' ', '\t', '\n', '"', '\'', '=', ':'];
    secret_names(text).any(|end| {
        let rest = text.get(end..).unwrap_or("");
        let is_path = rest.starts_with(in_paths) && !rest.contains(never_in_paths);
        !is_path && rest.contains(char::is_alphanumeric)
    })
}

/// Whether a key is a plain name, and not a name and a secret in one.
pub fn is_name(key: &str) -> bool {
    key.chars()
        .all(|c| c.is_ascii_alphabetic() || c == '_' || c == '-')
}

/// The byte at which the first secret's name ends in a text that could not be parsed; what is run together with it is
/// not counted as a part of it.
pub fn end_of_secret_name(text: &str) -> Option<usize> {
    let lowered = text.to_ascii_lowercase();
    let words = WORDS
        .iter()
        .filter_map(|word| lowered.find(word).map(|start| start + word.len()));
    words.chain(secret_names(text).take(1)).min()
}

fn secret_names(text: &str) -> impl Iterator<Item = usize> {
    let is_separator = |c: char| !c.is_alphanumeric() && c != '_' && c != '-';
    let mut start = 0;
    text.split_inclusive(is_separator).filter_map(move |part| {
        let name = part.trim_end_matches(is_separator);
        let end = start + name.len();
        start += part.len();
        is_secret_name(name).then_some(end)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for name in [
            "secret",
            "SECRET_KEY",
            "db_password",
            "database",
            "token-key",
            "secert",
            "pasword",
            "databse_url",
            "client_secrets",
            "token",
            ":ret",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in [
            "match",
            "routes",
            "tokens",
            "token_from",
            "subject",
            "access",
            "address",
            "table",
            "algorithm",
            "listeners",
            "",
        ] {
            assert!(!is_secret_name(name), "{name}");
        }
    }

    #[test]
    fn settings_of_passwords_are_shown_and_what_does_not_belong_there_is_not() {
        let shown = |path: &[&str]| {
            let steps: Vec<String> = path.iter().map(ToString::to_string).collect();
            is_about_passwords(&steps)
        };
        for path in [
            &[".formats", "[0]"][..],
            &[".new", ".cost"],
            &[".digest", ".hash"],
        ] {
            assert!(shown(path), "{path:?}");
        }
        for path in [
            &[][..],
            &["[0]"],
            &[".ann"],
            &[".digest", ".prefix"],
            &[".digest"],
        ] {
            assert!(!shown(path), "{path:?}");
        }
    }

    #[test]
    fn values() {
        for value in [
            "${X}",
            "mysql://u:p@h/d",
            "secret=abc",
            "Password: x",
            "POST /x secret abc",
        ] {
            assert!(looks_secret(value), "{value}");
        }
        for value in [
            "http://127.0.0.1:8000",
            "hashed_password",
            "GET /docs/**",
            "me@example.org",
        ] {
            assert!(!looks_secret(value), "{value}");
        }
    }
}
