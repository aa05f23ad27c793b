//! An explanation for people: a tree of lines. Colours are for whoever knows whether there is a terminal.

use std::fmt;

use super::{
    moments::length,
    told::{Explanation, Observed, TokenCheck, TokenDetails, Verdict},
};
use crate::{
    clock::UnixSeconds,
    policy::explanation::{Check, CheckResult},
};

/// One line of the tree.
#[derive(Debug)]
pub struct Line {
    /// How far it stands to the right.
    pub depth: usize,
    /// What it is about.
    pub label: &'static str,
    /// What it says.
    pub text: String,
    /// How it says it.
    pub tone: Tone,
}

/// What a line is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// It says something.
    Plain,
    /// It is as it has to be.
    Good,
    /// It is why a request is refused.
    Bad,
    /// It surrounds something.
    Faint,
}

/// The lines that have been written.
#[derive(Default)]
struct Tree(Vec<Line>);

impl Tree {
    fn add(&mut self, depth: usize, label: &'static str, text: impl Into<String>, tone: Tone) {
        let text = text.into();
        self.0.push(Line {
            depth,
            label,
            text,
            tone,
        });
    }

    fn top(&mut self, label: &'static str, text: impl Into<String>) {
        self.add(0, label, text, Tone::Plain);
    }

    fn maybe(&mut self, depth: usize, label: &'static str, text: Option<&str>) {
        if let Some(text) = text {
            self.add(depth, label, text, Tone::Plain);
        }
    }

    fn route(&mut self, explanation: &Explanation) {
        let taken = explanation.route.as_ref();
        if let Some(taken) = taken {
            let (route, place, access) = (&taken.route, &taken.place, &taken.access);
            let mode = match &*taken.mode {
                "enforce" => String::new(),
                mode => format!(", mode: {mode}"),
            };
            self.top(
                "route",
                format!("{route}  ({place}), access: {access}{mode}"),
            );
        }
        for candidate in &explanation.candidates {
            let is_taken = taken.is_some_and(|taken| {
                taken.route == candidate.route && taken.place == candidate.place
            });
            let (route, place, fit) = (&candidate.route, &candidate.place, &candidate.fit);
            let text = format!("{route}  ({place}): {fit}");
            let tone = if is_taken { Tone::Good } else { Tone::Faint };
            self.add(0, "candidate", text, tone);
        }
        for miss in &explanation.near_misses {
            let (route, place) = (&miss.route, &miss.place);
            let text = format!("{route}  ({place}): {}", miss.difference);
            self.add(0, "near miss", text, Tone::Faint);
        }
    }

    fn token(&mut self, details: &TokenDetails) {
        self.maybe(1, "from", details.from.as_deref());
        self.maybe(1, "issuer", details.issuer.as_deref());
        self.maybe(1, "key", details.key.as_deref());
        self.maybe(1, "algorithm", details.algorithm.as_deref());
        for check in &details.checks {
            self.add(1, "check", comparison(check), tone(check.result));
        }
        self.maybe(1, "cache", details.cache.as_deref());
        self.maybe(1, "revocation", details.revocation.as_deref());
    }

    fn check(&mut self, check: &Check, depth: usize) {
        let (mark, asked, place) = (check.result.mark(), &check.asked, &check.place);
        let found = found(check.found.as_deref());
        let text = format!("{mark} {asked}  ({place}): {}{found}", check.result);
        let label = if depth == 0 { "checks" } else { "" };
        self.add(depth, label, text, tone(check.result));
        for inner in &check.checks {
            self.check(inner, depth + 1);
        }
    }
}

fn comparison(check: &TokenCheck) -> String {
    let TokenCheck {
        name,
        result,
        expected,
        leeway_seconds,
        ..
    } = check;
    let (mark, found) = (result.mark(), found(check.found.as_deref()));
    let leeway = leeway_seconds.map(|seconds| format!(", leeway {seconds} s"));
    let leeway = leeway.unwrap_or_default();
    format!("{mark} {name}: {result}, expected {expected}{found}{leeway}")
}

fn found(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!(", found {text}"))
}

fn tone(result: CheckResult) -> Tone {
    match result {
        CheckResult::Holds => Tone::Good,
        CheckResult::Fails | CheckResult::Unclear => Tone::Bad,
        CheckResult::NeedsToken | CheckResult::NeedsRow => Tone::Plain,
        CheckResult::NotEvaluated => Tone::Faint,
    }
}

impl Explanation {
    /// The tree, line by line.
    pub fn lines(&self) -> Vec<Line> {
        let mut tree = Tree::default();
        if let Some(decided) = &self.decision {
            tree.top("decision", decided.id.as_str());
            let age = length(decided.age_seconds);
            tree.top(
                "decided",
                format!("{} ({age} ago)", UnixSeconds(decided.at)),
            );
            tree.top("client", decided.client.as_str());
        }
        // Sent by a client, and so perhaps able to steer a terminal.
        let method = self.method.escape_debug();
        tree.top("target", format!("{method} {}", self.target));
        let host = self
            .host
            .as_ref()
            .map(|host| host.escape_debug().to_string());
        tree.maybe(0, "host", host.as_deref());
        tree.maybe(0, "path", self.canonical_path.as_deref());
        tree.maybe(0, "read as", self.matched_path.as_deref());
        for reading in &self.other_readings {
            let route = reading.route.as_deref().unwrap_or("no route");
            let text = format!("{}: {}, {route}", reading.how, reading.path);
            tree.add(0, "or else", text, Tone::Faint);
        }
        tree.route(self);
        if let Some(upstream) = &self.upstream {
            let endpoints = upstream.endpoints.join(", ");
            tree.top("upstream", format!("{} at {endpoints}", upstream.name));
            tree.maybe(1, "failed at", upstream.failed.as_deref());
        }
        if !self.limits.is_empty() {
            tree.top("limits", self.limits.join(", "));
        }
        tree.maybe(0, "token", self.token.as_deref());
        if let Some(details) = &self.token_details {
            tree.token(details);
        }
        tree.maybe(0, "subject", self.subject.as_deref());
        if !self.removed_headers.is_empty() {
            tree.top("removes", self.removed_headers.join(", "));
        }
        if !self.headers.is_empty() {
            tree.top("adds", self.headers.join(", "));
        }
        for check in &self.checks {
            tree.check(check, 0);
        }
        for note in &self.notes {
            tree.add(0, "note", note.as_ref(), Tone::Faint);
        }
        if let Some(observed) = &self.observed {
            tree.add(0, "observed", observed.to_string(), Tone::Bad);
        }
        let tone = match &self.verdict {
            Verdict::Refused { .. } => Tone::Bad,
            Verdict::Undecided => Tone::Plain,
            Verdict::Forwarded { .. } | Verdict::Answered => Tone::Good,
        };
        tree.add(0, "verdict", self.verdict.to_string(), tone);
        tree.0
    }
}

impl Line {
    /// Its beginning, as wide as all others.
    pub fn head(&self) -> String {
        const WIDTH: usize = 11;
        let indent = self.depth * 2;
        format!("{:indent$}{:WIDTH$}", "", self.label)
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, line) in self.lines().iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{}{}", line.head(), line.text)?;
        }
        Ok(())
    }
}

impl fmt::Display for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            status,
            code,
            reason,
        } = self;
        write!(f, "not enforced: would have been {status} {code}: {reason}")
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Undecided => f.write_str("undecided"),
            Self::Forwarded { upstream } => write!(f, "forwarded to {upstream}"),
            Self::Answered => f.write_str("answered by the gateway"),
            Self::Refused {
                status,
                code,
                reason,
            } => write!(f, "refused with {status} {code}: {reason}"),
        }
    }
}
