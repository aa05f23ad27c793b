//! The source text as it may be shown: one line with a part of it underlined, secrets masked and comments left out.
//!
//! It promises that no byte of a masked range ever reaches an [`Excerpt`]. It does not know what is secret; the masks
//! come from [`compose`](crate::config::reading::compose).

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::config::diagnostic::{Aim, Location, REDACTED, steers_terminal};
use crate::config::paint::{Paint, Tone};

/// How many characters of a line are shown around what is underlined.
const SHOWN_LINE: usize = 120;
/// How many characters to either side of a place are looked at for it; a line can be as long as the file.
const REACH: usize = 400;
/// How many shown characters come before the underlined part when a line has to be cut.
const SHOWN_BEFORE: usize = 60;

/// A source text and what of it must not be shown.
#[derive(Clone)]
pub struct Listing {
    file: Arc<str>,
    text: Arc<str>,
    masks: Vec<Range<usize>>,
    comments: Vec<Range<usize>>,
    words: Vec<Range<usize>>,
}

/// What a composition knows about the bytes of a text.
#[derive(Debug, Clone, Default)]
pub struct Ranges {
    /// Those that must not be shown.
    pub masks: Vec<Range<usize>>,
    /// Those of comments.
    pub comments: Vec<Range<usize>>,
    /// Those of each key, scalar and alias, in the order of the text.
    pub words: Vec<Range<usize>>,
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// A line of the source and the characters of it that are underlined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    line: String,
    underlined: Range<usize>,
}

impl Excerpt {
    /// The line under its number and the underline, each on a line of its own that begins with a line break.
    pub fn painted(&self, number: usize, paint: Paint, tone: Tone) -> String {
        let columns = |part: Range<usize>| -> usize {
            let characters = self.line.chars().skip(part.start).take(part.len());
            characters.map(width).sum()
        };
        let margin = number.to_string();
        let blank = " ".repeat(margin.len());
        let indent = " ".repeat(columns(0..self.underlined.start));
        // Never nothing: a place behind the end of a line has no characters.
        let underline = "^".repeat(columns(self.underlined.clone()).max(1));
        let margin = paint.tone(Tone::Faint, format!("{margin} |"));
        let blank = paint.tone(Tone::Faint, format!("{blank} |"));
        let underline = paint.tone(tone, underline);
        format!("\n  {margin} {}\n  {blank} {indent}{underline}", self.line)
    }
}

impl Listing {
    /// A listing of `text` that hides masks and comments.
    pub fn new(file: &str, text: &str, ranges: Ranges) -> Self {
        Self {
            file: file.into(),
            text: text.into(),
            masks: in_order(ranges.masks),
            comments: in_order(ranges.comments),
            words: ranges.words,
        }
    }

    /// The file's name.
    pub fn file(&self) -> Arc<str> {
        Arc::clone(&self.file)
    }

    /// The line at `location`, with what is meant there underlined; nothing where the line would be empty.
    pub fn excerpt(&self, location: Location, aim: Aim) -> Option<Excerpt> {
        let (start, line) = nth_line(&self.text, location.line)?;
        let first = location.column.saturating_sub(REACH);
        let mut shown = Vec::new();
        let mut underlined: Option<Underlined> = None;
        let mut masked = false;
        for (column, (offset, character)) in
            line.char_indices().enumerate().skip(first).take(2 * REACH)
        {
            let position = start + offset;
            if covers(&self.comments, position) {
                break;
            }
            let hidden = covers(&self.masks, position);
            if let Some(underlined) = &mut underlined {
                underlined.pass(position, shown.len());
            }
            if column + 1 == location.column {
                let into_mask = if hidden && masked { REDACTED.len() } else { 0 };
                underlined = Some(Underlined {
                    from: shown.len().saturating_sub(into_mask),
                    end: match aim {
                        Aim::Word => self.end_of_word(position, character),
                        Aim::Beginning => position + character.len_utf8(),
                        Aim::Part(length) => position + length.max(character.len_utf8()),
                    },
                    to: None,
                });
            }
            if hidden && !masked {
                shown.extend(REDACTED.chars());
            } else if !hidden {
                shown.push(if steers_terminal(character) {
                    ' '
                } else {
                    character
                });
            }
            masked = hidden;
        }
        let text = shown
            .iter()
            .rposition(|character| !character.is_whitespace())
            .map_or(0, |last| last + 1);
        shown.truncate(text);
        let underlined = underlined.map_or(text..text, |underlined| underlined.within(text));
        (!shown.is_empty()).then(|| window(&shown, underlined))
    }

    /// Where a part of a text stands that was read from these bytes, if they show it as it was read, and its length.
    pub fn locate(
        &self,
        extent: &Range<usize>,
        text: &str,
        part: Range<usize>,
    ) -> Option<(Location, usize)> {
        let written = self.text.get(extent.clone())?;
        let length = part.len();
        let start = in_writing(written, text, part.start)?;
        let start = extent.start + start;
        Some((self.location(start)?, length))
    }

    /// The line and the column of a byte.
    fn location(&self, position: usize) -> Option<Location> {
        let before = self.text.get(..position)?;
        let mut line = 1;
        let mut start = 0;
        while let Some((next, _)) = nth_line(before, line + 1) {
            line += 1;
            start = next;
        }
        let column = before.get(start..)?.chars().count() + 1;
        Some(Location { line, column })
    }

    /// Where the word ends that begins at a byte; what is no word is one character long.
    fn end_of_word(&self, position: usize, character: char) -> usize {
        let first = self.words.partition_point(|word| word.start < position);
        let word = self.words.get(first).filter(|word| word.start == position);
        word.map_or(position, |word| word.end)
            .max(position + character.len_utf8())
    }
}

/// What of a line is underlined, while the line is gone through.
struct Underlined {
    /// The first shown character.
    from: usize,
    /// The byte behind the last one.
    end: usize,
    /// The shown character behind the last one, once it is known.
    to: Option<usize>,
}

impl Underlined {
    /// Comes by a byte before which so many characters are shown.
    fn pass(&mut self, position: usize, shown: usize) {
        if position >= self.end {
            self.to.get_or_insert(shown);
        }
    }

    /// The shown characters, where there are so many.
    fn within(self, shown: usize) -> Range<usize> {
        let to = self.to.unwrap_or(shown).min(shown);
        self.from.min(to)..to
    }
}

/// The ranges in the order of the text, those that touch each other as one.
fn in_order(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.retain(|range| !range.is_empty());
    ranges.sort_by_key(|range| range.start);
    let mut joined: Vec<Range<usize>> = Vec::new();
    for range in ranges {
        match joined.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            Some(_) | None => joined.push(range),
        }
    }
    joined
}

fn covers(ranges: &[Range<usize>], position: usize) -> bool {
    let after = ranges.partition_point(|range| range.start <= position);
    after
        .checked_sub(1)
        .and_then(|index| ranges.get(index))
        .is_some_and(|range| range.contains(&position))
}

/// Where a byte of a text stands in how that is written, which may have quotes around it, and other line breaks and
/// indentation. Nothing where it is written by escapes or variables.
fn in_writing(written: &str, text: &str, byte: usize) -> Option<usize> {
    fn visible(text: &str) -> impl Iterator<Item = (usize, char)> {
        let characters = text.char_indices();
        characters.filter(|(_, character)| !character.is_whitespace())
    }
    let quote = usize::from(written.starts_with(['\'', '"']));
    let mut shown = visible(written).skip(quote);
    let mut found = None;
    for (at, character) in visible(text) {
        let (written_at, written) = shown.next()?;
        if written != character {
            return None;
        }
        if at == byte {
            found = Some(written_at);
        }
    }
    found
}

/// The byte offset and the text of a line; a line ends with LF, CRLF or CR, as the parser counts them.
fn nth_line(text: &str, number: usize) -> Option<(usize, &str)> {
    let mut start = 0;
    let mut rest = text;
    for _ in 1..number {
        let end = rest.find(['\n', '\r'])?;
        let terminator = if rest.get(end..)?.starts_with("\r\n") {
            2
        } else {
            1
        };
        start += end + terminator;
        rest = text.get(start..)?;
    }
    let end = rest.find(['\n', '\r']).unwrap_or(rest.len());
    rest.get(..end).map(|line| (start, line))
}

/// A part of a line that is too long to be shown.
fn window(shown: &[char], underlined: Range<usize>) -> Excerpt {
    if shown.len() <= SHOWN_LINE {
        return Excerpt {
            line: shown.iter().collect(),
            underlined,
        };
    }
    let from = underlined
        .start
        .saturating_sub(SHOWN_BEFORE)
        .min(shown.len() - SHOWN_LINE);
    let to = from + SHOWN_LINE;
    let cut_before = if from > 0 { "…" } else { "" };
    let cut_after = if to < shown.len() { "…" } else { "" };
    let middle: String = shown.iter().skip(from).take(SHOWN_LINE).collect();
    let moved = |place: usize| place.min(to) - from + cut_before.chars().count();
    Excerpt {
        line: format!("{cut_before}{middle}{cut_after}"),
        underlined: moved(underlined.start)..moved(underlined.end),
    }
}

/// How many columns of a terminal a character takes: two for Hangul, Han, Kana and full-width forms.
fn width(character: char) -> usize {
    let wide = matches!(u32::from(character),
        0x1100..=0x115f | 0x2e80..=0xa4cf | 0xac00..=0xd7a3 | 0xf900..=0xfaff | 0xfe30..=0xfe6f
        | 0xff00..=0xff60 | 0xffe0..=0xffe6 | 0x1f300..=0x1f64f | 0x20000..=0x3fffd);
    if wide { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(listing: &Listing, line: usize, column: usize) -> String {
        let excerpt = listing.excerpt(Location { line, column }, Aim::Word);
        let shown = |excerpt: Excerpt| excerpt.painted(line, Paint::Plain, Tone::Bad);
        excerpt.map(shown).unwrap_or_default()
    }

    fn listing(text: &str) -> Listing {
        Listing::new("f", text, Ranges::default())
    }

    #[test]
    fn masks_and_comments_are_left_out_and_the_caret_moves_along() {
        let text = "a: 1\r\nb: {secret: hunter2, c: x} # hunter2\r\n";
        let secret = text.find("hunter2").unwrap();
        let comment = text.find('#').unwrap();
        let ranges = Ranges {
            masks: std::iter::once(secret..secret + 7).collect(),
            comments: std::iter::once(comment..text.len() - 2).collect(),
            words: std::iter::once(secret..secret + 7).collect(),
        };
        let listing = Listing::new("f", text, ranges);
        assert_eq!(
            shown(&listing, 2, 25),
            "\n  2 | b: {secret: [redacted], c: x}\n    |                            ^"
        );
        assert_eq!(
            shown(&listing, 2, 14),
            "\n  2 | b: {secret: [redacted], c: x}\n    |             ^^^^^^^^^^"
        );
        assert_eq!(shown(&listing, 3, 1), "");
        assert_eq!(shown(&listing, 99, 1), "");
    }

    #[test]
    fn wide_characters_take_two_columns_and_tabs_one() {
        let text = "\t탈퇴: x";
        assert_eq!(
            shown(&listing(text), 1, 6),
            "\n  1 |  탈퇴: x\n    |        ^"
        );
        let ranges = Ranges {
            words: std::iter::once(1..7).collect(),
            ..Ranges::default()
        };
        let listing = Listing::new("f", text, ranges);
        assert_eq!(shown(&listing, 1, 2), "\n  1 |  탈퇴: x\n    |  ^^^^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_place() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let rendered = shown(&listing(&text), 1, 501);
        let caret = rendered.lines().nth(2).unwrap().find('^').unwrap();
        assert_eq!(
            rendered.lines().nth(1).unwrap().chars().nth(caret),
            Some('X')
        );
        assert!(rendered.lines().nth(1).unwrap().chars().count() < 140);
    }
}
