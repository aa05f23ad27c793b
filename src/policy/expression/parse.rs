//! From text to a tree, by the library's parser, within bounds.
//!
//! The parser goes down by itself for every bracket, and takes much of a stack for each: the text is bounded before it
//! gets there, and the parser has a thread of its own, which may also end in a panic.

use std::{ops::Range, thread};

use cel::{Env, IdedExpr, ParseErrors, Program};

use super::{Mistake, tree};

/// The longest text in bytes.
pub(super) const LONGEST: usize = 1024;
/// The most brackets, each of which may stand in the one before.
const MOST_BRACKETS: usize = 64;
/// The deepest tree; evaluating goes down as deep.
pub(super) const DEEPEST: usize = 16;
/// Enough for as many brackets as there may be within each other, in a build that is not optimised.
const STACK: usize = 32 << 20;

/// Parses, and has `compile` look at the tree on the stack that is large enough for any.
pub(super) fn parse<T: Send>(
    text: &str,
    compile: impl FnOnce(Parsed) -> Result<T, Mistake> + Send,
) -> Result<T, Mistake> {
    check_size(text)?;
    let broken = || {
        let fix = "write it in another way";
        Mistake::new(0..text.len(), "this expression cannot be read", fix)
    };
    let bounded = || {
        let environment = Env::stdlib().with_optional_support(false);
        let program = environment.compile(text);
        let program = program.map_err(|errors| first(&errors, text))?;
        if !tree::is_at_most(program.expression(), DEEPEST) {
            return Err(deep(0..text.len()));
        }
        compile(Parsed { program })
    };
    thread::scope(|scope| {
        let parser = thread::Builder::new().name("expression".to_owned());
        let parser = parser.stack_size(STACK).spawn_scoped(scope, bounded);
        match parser.map(thread::ScopedJoinHandle::join) {
            Ok(Ok(compiled)) => compiled,
            Ok(Err(_)) | Err(_) => Err(broken()),
        }
    })
}

/// A tree, and where each of its nodes stands.
pub(super) struct Parsed {
    program: Program,
}

impl Parsed {
    pub(super) fn root(&self) -> &IdedExpr {
        self.program.expression()
    }

    /// The bytes that a node's mark takes: an operator, the dot of a selection, the bracket of a call, or all of what is
    /// one word.
    pub(super) fn mark(&self, node: &IdedExpr) -> Range<usize> {
        let source = self.program.source_info();
        let (start, last) = source.offset_for(node.id).unwrap_or_default();
        let (start, last) = (start as usize, last as usize);
        within(start..last.saturating_add(1), &source.source)
    }

    pub(super) fn text(&self) -> &str {
        &self.program.source_info().source
    }

    /// The name behind the dot that a selection is marked by.
    pub(super) fn field_after(&self, node: &IdedExpr, field: &str) -> Range<usize> {
        let mark = self.mark(node);
        let rest = self.text().get(mark.end..).unwrap_or_default();
        let start = mark.end + (rest.len() - rest.trim_start().len());
        self.if_reads(start..start + field.len(), field, mark)
    }

    /// The name before the bracket that a call is marked by.
    pub(super) fn name_before(&self, node: &IdedExpr, name: &str) -> Range<usize> {
        let mark = self.mark(node);
        let before = self.text().get(..mark.start).unwrap_or_default();
        let end = before.trim_end().len();
        self.if_reads(end.saturating_sub(name.len())..end, name, mark)
    }

    fn if_reads(&self, at: Range<usize>, name: &str, otherwise: Range<usize>) -> Range<usize> {
        let reads = self.text().get(at.clone()) == Some(name);
        if reads { at } else { otherwise }
    }
}

fn check_size(text: &str) -> Result<(), Mistake> {
    if text.trim().is_empty() {
        let fix = "write an expression such as `claims.level >= 3`, or take it out";
        return Err(Mistake::new(0..text.len(), "this is empty", fix));
    }
    if text.len() > LONGEST {
        let message = format!("this is longer than {LONGEST} bytes");
        let fix = "put parts of it into `rules`, or into terms such as `claim:`";
        return Err(Mistake::new(0..text.len(), message, fix));
    }
    let mut opening = text.match_indices(['(', '[', '{']);
    match opening.nth(MOST_BRACKETS) {
        Some((at, bracket)) => {
            let message = format!("there are more than {MOST_BRACKETS} brackets");
            let fix = "put parts of it into `rules`";
            Err(Mistake::new(at..at + bracket.len(), message, fix))
        }
        None => Ok(()),
    }
}

pub(super) fn deep(at: Range<usize>) -> Mistake {
    let message = format!("this is more than {DEEPEST} levels deep");
    Mistake::new(
        at,
        message,
        "make it flatter, or put parts of it into `rules`",
    )
}

/// The first error, in the words of this project: the library lists every token that could have come.
fn first(errors: &ParseErrors, text: &str) -> Mistake {
    let Some(error) = errors.errors.first() else {
        return Mistake::new(
            0..text.len(),
            "this cannot be read",
            "look at the syntax of CEL",
        );
    };
    let at = offset(error.pos, text);
    let word = word_at(at, text);
    let said = error.msg.strip_prefix("Syntax error: ");
    let fix = "see the syntax of CEL in docs/policy.md";
    match said {
        None => Mistake::new(word, error.msg.clone(), fix),
        Some(said) if said.starts_with("token recognition error") => {
            let quote = text
                .get(at..)
                .is_some_and(|rest| rest.starts_with(['\'', '"']));
            let message = if quote {
                "this text has no end, or an escape that CEL does not know"
            } else {
                "this is nothing that CEL knows"
            };
            Mistake::new(word, message, fix)
        }
        Some(_) if text.get(at..).is_none_or(|rest| rest.trim().is_empty()) => {
            let end = text.trim_end().len();
            let last = text
                .get(..end)
                .and_then(|text| text.char_indices().next_back());
            let last = last.map_or(0, |(last, _)| last);
            Mistake::new(last..end, "something is missing at the end", fix)
        }
        Some(_) => Mistake::new(word, "this was not expected here", fix),
    }
}

/// A line and a column, both from one, as a byte of the text.
fn offset((line, column): (isize, isize), text: &str) -> usize {
    let before = usize::try_from(line).unwrap_or(1).saturating_sub(1);
    let column = usize::try_from(column).unwrap_or(1).saturating_sub(1);
    let lines = text.split_inclusive('\n');
    let start: usize = lines.clone().take(before).map(str::len).sum();
    let line = lines.clone().nth(before).unwrap_or_default();
    let within = line.char_indices().nth(column);
    start + within.map_or(line.len(), |(byte, _)| byte)
}

/// The word that begins at a byte, or the one character.
fn word_at(at: usize, text: &str) -> Range<usize> {
    let rest = text.get(at..).unwrap_or_default();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
    let one = rest.chars().next().map_or(0, char::len_utf8);
    at..at + word.max(one)
}

/// A range of bytes that are those of whole characters of the text.
fn within(range: Range<usize>, text: &str) -> Range<usize> {
    let start = (0..=range.start.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at));
    let end = (range.end.min(text.len())..=text.len()).find(|at| text.is_char_boundary(*at));
    let start = start.unwrap_or_default();
    start..end.unwrap_or(text.len()).max(start)
}
