//! YAML text to a [`Node`] tree: anchors, merge keys, one document, bounded size, depth and number of values.
//!
//! What the tree cannot represent is reported and left out, so that reading goes on; only a syntax error or a broken
//! bound ends it. It also says which bytes must never be shown. It decides nothing about types.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use serde_yaml::granit_parser::{Event, Parser, ScalarStyle, Span, StrInput, Tag, options};

use crate::config::diagnostic::{Finding, REDACTED, Shown};
use crate::config::reading::entries::Entries;
use crate::config::reading::ledger::{Ledger, extent, position};
use crate::config::reading::listing::Ranges;
use crate::config::reading::places::{key_step, position_step};
use crate::config::reading::secrecy::{is_name, is_secret_name, looks_secret};
use crate::config::reading::syntax::TOO_DEEP;
use crate::config::reading::tree::{Entry, Key, Meaning, Node, Scalar, Style, Value};
use crate::config::source::LARGEST_SOURCE;

/// How deep a document may be nested, aliases included.
pub const DEEPEST: usize = 64;
/// How many values a document may have once its aliases are expanded.
const MOST_VALUES: usize = 250_000;

/// What became of a text.
#[derive(Debug)]
pub struct Composition {
    /// The document, unless it could not be read to its end.
    pub root: Option<Node>,
    /// What was wrong.
    pub findings: Vec<Finding>,
    /// What of the text is what.
    pub ranges: Ranges,
}

/// Composes the document in `text`.
pub fn compose(text: &str) -> Composition {
    let options = options! {
        // Without it, the hundredth line of a block of comments would be an error.
        max_buffered_comment_events: LARGEST_SOURCE,
        emit_unresolved_aliases: true,
        disallow_directives: true,
        flow_nesting_limit: DEEPEST,
        block_nesting_limit: DEEPEST,
    };
    let parser = Parser::new_from_str_with_options(text, options);
    let mut composer = Composer {
        parser,
        ledger: Ledger::new(text),
        anchors: HashMap::new(),
        values: 0,
    };
    let mut root = if text.len() > LARGEST_SOURCE {
        composer.too_large()
    } else {
        composer.document()
    }
    .ok();
    let ledger = composer.ledger;
    let masked: HashSet<usize> = ledger.ranges.masks.iter().map(|mask| mask.start).collect();
    if let Some(root) = &mut root {
        hide(root, &masked);
    }
    Composition {
        root,
        findings: ledger.findings,
        ranges: ledger.ranges,
    }
}

/// A value that an alias puts in a secret's place is secret where it was first written, too.
fn hide(node: &mut Node, masked: &HashSet<usize>) {
    if let Value::Scalar(scalar) = &mut node.value {
        scalar.secret |= masked.contains(&node.extent.start) && !node.extent.is_empty();
    }
    node.children_mut().for_each(|child| hide(child, masked));
}

/// The document cannot be read any further, and a finding says why.
struct Stop;

struct Composer<'t> {
    parser: Parser<'t, StrInput<'t>>,
    ledger: Ledger<'t>,
    anchors: HashMap<usize, Node>,
    values: usize,
}

impl<'t> Composer<'t> {
    fn document(&mut self) -> Result<Node, Stop> {
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::DocumentStart(..)) {
                if root.is_some() {
                    let fix = "keep one document: remove the `---` line";
                    self.ledger.mask_line(extent(&span).start);
                    self.ledger
                        .report(position(&span), "a second document begins here", fix);
                    break;
                }
                let (event, span) = self.next()?;
                root = Some(self.node(event, &span)?);
            } else if event == Event::StreamEnd {
                break;
            }
        }
        root.filter(|root| !is_null(root)).ok_or_else(|| {
            self.ledger.report_document(
                None,
                "the document is empty",
                "write the configuration into it",
            );
            Stop
        })
    }

    fn too_large(&mut self) -> Result<Node, Stop> {
        self.ledger
            .report_document(None, "the file is larger than 1 MiB", "make it smaller");
        Err(Stop)
    }

    /// The next event that is not a comment.
    fn next(&mut self) -> Result<(Event<'t>, Span), Stop> {
        loop {
            match self.parser.next() {
                Some(Ok((Event::Comment(..), span))) => {
                    self.ledger.ranges.comments.push(extent(&span));
                }
                Some(Ok(event)) => return Ok(event),
                Some(Err(error)) => {
                    self.ledger.report_syntax(&error);
                    return Err(Stop);
                }
                None => return Ok((Event::StreamEnd, Span::default())),
            }
        }
    }

    fn node(&mut self, event: Event<'t>, span: &Span) -> Result<Node, Stop> {
        self.count(1, span)?;
        if self.ledger.depth() > DEEPEST {
            return Err(self.too_deep(span));
        }
        let anchor = event.anchor_id();
        let node = match event {
            Event::Alias(anchor) => return self.alias(anchor, span),
            Event::UnresolvedAlias(name) => self.unknown_alias(&name, span),
            Event::Scalar(text, style, _, tag) => self.scalar(&text, style, tag.as_deref(), span),
            Event::SequenceStart(_, _, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                self.sequence(span)?
            }
            Event::MappingStart(_, _, tag) => {
                self.refuse_tag(tag.as_deref(), span);
                self.mapping(span)?
            }
            // The parser gives a node wherever one is due, so nothing else arrives here.
            Event::StreamStart
            | Event::StreamEnd
            | Event::DocumentStart(..)
            | Event::DocumentEnd
            | Event::Anchor(..)
            | Event::Comment(..)
            | Event::SequenceEnd
            | Event::MappingEnd
            | _ => absent(span),
        };
        if let Some(anchor) = anchor {
            self.count(node.weight(), span)?;
            self.anchors.insert(anchor, node.clone());
        }
        Ok(node)
    }

    fn count(&mut self, values: usize, span: &Span) -> Result<(), Stop> {
        self.values += values;
        if self.values <= MOST_VALUES {
            return Ok(());
        }
        let fix = "make it smaller, or use fewer aliases";
        self.ledger.report_document(
            Some(position(span)),
            "the document has too many values",
            fix,
        );
        Err(Stop)
    }

    fn too_deep(&mut self, span: &Span) -> Stop {
        self.ledger
            .report_document(Some(position(span)), TOO_DEEP, "make it flatter");
        Stop
    }

    fn scalar(&mut self, text: &str, style: ScalarStyle, tag: Option<&Tag>, span: &Span) -> Node {
        let extent = extent(span);
        let is_text =
            tag.is_some_and(|tag| tag.core_suffix() == Some("str") || tag.original() == "!");
        if !is_text {
            self.refuse_tag(tag, span);
        }
        let style = if style == ScalarStyle::Plain && !is_text {
            Style::Plain
        } else {
            Style::Quoted
        };
        // The parser writes `~` for a value that is not there.
        let text = if style == Style::Plain && extent.is_empty() {
            ""
        } else {
            text
        };
        let secret = self.ledger.mask_scalar(&extent, text);
        let scalar = Scalar {
            text: text.to_owned(),
            style,
            secret,
            variables: Vec::new(),
            broken: false,
        };
        Node {
            location: position(span),
            extent,
            value: Value::Scalar(scalar),
        }
    }

    fn sequence(&mut self, start: &Span) -> Result<Node, Stop> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if event == Event::SequenceEnd {
                break;
            }
            self.ledger.enter(position_step(items.len()));
            let item = self.node(event, &span);
            self.ledger.leave();
            items.push(item?);
        }
        Ok(Node {
            location: position(start),
            extent: extent(start),
            value: Value::Sequence(items),
        })
    }

    fn mapping(&mut self, start: &Span) -> Result<Node, Stop> {
        let mut entries = Entries::default();
        let mut orphaned = false;
        loop {
            let (event, span) = self.next()?;
            if event == Event::MappingEnd {
                break;
            }
            // After `secret,` or `secret` without a colon, the secret itself reads as the next key or its value; and in
            // a key that is no word the names are not to be trusted.
            let hidden =
                orphaned || matches!(event, Event::MappingStart(..) | Event::SequenceStart(..));
            self.ledger.hide(hidden);
            let key = self.node(event, &span);
            if key.is_err() && hidden {
                self.ledger.mask_rest(extent(&span).start);
            }
            let entry = self.entry(key?, &extent(&span), orphaned)?;
            self.ledger.unhide(hidden);
            orphaned = entry
                .as_ref()
                .is_some_and(|entry| is_absent(&entry.value) && is_secret_name(&entry.key.text));
            if let Some(entry) = entry {
                entries.add(entry, &mut self.ledger);
            }
        }
        let entries = entries.finish(&mut self.ledger);
        Ok(Node {
            location: position(start),
            extent: extent(start),
            value: Value::Mapping(entries),
        })
    }

    fn entry(
        &mut self,
        key: Node,
        key_extent: &Range<usize>,
        orphaned: bool,
    ) -> Result<Option<Entry>, Stop> {
        let Value::Scalar(scalar) = key.value else {
            let fix = "put the value in quotes if it begins with `{` or `[`";
            self.ledger
                .report(key.location, "a key has to be a word", fix);
            let (event, span) = self.next()?;
            self.node(event, &span)?;
            return Ok(None);
        };
        let merges = scalar.text == "<<" && scalar.style == Style::Plain;
        let mut key = Key {
            text: scalar.text,
            location: key.location,
            secret: false,
            merges,
        };
        let key_hidden = self.ledger.is_hidden();
        key.secret = looks_secret(&key.text) || (orphaned && !is_name(&key.text));
        // A key is composed like a value, and masked like one in a secret's place; by itself it may be shown.
        self.ledger.unmask(key_extent);
        let value = self.value(&key, key_extent)?;
        let run_together = is_secret_name(&key.text) && !is_name(&key.text);
        key.secret |= is_absent(&value) && (key_hidden || run_together);
        if key.secret {
            self.ledger.mask(key_extent.clone());
        }
        Ok(Some(Entry { key, value }))
    }

    fn value(&mut self, key: &Key, key_extent: &Range<usize>) -> Result<Node, Stop> {
        let step = if key.secret {
            format!(".{REDACTED}")
        } else {
            key_step(&key.text)
        };
        self.ledger.enter_key(&key.text, step);
        let value = self
            .next()
            .and_then(|(event, span)| self.node(event, &span));
        if value.is_err() && self.ledger.is_hidden() {
            self.ledger.mask_rest(key_extent.end);
        }
        self.ledger.leave_key(&key.text);
        let mut value = value?;
        if is_absent(&value) {
            value.location = key.location;
        }
        Ok(value)
    }

    fn alias(&mut self, anchor: usize, span: &Span) -> Result<Node, Stop> {
        let Some(anchored) = self.anchors.get(&anchor) else {
            let fix = "name something that ends before it";
            self.ledger
                .report(position(span), "an alias stands inside what it names", fix);
            return Ok(absent(span));
        };
        if self.ledger.depth() + anchored.height() > DEEPEST {
            return Err(self.too_deep(span));
        }
        let mut node = anchored.clone();
        self.count(node.weight(), span)?;
        if self.ledger.is_hidden() {
            self.ledger.conceal(&mut node);
        }
        node.location = position(span);
        self.ledger.word(extent(span));
        Ok(node)
    }

    fn unknown_alias(&mut self, name: &str, span: &Span) -> Node {
        let hidden = self.ledger.mask_scalar(&extent(span), name);
        let shown = if hidden {
            Shown::redacted()
        } else {
            Shown::text(&format!("*{name}"))
        };
        let message = "an alias names an anchor that is not set above";
        let fix = "put the value in quotes if it begins with `*`";
        self.ledger
            .report_value(position(span), shown, message, fix);
        absent(span)
    }

    fn refuse_tag(&mut self, tag: Option<&Tag>, span: &Span) {
        if tag.is_none() {
            return;
        }
        if let Some(tag) = span.tag_span().filter(|_| self.ledger.is_hidden()) {
            self.ledger.mask(extent(&tag));
        }
        let fix = "put the value in quotes if it begins with `!`, else remove the tag";
        self.ledger
            .report(position(span), "tags have no meaning here", fix);
    }
}

/// A value whose absence has already been reported.
fn absent(span: &Span) -> Node {
    let scalar = Scalar {
        text: String::new(),
        style: Style::Plain,
        secret: false,
        variables: Vec::new(),
        broken: true,
    };
    Node {
        location: position(span),
        extent: extent(span),
        value: Value::Scalar(scalar),
    }
}

fn is_absent(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(_)) && node.extent.is_empty()
}

fn is_null(node: &Node) -> bool {
    matches!(&node.value, Value::Scalar(scalar) if !scalar.broken && scalar.meaning() == Meaning::Null)
}
