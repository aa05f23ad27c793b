//! Who may use an operation, as its document says it. What the document does not say is unknown, and stays closed.

use serde::Serialize;
use serde_json::Value;

use super::document::local;

/// Who may use an operation. Ordered from least to most demanding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Guard {
    /// Everybody.
    Public,
    /// Everybody, and those with a token as themselves.
    Optional,
    /// Those with a token, and all scopes of one of these sets.
    Token {
        /// The sets; none where any token will do.
        scopes: Vec<Vec<String>>,
    },
    /// The document does not say it in a way that the gateway could check.
    Unknown {
        /// Why not.
        reason: String,
    },
}

impl Guard {
    pub(super) fn unknown(reason: impl Into<String>) -> Self {
        Self::Unknown {
            reason: reason.into(),
        }
    }

    /// Of an operation, and the parameters of its path.
    pub(super) fn of(root: &Value, operation: &Value, parameters: Option<&Value>) -> Self {
        let own = operation.get("security");
        if let Some(security) = own.or_else(|| root.get("security")) {
            return Self::of_security(root, security);
        }
        let own = operation.get("parameters");
        for parameter in [own, parameters].into_iter().flatten() {
            let mut parameters = parameter.as_array().into_iter().flatten();
            if let Some(name) = parameters.find_map(|it| credential(root, it)) {
                return Self::unknown(format!("it reads {name} itself"));
            }
        }
        match schemes(root) {
            0 => Self::unknown("the document says nothing about security at all"),
            _ => Self::Public,
        }
    }

    /// Of a list of alternatives, each of which is an object of schemes that are all needed.
    fn of_security(root: &Value, security: &Value) -> Self {
        let Some(alternatives) = security.as_array() else {
            return Self::unknown("its `security` is no list");
        };
        let mut scopes = Vec::new();
        let mut anonymous = alternatives.is_empty();
        for alternative in alternatives {
            let Some(schemes) = alternative.as_object() else {
                return Self::unknown("its `security` is no list of objects");
            };
            anonymous |= schemes.is_empty();
            let mut needed = Vec::new();
            for (scheme, wanted) in schemes {
                match scopes_of(root, scheme, wanted) {
                    Ok(wanted) => needed.extend(wanted),
                    Err(reason) => return Self::Unknown { reason },
                }
            }
            if !schemes.is_empty() {
                scopes.push(needed);
            }
        }
        if scopes.is_empty() {
            return Self::Public;
        }
        // A set without scopes is met by any token, whatever the other sets ask.
        if scopes.iter().any(Vec::is_empty) {
            scopes.clear();
        }
        match (anonymous, scopes.is_empty()) {
            (false, _) => Self::Token { scopes },
            (true, true) => Self::Optional,
            (true, false) => Self::unknown("it may be used without a token, or with scopes"),
        }
    }

    /// The more demanding of two.
    pub(super) fn stricter(self, other: Self) -> Self {
        self.max(other)
    }
}

/// The scopes that a scheme asks for, if it is one whose tokens the gateway checks.
fn scopes_of(root: &Value, name: &str, wanted: &Value) -> Result<Vec<String>, String> {
    let shown = name.escape_debug();
    let scheme = root.pointer("/components/securitySchemes");
    let scheme = scheme.and_then(|schemes| resolved(root, schemes.get(name)?));
    let Some(scheme) = scheme else {
        return Err(format!("the document does not say what `{shown}` is"));
    };
    let text = |member: &str| scheme.get(member).and_then(Value::as_str);
    let kind = text("type").unwrap_or_default();
    let bearer = text("scheme").is_some_and(|scheme| scheme.eq_ignore_ascii_case("bearer"));
    let with_scopes = match kind {
        "oauth2" | "openIdConnect" => true,
        "http" if bearer => false,
        _ => {
            return Err(format!(
                "`{shown}` is no bearer token, which the gateway could check"
            ));
        }
    };
    let scopes = wanted.as_array().map(Vec::as_slice).unwrap_or_default();
    let scopes = scopes.iter().filter_map(Value::as_str);
    let scopes: Vec<String> = scopes.map(str::to_owned).collect();
    if !scopes.is_empty() && !with_scopes {
        return Err(format!(
            "`{shown}` asks for roles, and the document does not say where they are"
        ));
    }
    Ok(scopes)
}

/// The name of a parameter that an operation looks into by itself for who is asking.
fn credential(root: &Value, parameter: &Value) -> Option<String> {
    let parameter = resolved(root, parameter)?;
    let text = |member: &str| parameter.get(member).and_then(Value::as_str);
    let (name, place) = (text("name")?, text("in")?);
    let folded = name.to_ascii_lowercase();
    let telling = [
        "authorization",
        "token",
        "session",
        "api-key",
        "api_key",
        "apikey",
    ];
    let tells = telling.iter().any(|word| folded.contains(word));
    match place {
        "header" | "cookie" if tells => Some(format!("the {place} `{}`", name.escape_debug())),
        _ => None,
    }
}

fn resolved<'a>(root: &'a Value, value: &'a Value) -> Option<&'a Value> {
    match value.get("$ref").and_then(Value::as_str) {
        Some(reference) => local(root, reference),
        None => Some(value),
    }
}

/// How many schemes the document knows.
fn schemes(root: &Value) -> usize {
    let schemes = root.pointer("/components/securitySchemes");
    schemes
        .and_then(Value::as_object)
        .map_or(0, serde_json::Map::len)
}
