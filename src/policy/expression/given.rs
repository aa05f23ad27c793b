//! What an expression is given: of a request, only what it speaks of.

use std::collections::HashMap;

use cel::{
    Context,
    common::{
        types::{
            CelBool, CelDouble, CelInt, CelList, CelMap, CelMapKey, CelNull, CelString, CelUInt,
        },
        value::Val,
    },
};
use serde_json::{Number, Value};

use super::{cost::size_of_text, vocabulary::Mentions};
use crate::{
    policy::requirement::Facts,
    token::{claims::Subject, verify::Verified},
};

/// Members of an object, by their names.
type Members<'a> = HashMap<CelMapKey<'a>, Box<dyn Val + 'a>>;

/// Variables, and how much is in them.
pub(super) struct Given<'a> {
    pub(super) size: u64,
    variables: Vec<(&'static str, Box<dyn Val + 'a>)>,
}

impl<'a> Given<'a> {
    /// What is mentioned. `None` where that takes a token, and there is none.
    pub(super) fn new(mentions: &'a Mentions, facts: &Facts<'a>) -> Option<Self> {
        let mut given = Self {
            size: 0,
            variables: Vec::new(),
        };
        if mentions.read_token() {
            given.add_token(mentions, facts.token?);
        }
        given.add_path(mentions, facts);
        for object in ["request", "client", "certificate"] {
            let fields = mentions.fields.iter().filter(|(of, _)| *of == object);
            let fields: Vec<&str> = fields.map(|(_, field)| *field).collect();
            given.add_fields(object, &fields, facts);
        }
        if mentions.now {
            let seconds = i64::try_from(facts.now.0).unwrap_or(i64::MAX);
            given
                .variables
                .push(("now", Box::new(CelInt::from(seconds))));
        }
        Some(given)
    }

    /// Gives the variables to the library.
    pub(super) fn into_variables(self, context: &mut Context<'_, 'a>) {
        for (name, value) in self.variables {
            context.add_variable_as_val(name, value);
        }
    }

    fn add_token(&mut self, mentions: &'a Mentions, token: &'a Verified) {
        if mentions.subject {
            let subject = match &token.subject {
                Subject::Text(text) => self.text(text),
                Subject::Integer(integer) => self.own_text(integer.to_string()),
            };
            self.variables.push(("subject", subject));
        }
        if !mentions.claims.is_empty() {
            let mut members = Members::new();
            for name in &mentions.claims {
                let claim = token.claims.value(name);
                if let Some(claim) = claim.filter(|claim| !claim.is_null()) {
                    let value = self.value(claim);
                    members.insert(key(name), value);
                }
            }
            self.variables
                .push(("claims", Box::new(CelMap::from(members))));
        }
    }

    fn add_path(&mut self, mentions: &'a Mentions, facts: &Facts<'a>) {
        if mentions.parameters.is_empty() {
            return;
        }
        let mut members = Members::new();
        for name in &mentions.parameters {
            let segment = facts.pattern.parameter(facts.path, name);
            // What is no text when it is decoded is not there.
            let decoded =
                segment.map(|segment| percent_encoding::percent_decode_str(segment).decode_utf8());
            if let Some(Ok(text)) = decoded {
                let value = self.own_text(text.into_owned());
                members.insert(key(name), value);
            }
        }
        self.variables
            .push(("path", Box::new(CelMap::from(members))));
    }

    fn add_fields(&mut self, object: &'static str, fields: &[&'static str], facts: &Facts<'a>) {
        if fields.is_empty() {
            return;
        }
        let mut members = Members::new();
        for field in fields {
            if let Some(value) = self.field(object, field, facts) {
                members.insert(key(field), value);
            }
        }
        self.variables
            .push((object, Box::new(CelMap::from(members))));
    }

    fn field(&mut self, object: &str, field: &str, facts: &Facts<'a>) -> Option<Box<dyn Val + 'a>> {
        let certificate = facts.certificate;
        Some(match (object, field) {
            ("request", "method") => self.text(facts.request.method.as_str()),
            ("request", "host") => self.text(facts.request.host_text()),
            ("request", "path") => self.text(facts.path),
            ("client", _) => self.own_text(facts.client.address()?.to_string()),
            ("certificate", "subject") => self.text(&certificate?.subject),
            ("certificate", "fingerprint") => self.text(&certificate?.fingerprint),
            ("certificate", "names") => {
                let names = certificate?.names.iter();
                let names: Vec<Box<dyn Val + 'a>> = names.map(|name| self.text(name)).collect();
                self.size += 1;
                Box::new(CelList::from(names))
            }
            _ => return None,
        })
    }

    fn text(&mut self, text: &'a str) -> Box<dyn Val + 'a> {
        self.size = self.size.saturating_add(size_of_text(text));
        Box::new(CelString::from(text))
    }

    fn own_text(&mut self, text: String) -> Box<dyn Val + 'a> {
        self.size = self.size.saturating_add(size_of_text(&text));
        Box::new(CelString::from(text))
    }

    /// A claim. A member that is `null` is as good as none.
    fn value(&mut self, value: &'a Value) -> Box<dyn Val + 'a> {
        self.size = self.size.saturating_add(1);
        match value {
            Value::Null => Box::new(CelNull),
            Value::Bool(boolean) => Box::new(CelBool::from(*boolean)),
            Value::Number(number) => of_number(number),
            Value::String(text) => self.text(text),
            Value::Array(elements) => {
                let elements: Vec<Box<dyn Val + 'a>> =
                    elements.iter().map(|element| self.value(element)).collect();
                Box::new(CelList::from(elements))
            }
            Value::Object(written) => {
                let mut members = Members::new();
                for (name, member) in written {
                    self.size = self.size.saturating_add(size_of_text(name));
                    if !member.is_null() {
                        let value = self.value(member);
                        members.insert(key(name), value);
                    }
                }
                Box::new(CelMap::from(members))
            }
        }
    }
}

fn key(name: &str) -> CelMapKey<'_> {
    CelMapKey::String(CelString::from(name))
}

fn of_number<'a>(number: &Number) -> Box<dyn Val + 'a> {
    if let Some(integer) = number.as_i64() {
        return Box::new(CelInt::from(integer));
    }
    if let Some(integer) = number.as_u64() {
        return Box::new(CelUInt::from(integer));
    }
    // JSON has no other numbers, and no number that is none.
    Box::new(CelDouble::from(number.as_f64().unwrap_or(f64::NAN)))
}
