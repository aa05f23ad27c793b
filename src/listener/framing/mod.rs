//! Where each request of an HTTP/1 connection begins and ends, found strictly before the parser sees a byte.
//!
//! The parser of the protocol library is lenient: it takes line ends without CR, drops a length that stands beside a
//! coding, cuts a fragment off. What one parser takes and another does not is how requests are smuggled, so every byte
//! goes through here first, and none is passed on from the first one that RFC 9112 does not allow. It neither
//! allocates nor copies, except for a line that arrives in pieces.

mod chunks;
mod head;
mod line;
#[cfg(test)]
mod tests;
mod violation;

use chunks::{Chunk, Step};
use head::{Coding, Head, Version};
use line::RequestLine;
use violation::Refusal;

use crate::http::field_line::{FieldLine, Scanned};

pub use violation::{Stop, Stopped, Violation};

/// How many empty lines a client may send before a request line (RFC 9112 section 2.2 asks for at least one).
const MOST_EMPTY_LINES: u8 = 8;

/// Up to here a line that comes in pieces is looked at with each of them, since what is no line at all should not have to
/// end first. A longer one waits for its end, or looking at it again and again would be work without bound.
const SHORT_LINE: usize = 256;

/// How large the trailers of a request may be. They are never forwarded over HTTP/1.
const MOST_TRAILER_BYTES: usize = 16 * 1024;

/// What a request may be at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The head in bytes.
    pub head: usize,
    /// The request line in bytes.
    pub request_line: usize,
    /// Header lines.
    pub fields: usize,
}

/// What the next byte belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expects {
    /// An empty line or a request line.
    Start,
    Field,
    /// That many bytes of a body.
    Length(u64),
    Chunk(Chunk),
    Trailer,
    /// Something that is not HTTP.
    Opaque,
    Nothing(Stop),
}

/// The framing of one connection.
#[derive(Debug)]
pub struct Framing {
    limits: Limits,
    expects: Expects,
    /// A line that has begun in an earlier read.
    partial: Vec<u8>,
    head: Head,
    /// How many heads have ended.
    heads: u64,
    empty_lines: u8,
}

impl Framing {
    /// The framing of a connection of which nothing was read.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            expects: Expects::Start,
            partial: Vec::new(),
            head: Head::default(),
            heads: 0,
            empty_lines: 0,
        }
    }

    /// How many request heads have ended so far.
    pub fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether no request has begun that has not ended.
    pub fn is_between_requests(&self) -> bool {
        self.expects == Expects::Start && self.partial.is_empty()
    }

    /// Whether a head has begun that has not ended.
    pub fn is_in_head(&self) -> bool {
        match self.expects {
            Expects::Field => true,
            Expects::Start => !self.partial.is_empty(),
            Expects::Length(_)
            | Expects::Chunk(_)
            | Expects::Trailer
            | Expects::Opaque
            | Expects::Nothing(_) => false,
        }
    }

    /// Why nothing more is passed on, if so.
    pub fn stop(&self) -> Option<Stop> {
        match self.expects {
            Expects::Nothing(stop) => Some(stop),
            Expects::Start
            | Expects::Field
            | Expects::Length(_)
            | Expects::Chunk(_)
            | Expects::Trailer
            | Expects::Opaque => None,
        }
    }

    /// From here on the connection carries something else.
    pub fn leave(&mut self) {
        self.expects = Expects::Opaque;
        self.partial = Vec::new();
    }

    /// Looks at the next bytes of the connection.
    pub fn scan(&mut self, bytes: &[u8]) -> Result<(), Stopped> {
        let mut at = 0;
        while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            match self.step(rest) {
                Ok(taken) => at += taken,
                Err(why) => {
                    self.expects = Expects::Nothing(why);
                    return Err(Stopped { at, why });
                }
            }
        }
        Ok(())
    }

    /// Takes at least one byte.
    fn step(&mut self, rest: &[u8]) -> Result<usize, Stop> {
        match self.expects {
            Expects::Start | Expects::Field | Expects::Trailer => {
                self.lines(rest).map_err(Stop::from)
            }
            Expects::Length(left) => {
                let taken = usize::try_from(left).map_or(rest.len(), |left| left.min(rest.len()));
                // A usize is never wider than this.
                let left = left - taken as u64;
                self.expects = if left == 0 {
                    self.next_request()
                } else {
                    Expects::Length(left)
                };
                Ok(taken)
            }
            Expects::Chunk(chunk) => {
                let (taken, step) = chunk.step(rest).map_err(Refusal::from)?;
                self.expects = match step {
                    Step::Within(chunk) => Expects::Chunk(chunk),
                    Step::Trailers => {
                        self.head = Head::default();
                        Expects::Trailer
                    }
                };
                Ok(taken)
            }
            Expects::Opaque => Ok(rest.len()),
            Expects::Nothing(why) => Err(why),
        }
    }

    /// Takes one line, or the beginning of one.
    fn lines(&mut self, rest: &[u8]) -> Result<usize, Refusal> {
        if self.partial.is_empty() {
            return match self.line(rest)? {
                Some(taken) => Ok(taken),
                None => self.keep(rest),
            };
        }
        let end = memchr::memchr(b'\n', rest).map(|at| at + 1);
        let taken = self.keep(rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest))?;
        if end.is_some() {
            let partial = std::mem::take(&mut self.partial);
            // It ends with LF: a line that is still not complete has a CR in the wrong place.
            self.line(&partial)?.ok_or(Violation::LineEnd)?;
        } else if self.partial.len() < SHORT_LINE {
            let partial = std::mem::take(&mut self.partial);
            let still_begun = self.line(&partial);
            self.partial = partial;
            still_begun?;
        }
        Ok(taken)
    }

    /// Keeps the beginning of a line.
    fn keep(&mut self, rest: &[u8]) -> Result<usize, Refusal> {
        self.fits(self.partial.len() + rest.len())?;
        self.partial.extend_from_slice(rest);
        Ok(rest.len())
    }

    /// Whether a line of this length may follow.
    fn fits(&self, line: usize) -> Result<(), Violation> {
        let size = self.head.size + line;
        match self.expects {
            Expects::Start if line > self.limits.request_line => Err(Violation::LongTarget),
            Expects::Trailer if size > MOST_TRAILER_BYTES => Err(Violation::Trailer),
            Expects::Start | Expects::Field if size > self.limits.head => Err(Violation::LargeHead),
            Expects::Start
            | Expects::Field
            | Expects::Trailer
            | Expects::Length(_)
            | Expects::Chunk(_)
            | Expects::Opaque
            | Expects::Nothing(_) => Ok(()),
        }
    }

    /// Takes a whole line, if there is one.
    fn line(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        let taken = match self.expects {
            Expects::Start => self.start(bytes)?,
            Expects::Field => self.field(bytes)?,
            Expects::Trailer
            | Expects::Length(_)
            | Expects::Chunk(_)
            | Expects::Opaque
            | Expects::Nothing(_) => self.trailer(bytes)?,
        };
        Ok(taken)
    }

    fn start(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        if let [b'\r', rest @ ..] = bytes {
            return match rest {
                [] => Ok(None),
                [b'\n', ..] if self.empty_lines < MOST_EMPTY_LINES => {
                    self.empty_lines += 1;
                    Ok(Some(2))
                }
                _ => Err(Violation::RequestLine.into()),
            };
        }
        let line = match RequestLine::scan(bytes) {
            Scanned::Whole(line) => line,
            Scanned::Begun => return Ok(None),
            Scanned::Bad(violation) => return Err(violation.into()),
        };
        self.fits(line.length)?;
        if line.is_preface(bytes) {
            return if self.heads == 0 && self.empty_lines == 0 {
                Err(Refusal::Preface)
            } else {
                Err(Violation::Version.into())
            };
        }
        self.head = Head {
            size: line.length,
            version: line.version(bytes)?,
            ..Head::default()
        };
        self.expects = Expects::Field;
        Ok(Some(line.length))
    }

    fn field(&mut self, bytes: &[u8]) -> Result<Option<usize>, Violation> {
        let line = match FieldLine::scan(bytes) {
            Scanned::Whole(line) => line,
            Scanned::Begun => return Ok(None),
            Scanned::Bad(bad) => return Err(bad.into()),
        };
        self.fits(line.length())?;
        self.head.size += line.length();
        match line {
            FieldLine::End => self.expects = self.end_head()?,
            FieldLine::Field(ref field) => {
                self.head.fields += 1;
                if self.head.fields > self.limits.fields {
                    return Err(Violation::ManyFields);
                }
                self.head.note(field, bytes)?;
            }
        }
        Ok(Some(line.length()))
    }

    fn trailer(&mut self, bytes: &[u8]) -> Result<Option<usize>, Violation> {
        let line = match FieldLine::scan(bytes) {
            Scanned::Whole(line) => line,
            Scanned::Begun => return Ok(None),
            Scanned::Bad(_) => return Err(Violation::Trailer),
        };
        self.fits(line.length())?;
        self.head.size += line.length();
        self.head.fields += 1;
        if self.head.fields > self.limits.fields {
            return Err(Violation::Trailer);
        }
        if matches!(line, FieldLine::End) {
            self.expects = self.next_request();
        }
        Ok(Some(line.length()))
    }

    fn end_head(&mut self) -> Result<Expects, Violation> {
        let expects = match (self.head.coding, self.head.length) {
            (Coding::Chunked, Some(_)) => return Err(Violation::LengthAndCoding),
            (Coding::Chunked, None) if self.head.version == Version::Http10 => {
                return Err(Violation::Coding);
            }
            (Coding::Chunked, None) => Expects::Chunk(Chunk::START),
            (Coding::None, None | Some(0)) => self.next_request(),
            (Coding::None, Some(length)) => Expects::Length(length),
        };
        self.heads += 1;
        Ok(expects)
    }

    fn next_request(&mut self) -> Expects {
        self.empty_lines = 0;
        Expects::Start
    }
}
