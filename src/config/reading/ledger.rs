//! What composing a document brings up beside the document: mistakes, and the bytes that must not be shown.
//!
//! When in doubt it hides: after a syntax error, whatever may belong to a secret. It does not look at types.

use std::ops::Range;

use serde_yaml::granit_parser::{ScanError, Span};

use crate::config::diagnostic::{Aim, Finding, Location, Shown};
use crate::config::reading::listing::Ranges;
use crate::config::reading::secrecy::{
    ABOUT_PASSWORDS, end_of_secret_name, is_about_passwords, is_secret_name, looks_secret,
};
use crate::config::reading::syntax;
use crate::config::reading::tree::{Node, Value};

/// The bytes that a part of the text covers.
pub(crate) fn extent(span: &Span) -> Range<usize> {
    let start = span.start.byte_offset().unwrap_or(0);
    start..span.end.byte_offset().unwrap_or(start)
}

/// Where a part of the text begins.
pub(crate) fn position(span: &Span) -> Location {
    Location {
        line: span.start.line(),
        column: span.start.col() + 1,
    }
}

/// Findings, masks, and the place that is being composed.
pub(crate) struct Ledger<'t> {
    text: &'t str,
    pub(crate) findings: Vec<Finding>,
    pub(crate) ranges: Ranges,
    path: Vec<String>,
    /// How many of the keys that lead here name a secret.
    hidden: usize,
    last_scalar: Range<usize>,
}

impl<'t> Ledger<'t> {
    pub(crate) fn new(text: &'t str) -> Self {
        Self {
            text,
            findings: Vec::new(),
            ranges: Ranges::default(),
            path: Vec::new(),
            hidden: 0,
            last_scalar: 0..0,
        }
    }

    /// Goes one step down the path.
    pub(crate) fn enter(&mut self, step: String) {
        self.path.push(step);
    }

    /// Comes back up.
    pub(crate) fn leave(&mut self) {
        self.path.pop();
    }

    /// Goes down to the value of a key.
    pub(crate) fn enter_key(&mut self, name: &str, step: String) {
        self.hidden += usize::from(self.hides(name));
        self.path.push(step);
    }

    /// Comes back up from the value of a key.
    pub(crate) fn leave_key(&mut self, name: &str) {
        self.path.pop();
        self.hidden -= usize::from(self.hides(name));
    }

    fn hides(&self, name: &str) -> bool {
        let is_section = self.path.is_empty() && name == ABOUT_PASSWORDS;
        is_secret_name(name) && !is_section
    }

    /// Hides what comes next, if it has to be.
    pub(crate) fn hide(&mut self, hides: bool) {
        self.hidden += usize::from(hides);
    }

    /// The end of what [`hide`](Self::hide) began.
    pub(crate) fn unhide(&mut self, hides: bool) {
        self.hidden -= usize::from(hides);
    }

    pub(crate) fn depth(&self) -> usize {
        self.path.len()
    }

    /// Whether a key that leads here names a secret.
    pub(crate) fn is_hidden(&self) -> bool {
        self.hidden > 0 || self.is_astray()
    }

    /// Whether it stands where nobody knows what belongs there, beside settings of passwords.
    fn is_astray(&self) -> bool {
        let (section, steps) = match self.path.split_first() {
            Some((section, steps)) => (section.strip_prefix('.'), steps),
            None => return false,
        };
        section == Some(ABOUT_PASSWORDS) && !is_about_passwords(steps)
    }

    pub(crate) fn report(&mut self, at: Location, message: &str, fix: &str) {
        self.find(Some(at), None, message, fix);
    }

    pub(crate) fn report_value(&mut self, at: Location, value: Shown, message: &str, fix: &str) {
        self.find(Some(at), Some(value), message, fix);
    }

    /// Reports something about the document as a whole.
    pub(crate) fn report_document(&mut self, at: Option<Location>, message: &str, fix: &str) {
        self.path.clear();
        self.find(at, None, message, fix);
    }

    pub(crate) fn report_syntax(&mut self, error: &ScanError) {
        let advice = syntax::advise(error, self.text);
        self.mask_line(advice.offset);
        self.report_document(Some(advice.location), &advice.message, &advice.fix);
    }

    fn find(&mut self, location: Option<Location>, value: Option<Shown>, message: &str, fix: &str) {
        let path = self.path.concat().trim_start_matches('.').to_owned();
        let (message, fix) = (message.to_owned(), fix.to_owned());
        self.findings.push(Finding {
            path,
            location,
            aim: Aim::Word,
            value,
            message,
            fix,
        });
    }

    /// Takes note of a word, as long as it is there.
    pub(crate) fn word(&mut self, extent: Range<usize>) {
        if !extent.is_empty() {
            self.ranges.words.push(extent);
        }
    }

    /// Takes note of a scalar and masks it if it has to be; says whether.
    pub(crate) fn mask_scalar(&mut self, extent: &Range<usize>, text: &str) -> bool {
        self.last_scalar = extent.clone();
        self.word(extent.clone());
        let secret = self.is_hidden() || looks_secret(text);
        if secret {
            self.ranges.masks.push(extent.clone());
        }
        secret
    }

    pub(crate) fn mask(&mut self, extent: Range<usize>) {
        self.ranges.masks.push(extent);
    }

    /// Takes back the mask of a scalar that turned out to be a key.
    pub(crate) fn unmask(&mut self, extent: &Range<usize>) {
        if self.ranges.masks.last() == Some(extent) {
            self.ranges.masks.pop();
        }
    }

    /// Masks everything from `start` on, since nobody knows where a secret ends whose value is broken.
    pub(crate) fn mask_rest(&mut self, start: usize) {
        self.ranges.masks.push(start..self.text.len());
    }

    /// Marks and masks a value that an alias puts in a secret's place.
    pub(crate) fn conceal(&mut self, node: &mut Node) {
        if let Value::Scalar(scalar) = &mut node.value {
            scalar.secret = true;
            self.ranges.masks.push(node.extent.clone());
        }
        node.children_mut().for_each(|child| self.conceal(child));
    }

    /// The line of a syntax error may hold a secret, or the rest of one, of which the parser has said nothing yet.
    pub(crate) fn mask_line(&mut self, at: usize) {
        let (start, line) = syntax::line_around(self.text, at);
        let end = start + line.len();
        if self.ranges.masks.last() == Some(&self.last_scalar) {
            self.ranges
                .masks
                .push(self.last_scalar.start..end.max(self.last_scalar.end));
        }
        let after_colon = || line.find(':').map_or(0, |colon| colon + 1);
        let suspicious = end_of_secret_name(line).or_else(|| looks_secret(line).then(after_colon));
        let continues = end_of_secret_name(syntax::line_before(self.text, start)).map(|_| 0);
        if let Some(offset) = continues.or(suspicious) {
            self.ranges.masks.push(start + offset..end);
        }
    }
}
