//! The lines of the last head of an upstream, and what they mean. Most of the next one are the same to the byte, and
//! comparing bytes is cheaper than parsing them.

use ::http::{HeaderName, HeaderValue, header};

use super::status_line::StatusLine;

/// How many lines are remembered.
const MOST_LINES: usize = 32;

/// How long a line may be to be remembered, in bytes.
const LONGEST: usize = 256;

/// What the lines of the last head mean.
#[derive(Debug, Default)]
pub(in crate::upstream) struct KnownLines {
    status: Option<(Vec<u8>, StatusLine)>,
    fields: Vec<KnownField>,
}

#[derive(Debug)]
struct KnownField {
    /// With its end; empty where it is none to remember.
    line: Vec<u8>,
    name: HeaderName,
    value: HeaderValue,
}

impl KnownLines {
    /// How many fields a head has, as far as one can tell.
    pub(super) fn count(&self) -> usize {
        self.fields.len()
    }

    pub(super) fn status_line(&self, bytes: &[u8]) -> Option<StatusLine> {
        let (line, status_line) = self.status.as_ref()?;
        bytes.starts_with(line).then(|| status_line.clone())
    }

    pub(super) fn learn_status_line(&mut self, line: &[u8], status_line: &StatusLine) {
        if line.len() <= LONGEST {
            self.status = Some((line.to_vec(), status_line.clone()));
        }
    }

    /// The field that the bytes begin with, and how long its line is, if it is the one that was there last.
    pub(super) fn field(
        &self,
        number: usize,
        bytes: &[u8],
    ) -> Option<(HeaderName, HeaderValue, usize)> {
        let KnownField { line, name, value } = self.fields.get(number)?;
        let same = !line.is_empty() && bytes.starts_with(line);
        same.then(|| (name.clone(), value.clone(), line.len()))
    }

    pub(super) fn learn(
        &mut self,
        number: usize,
        text: &[u8],
        (name, value): (&HeaderName, &HeaderValue),
    ) {
        if number >= MOST_LINES {
            return;
        }
        // A cookie is one client's, and need not outlive its answer.
        let lasting = text.len() <= LONGEST && name != header::SET_COOKIE;
        let text = if lasting { text } else { b"" };
        let value = if lasting {
            value.clone()
        } else {
            HeaderValue::from_static("")
        };
        let name = name.clone();
        match self.fields.get_mut(number) {
            Some(field) => {
                field.line.clear();
                field.line.extend_from_slice(text);
                field.name = name;
                field.value = value;
            }
            None => self.fields.push(KnownField {
                line: text.to_vec(),
                name,
                value,
            }),
        }
    }
}
