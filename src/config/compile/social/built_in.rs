//! The providers that ship with the binary.

use std::collections::BTreeMap;

use crate::{
    config::{
        compile::Findings,
        document::social::Provider,
        reading::reader::read,
        source::{Environment, Source},
    },
    social::BUILT_IN,
};

/// A provider takes nothing from the environment: it is data, the same everywhere.
struct NoEnvironment;

impl Environment for NoEnvironment {
    fn get(&self, _name: &str) -> Option<String> {
        None
    }
}

pub(super) fn all(findings: &mut Findings<'_>) -> BTreeMap<&'static str, Provider> {
    let mut known = BTreeMap::new();
    for (name, text) in BUILT_IN {
        let source = Source::new(&format!("{name} (built in)"), text);
        let reading = read::<Provider>(&source, &NoEnvironment);
        findings.extend(reading.diagnostics);
        known.extend(reading.value.map(|provider| (name, provider)));
    }
    known
}
