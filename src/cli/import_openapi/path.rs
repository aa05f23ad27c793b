//! Path templates of `OpenAPI` as patterns of routes.

use std::fmt::Write as _;

use serde::Serialize;

use crate::policy::pattern::Pattern;

/// What has become of a template.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Path {
    /// A pattern that matches the same paths.
    Same(String),
    /// A pattern that matches more paths.
    Wider(String),
    /// There is none.
    Impossible(String),
}

impl Path {
    pub(super) fn of(template: &str) -> Self {
        let Some(rest) = template.strip_prefix('/') else {
            return Self::Impossible("it does not begin with /".to_owned());
        };
        let mut text = String::new();
        let mut wider = false;
        let mut names: Vec<String> = Vec::new();
        let last = rest.split('/').count();
        for (number, segment) in rest.split('/').enumerate() {
            if segment.starts_with('{') && segment.ends_with(":path}") && number + 1 == last {
                text.push_str("/**");
                continue;
            }
            let whole = parameter(segment);
            if whole.is_none() && !segment.contains(['{', '}']) {
                push_literal(&mut text, segment);
                continue;
            }
            wider |= whole.is_none();
            let name = unused(&names, &name(whole.unwrap_or(segment)));
            // A text takes whatever is written to it.
            let _ = write!(text, "/{{{name}}}");
            names.push(name);
        }
        match Pattern::parse(&text) {
            Err(error) => Self::Impossible(error.to_string()),
            Ok(_) if wider => Self::Wider(text),
            Ok(_) => Self::Same(text),
        }
    }

    /// The pattern, if there is one.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Same(text) | Self::Wider(text) => Some(text),
            Self::Impossible(_) => None,
        }
    }
}

/// The name in a segment that is one parameter.
fn parameter(segment: &str) -> Option<&str> {
    let name = segment.strip_prefix('{')?.strip_suffix('}')?;
    (!name.contains(['{', '}'])).then_some(name)
}

/// With letters, digits and `_` alone; without a converter such as `:int`.
fn name(text: &str) -> String {
    let text = text.split(':').next().unwrap_or_default();
    let known = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
    let name: String = text.chars().map(known).collect();
    let name = name.trim_matches('_');
    if name.is_empty() {
        "parameter".to_owned()
    } else {
        name.to_owned()
    }
}

fn unused(names: &[String], name: &str) -> String {
    let free = |name: &String| !names.contains(name);
    let numbered = (2..).map(|number: usize| format!("{name}_{number}"));
    let mut all = std::iter::once(name.to_owned()).chain(numbered);
    all.find(free).unwrap_or_default()
}

/// As clients send it.
fn push_literal(text: &mut String, segment: &str) {
    text.push('/');
    for character in segment.chars() {
        if character.is_ascii() && character != ' ' {
            text.push(character);
        } else {
            let mut bytes = [0; 4];
            for byte in character.encode_utf8(&mut bytes).bytes() {
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_become_patterns() {
        let same = |text: &str| Path::Same(text.to_owned());
        let wider = |text: &str| Path::Wider(text.to_owned());
        for (template, expected) in [
            ("/", same("/")),
            ("/users/", same("/users/")),
            ("/users/{user_id}", same("/users/{user_id}")),
            ("/a/{user-id}/{user_id}", same("/a/{user_id}/{user_id_2}")),
            ("/files/{rest:path}", same("/files/**")),
            ("/files/{id:int}", same("/files/{id}")),
            ("/물건/a b", same("/%EB%AC%BC%EA%B1%B4/a%20b")),
            ("/report/{id}.pdf", wider("/report/{id__pdf}")),
            ("/{a}-{b}", wider("/{a___b}")),
            ("/{}", same("/{parameter}")),
        ] {
            assert_eq!(Path::of(template), expected, "{template}");
        }
        for template in ["users", "/a//b", "/a/*", "/a/../b", "/a?b", ""] {
            assert_eq!(Path::of(template).text(), None, "{template}");
        }
    }
}
