//! The source text as it may be shown: one line with a caret below, secrets masked and comments left out.
//!
//! It promises that no byte of a masked range ever reaches an [`Excerpt`]. It does not know what is secret; the masks
//! come from [`compose`](crate::config::reading::compose).

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::config::diagnostic::{Location, REDACTED, steers_terminal};

/// How many characters of a line are shown around the caret.
const SHOWN_LINE: usize = 120;
/// How many characters to either side of a place are looked at for it; a line can be as long as the file.
const REACH: usize = 400;
/// How many shown characters come before the caret when a line has to be cut.
const SHOWN_BEFORE: usize = 60;

/// A source text and what of it must not be shown.
#[derive(Clone)]
pub struct Listing {
    file: Arc<str>,
    text: Arc<str>,
    masks: Vec<Range<usize>>,
    comments: Vec<Range<usize>>,
}

impl fmt::Debug for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing")
            .field("file", &self.file)
            .finish_non_exhaustive()
    }
}

/// A line of the source and the column below which the caret stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    line: String,
    caret: usize,
}

impl Excerpt {
    /// Writes the line and the caret, each on a line of its own that begins with a line break.
    pub fn render(&self, f: &mut fmt::Formatter<'_>, number: usize) -> fmt::Result {
        let margin = number.to_string();
        let blank = " ".repeat(margin.len());
        let indent: usize = self.line.chars().take(self.caret).map(width).sum();
        write!(
            f,
            "\n  {margin} | {}\n  {blank} | {}^",
            self.line,
            " ".repeat(indent)
        )
    }
}

impl Listing {
    /// A listing of `text` that hides the byte ranges `masks` and `comments`.
    pub fn new(
        file: &str,
        text: &str,
        masks: Vec<Range<usize>>,
        comments: Vec<Range<usize>>,
    ) -> Self {
        Self {
            file: file.into(),
            text: text.into(),
            masks: in_order(masks),
            comments: in_order(comments),
        }
    }

    /// The file's name.
    pub fn file(&self) -> Arc<str> {
        Arc::clone(&self.file)
    }

    /// The line at `location`, with a caret at its column; nothing where the line would be empty.
    pub fn excerpt(&self, location: Location) -> Option<Excerpt> {
        let (start, line) = nth_line(&self.text, location.line)?;
        let first = location.column.saturating_sub(REACH);
        let mut shown = Vec::new();
        let mut caret = None;
        let mut masked = false;
        for (column, (offset, character)) in
            line.char_indices().enumerate().skip(first).take(2 * REACH)
        {
            let position = start + offset;
            if covers(&self.comments, position) {
                break;
            }
            let hidden = covers(&self.masks, position);
            if column + 1 == location.column {
                let into_mask = if hidden && masked { REDACTED.len() } else { 0 };
                caret = Some(shown.len().saturating_sub(into_mask));
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
        (!shown.is_empty()).then(|| window(&shown, caret.unwrap_or(shown.len())))
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

fn window(shown: &[char], caret: usize) -> Excerpt {
    if shown.len() <= SHOWN_LINE {
        return Excerpt {
            line: shown.iter().collect(),
            caret,
        };
    }
    let from = caret
        .saturating_sub(SHOWN_BEFORE)
        .min(shown.len() - SHOWN_LINE);
    let cut_before = if from > 0 { "…" } else { "" };
    let cut_after = if from + SHOWN_LINE < shown.len() {
        "…"
    } else {
        ""
    };
    let middle: String = shown.iter().skip(from).take(SHOWN_LINE).collect();
    Excerpt {
        line: format!("{cut_before}{middle}{cut_after}"),
        caret: caret - from + cut_before.chars().count(),
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
        struct Rendered(Excerpt, usize);
        impl fmt::Display for Rendered {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.render(f, self.1)
            }
        }
        listing
            .excerpt(Location { line, column })
            .map(|excerpt| Rendered(excerpt, line).to_string())
            .unwrap_or_default()
    }

    #[test]
    fn masks_and_comments_are_left_out_and_the_caret_moves_along() {
        let text = "a: 1\r\nb: {secret: hunter2, c: x} # hunter2\r\n";
        let secret = text.find("hunter2").unwrap();
        let comment = text.find('#').unwrap();
        let listing = Listing::new(
            "f",
            text,
            std::iter::once(secret..secret + 7).collect(),
            std::iter::once(comment..text.len() - 2).collect(),
        );
        assert_eq!(
            shown(&listing, 2, 25),
            "\n  2 | b: {secret: [redacted], c: x}\n    |                            ^"
        );
        assert_eq!(
            shown(&listing, 2, 14),
            "\n  2 | b: {secret: [redacted], c: x}\n    |             ^"
        );
        assert_eq!(shown(&listing, 3, 1), "");
        assert_eq!(shown(&listing, 99, 1), "");
    }

    #[test]
    fn wide_characters_take_two_columns_and_tabs_one() {
        let listing = Listing::new("f", "\t탈퇴: x", Vec::new(), Vec::new());
        assert_eq!(shown(&listing, 1, 6), "\n  1 |  탈퇴: x\n    |        ^");
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let text = format!("{}X{}", "a".repeat(500), "b".repeat(500));
        let rendered = shown(&Listing::new("f", &text, Vec::new(), Vec::new()), 1, 501);
        let caret = rendered.lines().nth(2).unwrap().find('^').unwrap();
        assert_eq!(
            rendered.lines().nth(1).unwrap().chars().nth(caret),
            Some('X')
        );
        assert!(rendered.lines().nth(1).unwrap().chars().count() < 140);
    }
}
