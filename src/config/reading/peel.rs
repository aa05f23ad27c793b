//! The peel loop: read, report the first mistake, mend the tree, read again, until nothing new comes up.
//!
//! Mending never invents a value that is handed out: holes exist only while mistakes are being looked for. It is
//! bounded in mistakes and in work, whatever the document.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

use crate::config::diagnostic::{Finding, Location};
use crate::config::reading::explain::explain;
use crate::config::reading::places::path_of;
use crate::config::reading::read_error::{Kind, ReadError};
use crate::config::reading::stand_in::StandIn;
use crate::config::reading::suggestion::nearest;
use crate::config::reading::tree::{Entry, Key, Node, Value};

/// How many mistakes are reported.
pub const MOST_FINDINGS: usize = 200;
/// How many nodes are visited before it gives up.
const MOST_VISITS: usize = 20_000_000;

/// What the loop found.
#[derive(Debug)]
pub struct Peeled<T> {
    /// The value; where something was mended, what is left of it without the mended parts.
    pub value: Option<T>,
    /// The mistakes.
    pub findings: Vec<Finding>,
    /// There may be more of them.
    pub cut: bool,
    /// Paths at which the value has something made up in the place of what was broken or missing.
    pub made_up: Vec<String>,
}

/// Reads `root` as a `T`, with all its mistakes.
pub fn peel<T: DeserializeOwned>(root: &Node) -> Peeled<T> {
    let weight = root.weight();
    let rounds = (MOST_VISITS / weight.max(1)).clamp(20, 3_000);
    let mut mended = root.clone();
    dig(&mut mended);
    let mut peeling = Peeling {
        original: root,
        mended,
        findings: Vec::new(),
        seen: HashSet::new(),
        renamed: HashSet::new(),
    };
    let mut cut = true;
    for _ in 0..rounds {
        if peeling.findings.len() >= MOST_FINDINGS {
            break;
        }
        match T::deserialize(&peeling.mended) {
            Ok(value) if !has_holes(&peeling.mended) => {
                return Peeled {
                    value: Some(value),
                    made_up: Vec::new(),
                    findings: peeling.findings,
                    cut: false,
                };
            }
            Ok(value) => {
                return Peeled {
                    value: Some(value),
                    made_up: holes(&peeling.mended),
                    findings: peeling.findings,
                    cut: false,
                };
            }
            Err(error) => {
                if !peeling.mend(&error) {
                    cut = false;
                    break;
                }
            }
        }
    }
    let value = remainder(peeling.mended, rounds);
    Peeled {
        value,
        made_up: Vec::new(),
        findings: peeling.findings,
        cut,
    }
}

struct Peeling<'a> {
    original: &'a Node,
    mended: Node,
    findings: Vec<Finding>,
    /// A mistake inside an anchor comes up at each of its aliases.
    seen: HashSet<(Option<Location>, String)>,
    renamed: HashSet<Vec<usize>>,
}

impl Peeling<'_> {
    /// Reports an error and changes the tree so that it does not come up again; `false` if that is impossible.
    fn mend(&mut self, error: &ReadError) -> bool {
        let trail = error.trail();
        let Some(node) = self.mended.at(&trail) else {
            return false;
        };
        if let Value::Hole { attempt } = node.value {
            return self.next_attempt(&trail, attempt);
        }
        match (error.kind(), error.key()) {
            (Kind::UnknownKey { allowed } | Kind::UnknownVariant { allowed }, Some(position)) => {
                self.report(error);
                self.rename(
                    &trail,
                    position,
                    allowed,
                    matches!(error.kind(), Kind::UnknownVariant { .. }),
                )
            }
            (Kind::Said(_) | Kind::Expected(_) | Kind::RepeatedKey(_), Some(position)) => {
                self.report(error);
                let below = [trail.as_slice(), &[position]].concat();
                self.set(&below, Value::Removed)
            }
            (Kind::MissingKey(name), _) => self.supply(error, &trail, name),
            (Kind::UnknownVariant { .. } | Kind::Expected(_) | Kind::Said(_), None) => {
                // What a container says about itself may follow from what was mended inside.
                if !is_mended(node) {
                    self.report(error);
                }
                self.set(&trail, Value::Hole { attempt: 0 })
            }
            (Kind::Reported | Kind::UnknownKey { .. } | Kind::RepeatedKey(_), _) => {
                self.set(&trail, Value::Hole { attempt: 0 })
            }
        }
    }

    fn report(&mut self, error: &ReadError) {
        let Some(finding) = explain(self.original, error) else {
            return;
        };
        if self
            .seen
            .insert((finding.location, finding.message.clone()))
        {
            self.findings.push(finding);
        }
    }

    fn next_attempt(&mut self, trail: &[usize], attempt: usize) -> bool {
        let next = attempt + 1;
        let value = if next < StandIn::ATTEMPTS {
            Value::Hole { attempt: next }
        } else {
            Value::Removed
        };
        self.set(trail, value)
    }

    fn set(&mut self, trail: &[usize], value: Value) -> bool {
        // Without the document itself there is nothing to go on with.
        if trail.is_empty() && matches!(value, Value::Removed) {
            return false;
        }
        self.mended
            .at_mut(trail)
            .map(|node| node.value = value)
            .is_some()
    }

    /// A misspelt key is read under the name that was meant, so that its value is looked at too.
    fn rename(
        &mut self,
        trail: &[usize],
        position: usize,
        allowed: &[&'static str],
        is_variant: bool,
    ) -> bool {
        let below = [trail, &[position]].concat();
        let first_time = self.renamed.insert(below.clone());
        let Some(Value::Mapping(entries)) = self.mended.at_mut(trail).map(|node| &mut node.value)
        else {
            return false;
        };
        let taken: Vec<String> = entries.iter().map(|entry| entry.key.text.clone()).collect();
        let meant = entries
            .get(position)
            .filter(|_| first_time)
            .and_then(|entry| nearest(&entry.key.text, allowed));
        if let Some(meant) = meant.filter(|meant| taken.iter().all(|key| key != meant)) {
            if let Some(entry) = entries.get_mut(position) {
                meant.clone_into(&mut entry.key.text);
            }
            return true;
        }
        if is_variant {
            self.set(trail, Value::Hole { attempt: 0 })
        } else {
            self.set(&below, Value::Removed)
        }
    }

    /// Puts a hole where a key is missing, so that the next missing key comes up.
    fn supply(&mut self, error: &ReadError, trail: &[usize], name: &'static str) -> bool {
        let Some(node) = self.mended.at(trail) else {
            return false;
        };
        let location = node.location;
        if matches!(&node.value, Value::Mapping(entries) if entries.iter().any(|entry| entry.key.text == name))
        {
            return self.set(trail, Value::Hole { attempt: 0 });
        }
        self.report(error);
        let Some(Value::Mapping(entries)) = self.mended.at_mut(trail).map(|node| &mut node.value)
        else {
            return self.set(trail, Value::Hole { attempt: 0 });
        };
        let hole = Node {
            location,
            extent: 0..0,
            value: Value::Hole { attempt: 0 },
        };
        entries.push(Entry {
            key: Key {
                text: name.to_owned(),
                location,
                secret: false,
                merges: false,
            },
            value: hole,
        });
        true
    }
}

/// What is broken has been reported before.
fn dig(node: &mut Node) {
    if matches!(&node.value, Value::Scalar(scalar) if scalar.broken) {
        node.value = Value::Hole { attempt: 0 };
    }
    node.children_mut().for_each(dig);
}

fn has_holes(node: &Node) -> bool {
    matches!(node.value, Value::Hole { .. }) || node.children().any(has_holes)
}

/// The paths of all holes.
fn holes(root: &Node) -> Vec<String> {
    fn collect(root: &Node, node: &Node, trail: &mut Vec<usize>, paths: &mut Vec<String>) {
        if matches!(node.value, Value::Hole { .. }) {
            paths.push(path_of(root, trail));
        }
        for (position, child) in node.children().enumerate() {
            trail.push(position);
            collect(root, child, trail, paths);
            trail.pop();
        }
    }
    let mut paths = Vec::new();
    collect(root, root, &mut Vec::new(), &mut paths);
    paths
}

fn is_mended(node: &Node) -> bool {
    matches!(node.value, Value::Hole { .. } | Value::Removed) || node.children().any(is_mended)
}

fn empty_holes(node: &mut Node) {
    if matches!(node.value, Value::Hole { .. }) {
        node.value = Value::Removed;
    }
    node.children_mut().for_each(empty_holes);
}

/// The value without its mended parts: where one of them was needed, the list element or the section around it goes, too.
fn remainder<T: DeserializeOwned>(mut root: Node, rounds: usize) -> Option<T> {
    empty_holes(&mut root);
    for _ in 0..rounds {
        let error = match T::deserialize(&root) {
            Ok(value) => return Some(value),
            Err(error) => error,
        };
        let mut trail = error.trail();
        trail.extend(error.key());
        if trail.is_empty() {
            return None;
        }
        root.at_mut(&trail)?.value = Value::Removed;
    }
    None
}
