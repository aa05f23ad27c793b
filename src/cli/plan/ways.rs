//! Ways to meet a rule: what a request has to have, read off what is required.

use std::net::IpAddr;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

use crate::{
    certificate::Identity,
    policy::{
        certificate::CertificateRule,
        pattern::Pattern,
        requirement::{ClaimPath, ClaimTest, Condition, Expected, Presence, Requirement, Term},
    },
};

/// More ways to meet one rule are not tried.
const MOST: usize = 64;

/// A way to meet a rule, or a part of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Way {
    pub(super) label: Vec<String>,
    pub(super) claims: Map<String, Value>,
    /// The subject is what this parameter of the path says.
    pub(super) owner: Option<String>,
    pub(super) peer: Option<IpAddr>,
    pub(super) certificate: Option<Identity>,
}

/// Ways to meet a requirement: each that one of its terms has, with the first of every other.
pub(super) fn ways(requirement: &Requirement, pattern: &Pattern, path: &str) -> Vec<Way> {
    let mut ways = match &requirement.term {
        Term::Named { requirement, .. } => ways(requirement, pattern, path),
        // What it excludes, too: somebody else is asked for anyway.
        Term::Not(term) => ways(term, pattern, path),
        Term::Any(terms) => terms
            .iter()
            .flat_map(|term| ways(term, pattern, path))
            .collect(),
        Term::All(terms) => {
            let terms = terms.iter().map(|term| ways(term, pattern, path));
            let terms: Vec<Vec<Way>> = terms.filter(|ways| !ways.is_empty()).collect();
            together(&terms)
        }
        Term::One(condition) => of_condition(condition, pattern, path),
    };
    ways.truncate(MOST);
    ways
}

fn together(terms: &[Vec<Way>]) -> Vec<Way> {
    let all_but = |skipped: usize, own: &Way| {
        let mut whole = Way::default();
        for (index, term) in terms.iter().enumerate() {
            let way = if index == skipped {
                Some(own)
            } else {
                term.first()
            };
            if let Some(way) = way {
                whole.add(way);
            }
        }
        whole
    };
    let mut ways = Vec::new();
    for (index, term) in terms.iter().enumerate() {
        // The first of the first term stands for the first of all.
        let skip = usize::from(index > 0);
        ways.extend(term.iter().skip(skip).map(|way| all_but(index, way)));
    }
    ways
}

fn of_condition(condition: &Condition, pattern: &Pattern, path: &str) -> Vec<Way> {
    match condition {
        Condition::SubjectIs(parameter) => {
            let segment = pattern.parameter(path, parameter);
            let subject = segment.map(|text| percent_decode_str(text).decode_utf8_lossy());
            vec![Way {
                label: vec![format!("about {{{parameter}}}")],
                owner: subject.map(std::borrow::Cow::into_owned),
                ..Way::default()
            }]
        }
        Condition::Claim(rule) => {
            let tests = rule.tests.iter().flat_map(values);
            tests.map(|value| claim(&rule.path, value)).collect()
        }
        Condition::Scope(scopes) => vec![Way::claiming("scope", scopes.join(" "))],
        Condition::AnyScope(scopes) => each(scopes, |text| Way::claiming("scope", text)),
        Condition::Role { paths, roles } => {
            let path = paths.first();
            let way = |role: &str| path.map(|path| claim(path, role.into()));
            roles.iter().filter_map(|role| way(role)).collect()
        }
        Condition::Issuer(texts) => each(texts, |text| Way::claiming("iss", text)),
        Condition::Audience(texts) => each(texts, |text| Way::claiming("aud", text)),
        Condition::Network(networks) => {
            let addresses = networks.iter().map(ipnet::IpNet::addr);
            let way = |address: IpAddr| Way {
                label: vec![format!("from {address}")],
                peer: Some(address),
                ..Way::default()
            };
            addresses.map(way).collect()
        }
        Condition::Certificate(rule) => certificates(rule),
        // Nobody can be read off an expression, and rows are not made up: examples have to try them.
        Condition::When(_) | Condition::Column(_) => Vec::new(),
    }
}

fn each(texts: &[Box<str>], way: impl Fn(String) -> Way) -> Vec<Way> {
    texts.iter().map(|text| way(text.to_string())).collect()
}

/// Values with which a test is passed, each of them where there are several.
fn values(test: &ClaimTest) -> Vec<Value> {
    match test {
        ClaimTest::Equals(expected) => vec![json(expected)],
        ClaimTest::AnyOf(all) => all.iter().map(json).collect(),
        ClaimTest::AllOf(all) => vec![Value::Array(all.iter().map(json).collect())],
        ClaimTest::Contains(expected) => vec![Value::Array(vec![json(expected)])],
        ClaimTest::AtLeast(number) | ClaimTest::AtMost(number) => {
            vec![Value::Number(number.clone())]
        }
        ClaimTest::Presence(Presence::Present) => vec!["x".into()],
        ClaimTest::Presence(Presence::Absent) => vec![Value::Null],
    }
}

fn json(expected: &Expected) -> Value {
    match expected {
        Expected::Text(text) => (**text).into(),
        Expected::Number(number) => Value::Number(number.clone()),
        Expected::Boolean(boolean) => (*boolean).into(),
    }
}

fn claim(path: &ClaimPath, value: Value) -> Way {
    let label = format!("{path}: {value}");
    let mut inner = value;
    let mut steps = path.steps().rev();
    let mut last = steps.next();
    let mut claims = Map::new();
    while let Some(step) = last {
        claims = Map::new();
        claims.insert(step.to_owned(), inner);
        inner = Value::Object(claims.clone());
        last = steps.next();
    }
    Way {
        label: vec![label],
        claims,
        ..Way::default()
    }
}

fn certificates(rule: &CertificateRule) -> Vec<Way> {
    let identity = |subject: &str, name: Option<&str>, fingerprint: &str| Identity {
        subject: subject.into(),
        names: name.into_iter().map(Box::from).collect(),
        fingerprint: fingerprint.into(),
    };
    let nobody = ("CN=plan", "00");
    let identities: Vec<Identity> = match rule {
        CertificateRule::Any => vec![identity(nobody.0, None, nobody.1)],
        CertificateRule::Subjects(all) => {
            all.iter().map(|it| identity(it, None, nobody.1)).collect()
        }
        CertificateRule::Names(all) => all
            .iter()
            .map(|it| identity(nobody.0, Some(it), nobody.1))
            .collect(),
        CertificateRule::Fingerprints(all) => {
            all.iter().map(|it| identity(nobody.0, None, it)).collect()
        }
    };
    let way = |identity: Identity| Way {
        label: vec!["with a certificate".to_owned()],
        certificate: Some(identity),
        ..Way::default()
    };
    identities.into_iter().map(way).collect()
}

impl Way {
    fn claiming(name: &str, text: String) -> Self {
        let mut claims = Map::new();
        let label = vec![format!("{name}: {text}")];
        claims.insert(name.to_owned(), text.into());
        Self {
            label,
            claims,
            ..Self::default()
        }
    }

    /// Both at once, as far as that goes.
    fn add(&mut self, other: &Self) {
        for label in &other.label {
            if !self.label.contains(label) {
                self.label.push(label.clone());
            }
        }
        // The order of terms means nothing.
        self.label.sort();
        for (name, value) in &other.claims {
            merge(&mut self.claims, name, value);
        }
        self.owner = other.owner.clone().or(self.owner.take());
        self.peer = other.peer.or(self.peer);
        self.certificate = other.certificate.clone().or(self.certificate.take());
    }
}

/// Objects are merged, scopes are added, and of anything else the later counts.
fn merge(claims: &mut Map<String, Value>, name: &str, value: &Value) {
    match (claims.get_mut(name), value) {
        (Some(Value::Object(mine)), Value::Object(theirs)) => {
            for (name, value) in theirs {
                merge(mine, name, value);
            }
        }
        (Some(Value::String(mine)), Value::String(theirs)) if name == "scope" => {
            mine.push(' ');
            mine.push_str(theirs);
        }
        (Some(_) | None, _) => {
            claims.insert(name.to_owned(), value.clone());
        }
    }
}
