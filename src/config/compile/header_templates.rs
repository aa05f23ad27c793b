//! Templates of headers, and what was probably meant by a name that there is none of.

use super::Findings;
use crate::{
    config::reading::suggestion::nearest,
    policy::{
        headers::{ExpressionError, HeaderTemplate, HeaderTemplateError},
        requirement::PathError,
    },
};

/// Parses one; `names` are those that may be used, and families of names end in `.`.
pub(super) fn compile(
    text: &str,
    path: &str,
    names: &[&str],
    findings: &mut Findings<'_>,
) -> Option<HeaderTemplate> {
    let parsed = HeaderTemplate::parse(text);
    let fix = match &parsed {
        Err(HeaderTemplateError::Expression(ExpressionError::Unknown(name))) => meant(name, names),
        Err(HeaderTemplateError::Expression(error)) => of_expression(error).to_owned(),
        Err(HeaderTemplateError::Characters) => "leave them out".to_owned(),
        Err(HeaderTemplateError::Braces(_)) | Ok(_) => all(names),
    };
    findings.take(parsed, path, &fix)
}

fn of_expression(error: &ExpressionError) -> &'static str {
    match error {
        ExpressionError::Claim(PathError::Ambiguous) => {
            "put the name into quotes, such as {claims.'https://example.com/roles'}"
        }
        ExpressionError::Claim(PathError::Empty | PathError::Quote | PathError::Deep) => {
            "write names with dots between them, such as {claims.realm_access.roles}"
        }
        ExpressionError::Form(_) => "use join:, or json or percent",
        ExpressionError::Separator(_) => {
            "write one mark, such as |join:, or |join:; perhaps with a space behind it"
        }
        ExpressionError::FormOfClaims(_) => "leave it out",
        ExpressionError::Unknown(_) => "use another name",
    }
}

fn meant(name: &str, names: &[&str]) -> String {
    let head = name.split_once('.').map_or(name, |(head, _)| head);
    let rest = name.split_once('.').map_or("NAME", |(_, rest)| rest);
    let families: Vec<&str> = names
        .iter()
        .filter_map(|name| name.strip_suffix('.'))
        .collect();
    let single: Vec<&str> = names
        .iter()
        .copied()
        .filter(|name| !name.ends_with('.'))
        .collect();
    let rest = if rest.is_empty() { "NAME" } else { rest };
    let family = nearest(head, &families).map(|family| format!("{family}.{rest}"));
    let whole = nearest(name, &single).map(str::to_owned);
    match whole.or(family) {
        Some(meant) => format!("did you mean {{{meant}}}?"),
        None => all(names),
    }
}

pub(super) fn all(names: &[&str]) -> String {
    let mut names: Vec<String> = names
        .iter()
        .map(|name| {
            format!(
                "{{{name}{}}}",
                if name.ends_with('.') { "NAME" } else { "" }
            )
        })
        .collect();
    let last = names.pop().unwrap_or_default();
    format!("use {} or {last}", names.join(", "))
}
