//! `${NAME}` and `${NAME:-default}` in the values of a document; `$${` stands for `${`.
//!
//! A default is taken when the variable is unset or empty, as in a shell. What the environment gives is taken as it is,
//! never looked through again. Keys are left alone, and `file:PATH` is not read here.

use crate::config::diagnostic::{Aim, Finding};
use crate::config::reading::places::path_of;
use crate::config::reading::tree::{Node, Scalar, Value};
use crate::config::source::Environment;

/// Fills the variables in; a scalar that could not be filled is marked as broken and reported.
pub fn interpolate(root: &mut Node, environment: &dyn Environment) -> Vec<Finding> {
    let mut faults = Vec::new();
    visit(root, environment, &mut Vec::new(), &mut faults);
    faults
        .into_iter()
        .map(|(trail, fault)| fault.finding(root, &trail))
        .collect()
}

fn visit(
    node: &mut Node,
    environment: &dyn Environment,
    trail: &mut Vec<usize>,
    faults: &mut Vec<(Vec<usize>, Fault)>,
) {
    if let Value::Scalar(scalar) = &mut node.value
        && let Err(fault) = fill(scalar, environment)
    {
        scalar.broken = true;
        faults.push((trail.clone(), fault));
    }
    for (position, child) in node.children_mut().enumerate() {
        trail.push(position);
        visit(child, environment, trail, faults);
        trail.pop();
    }
}

/// Why a value could not be filled in.
enum Fault {
    Missing(String),
    Unclosed,
    Nested,
    Misnamed,
}

impl Fault {
    fn finding(self, root: &Node, trail: &[usize]) -> Finding {
        let (message, fix) = match self {
            Self::Missing(name) => (
                format!("the environment has no {name}"),
                format!("set {name} in the environment, or give a default: ${{{name}:-…}}"),
            ),
            Self::Unclosed => (
                "`${` is never closed".to_owned(),
                "close it with `}`, or write `$${` for a literal `${`".to_owned(),
            ),
            Self::Nested => (
                "a default cannot contain `${`".to_owned(),
                "set the variable in the environment instead".to_owned(),
            ),
            Self::Misnamed => (
                "what follows `${` is not a variable's name".to_owned(),
                "use letters, digits and `_`, or write `$${` for a literal `${`".to_owned(),
            ),
        };
        let location = root.at(trail).map(|node| node.location);
        Finding {
            path: path_of(root, trail),
            location,
            aim: Aim::Word,
            value: None,
            message,
            fix,
        }
    }
}

fn fill(scalar: &mut Scalar, environment: &dyn Environment) -> Result<(), Fault> {
    if !scalar.text.contains("${") {
        return Ok(());
    }
    let mut filled = String::new();
    let mut rest = scalar.text.as_str();
    let mut variables = Vec::new();
    while let Some((before, after)) = rest.split_once("${") {
        if let Some(literal) = before.strip_suffix('$') {
            filled.push_str(literal);
            filled.push_str("${");
            rest = after;
            continue;
        }
        let (reference, remaining) = after.split_once('}').ok_or(Fault::Unclosed)?;
        filled.push_str(before);
        let (name, default) = reference
            .split_once(":-")
            .map_or((reference, None), |(name, default)| (name, Some(default)));
        filled.push_str(&value_of(name, default, environment)?);
        variables.push(name.to_owned());
        rest = remaining;
    }
    filled.push_str(rest);
    scalar.secret |= !variables.is_empty();
    scalar.text = filled;
    scalar.variables = variables;
    Ok(())
}

fn value_of(
    name: &str,
    default: Option<&str>,
    environment: &dyn Environment,
) -> Result<String, Fault> {
    let well_named = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    if name.is_empty() || !well_named {
        return Err(Fault::Misnamed);
    }
    if default.is_some_and(|default| default.contains("${")) {
        return Err(Fault::Nested);
    }
    let value = environment.get(name);
    match default {
        Some(default) => Ok(value
            .filter(|value| !value.is_empty())
            .unwrap_or_else(|| default.to_owned())),
        None => value.ok_or_else(|| Fault::Missing(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::reading::compose::compose;

    struct Fixed;

    impl Environment for Fixed {
        fn get(&self, name: &str) -> Option<String> {
            match name {
                "HOST" => Some("db".to_owned()),
                "EMPTY" => Some(String::new()),
                "TRICKY" => Some("${HOST}".to_owned()),
                _ => None,
            }
        }
    }

    fn filled(text: &str) -> Result<String, String> {
        let mut root = compose(&format!("a: \"{text}\"")).root.unwrap();
        let findings = interpolate(&mut root, &Fixed);
        if let Some(finding) = findings.into_iter().next() {
            return Err(finding.message);
        }
        let Value::Scalar(scalar) = &root.at(&[0]).unwrap().value else {
            panic!("not a scalar")
        };
        Ok(scalar.text.clone())
    }

    #[test]
    fn variables_defaults_and_escapes() {
        for (text, expected) in [
            ("${HOST}", "db"),
            ("a${HOST}b${HOST}", "adbbdb"),
            ("${NOPE:-x}", "x"),
            ("${NOPE:-}", ""),
            ("${EMPTY}", ""),
            ("${EMPTY:-x}", "x"),
            ("${HOST:-x}", "db"),
            ("$${HOST}", "${HOST}"),
            ("$$${HOST}", "$${HOST}"),
            ("$2b$12$abc", "$2b$12$abc"),
            ("{user.id}", "{user.id}"),
            ("${TRICKY}", "${HOST}"),
            ("${NOPE:-a:-b}", "a:-b"),
        ] {
            assert_eq!(filled(text), Ok(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_filled() {
        for (text, expected) in [
            ("${NOPE}", "the environment has no NOPE"),
            ("${HOST", "`${` is never closed"),
            ("${}", "what follows `${` is not a variable's name"),
            ("${9A}", "what follows `${` is not a variable's name"),
            ("${user.id}", "what follows `${` is not a variable's name"),
            ("${NOPE:-${HOST}}", "a default cannot contain `${`"),
        ] {
            assert_eq!(filled(text), Err(expected.to_owned()), "{text}");
        }
    }
}
