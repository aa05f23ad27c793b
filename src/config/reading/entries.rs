//! The entries of one mapping while it is composed: no key twice, and `<<` merged in.
//!
//! What is written in the mapping counts more than what is merged, and an earlier merge more than a later one.

use std::collections::HashMap;

use crate::config::diagnostic::{Location, REDACTED, printable};
use crate::config::reading::ledger::Ledger;
use crate::config::reading::places::key_step;
use crate::config::reading::tree::{Entry, Node, Value};

#[derive(Default)]
pub(crate) struct Entries {
    written: Vec<Entry>,
    keys: HashMap<String, Location>,
    merged: Vec<Node>,
}

impl Entries {
    /// Adds what is written; a key that was there before is reported and left out, a `<<` waits for the end.
    pub(crate) fn add(&mut self, entry: Entry, ledger: &mut Ledger<'_>) {
        if entry.key.merges {
            self.merged.push(entry.value);
            return;
        }
        let Some(first) = self.keys.get(&entry.key.text) else {
            self.keys.insert(entry.key.text.clone(), entry.key.location);
            self.written.push(entry);
            return;
        };
        let (name, step) = if entry.key.secret {
            (REDACTED.to_owned(), format!(".{REDACTED}"))
        } else {
            (
                format!("`{}`", printable(&entry.key.text, 60)),
                key_step(&entry.key.text),
            )
        };
        ledger.enter(step);
        let message = format!("{name} is given twice; the first is at {first}");
        ledger.report(entry.key.location, &message, "keep one of them");
        ledger.leave();
    }

    /// The complete mapping.
    pub(crate) fn finish(mut self, ledger: &mut Ledger<'_>) -> Vec<Entry> {
        for value in std::mem::take(&mut self.merged) {
            self.merge(value, ledger);
        }
        self.written
    }

    fn merge(&mut self, value: Node, ledger: &mut Ledger<'_>) {
        let at = value.location;
        let sources = match value.value {
            Value::Sequence(items) => items,
            Value::Scalar(_) | Value::Mapping(_) | Value::Hole { .. } | Value::Removed => {
                vec![value]
            }
        };
        for source in sources {
            let Value::Mapping(additions) = source.value else {
                ledger.report(
                    at,
                    "`<<` merges mappings only",
                    "name a mapping: `<<: *anchor`",
                );
                continue;
            };
            for addition in additions {
                if !self.keys.contains_key(&addition.key.text) {
                    self.keys
                        .insert(addition.key.text.clone(), addition.key.location);
                    self.written.push(addition);
                }
            }
        }
    }
}
