//! What tells one state of a configuration from another: its text, and the files that it names.
//!
//! The [`struct@Hash`] is for people and other processes. Nothing secret goes into it, so that it may stand in a metric: a weak
//! password could be guessed from a hash that anybody may read. The rest never leaves the process.

use std::{
    cell::RefCell,
    fmt, io,
    path::{Path, PathBuf},
};

use aws_lc_rs::digest::{Context, SHA256, digest};

use super::{
    reading::tree::{Node, Scalar, Style, Value},
    source::{Files, Source},
};

/// Names a configuration in logs, metrics and answers: 16 hexadecimal digits of what the text means.
///
/// Comments, layout, variables of the environment and secrets do not count; files that the text names count by their
/// content, unless they are secrets, or certificates that are looked at again whenever they change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; 8]);

/// What tells one state of a configuration from another.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Fingerprint {
    hash: Hash,
    /// Of the text as it is, and of every file that it names, secrets included, but for those that are looked at
    /// again whenever they change.
    whole: [u8; 32],
    /// Of everything that decides what a token proves: keys, claims, and the headers that are made of them.
    tokens: [u8; 32],
}

impl Fingerprint {
    /// What may be shown.
    pub fn hash(&self) -> Hash {
        self.hash
    }

    /// Whether both prove the same of every token.
    pub fn same_tokens(&self, other: &Self) -> bool {
        self.tokens == other.tokens
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut fingerprint = formatter.debug_struct("Fingerprint");
        fingerprint
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = self.0.iter();
        bytes.try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// Files, and which of them were read.
pub(super) struct Recorder<'a> {
    files: &'a dyn Files,
    text: [u8; 32],
    seen: RefCell<Vec<Seen>>,
}

/// A file that was read.
struct Seen {
    path: PathBuf,
    purpose: Purpose,
    /// Of its content; `None` where there is none.
    digest: Option<[u8; 32]>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// It is a part of the configuration.
    Part,
    /// So it is, and a secret.
    Secret,
    /// It is only looked at: who uses it reads it again.
    Look,
}

impl<'a> Recorder<'a> {
    /// For a configuration of this text.
    pub(super) fn new(files: &'a dyn Files, source: &Source) -> Self {
        Self {
            files,
            text: digest_of(source.text().as_bytes()),
            seen: RefCell::default(),
        }
    }

    /// The fingerprint of a document whose relative paths begin at `folder`.
    pub(super) fn fingerprint(&self, root: Option<&Node>, folder: &Path) -> Fingerprint {
        let seen = self.seen.borrow();
        let mut hash = Sum::new();
        let mut whole = Sum::new();
        let mut tokens = Sum::new();
        whole.bytes(&self.text);
        for file in seen.iter().filter(|file| file.purpose != Purpose::Look) {
            let content = file.digest.unwrap_or_default();
            whole.bytes(file.path.as_os_str().as_encoded_bytes());
            whole.bytes(&content);
            if file.purpose == Purpose::Part {
                hash.bytes(&content);
            }
        }
        if let Some(root) = root {
            hash.node(root, &mut |sum, scalar| sum.shown(scalar));
            let mut with_files = |sum: &mut Sum, scalar: &Scalar| {
                sum.bytes(scalar.text.as_bytes());
                let path = scalar.text.strip_prefix("file:").unwrap_or(&scalar.text);
                let path = folder.join(path);
                let named = seen.iter().filter(|file| file.path == path);
                named.for_each(|file| sum.bytes(&file.digest.unwrap_or_default()));
            };
            // The limits of headers that are made of tokens are among `limits`.
            for section in ["tokens", "identity", "limits"] {
                let found = entries(root).find(|(key, _)| *key == section);
                match found {
                    Some((_, node)) => tokens.node(node, &mut with_files),
                    None => tokens.bytes(b"absent"),
                }
            }
        }
        Fingerprint {
            hash: Hash::of(&hash.finish()),
            whole: whole.finish(),
            tokens: tokens.finish(),
        }
    }

    /// The files that were read, or should have been.
    pub(super) fn paths(&self) -> Vec<PathBuf> {
        let seen = self.seen.borrow();
        let mut paths: Vec<PathBuf> = seen.iter().map(|file| file.path.clone()).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    fn note(&self, path: &Path, purpose: Purpose, content: Option<&[u8]>) {
        self.seen.borrow_mut().push(Seen {
            path: path.to_owned(),
            purpose,
            digest: content.map(digest_of),
        });
    }

    fn noted(
        &self,
        path: &Path,
        purpose: Purpose,
        read: io::Result<Vec<u8>>,
    ) -> io::Result<Vec<u8>> {
        self.note(path, purpose, read.as_deref().ok());
        read
    }
}

impl Files for Recorder<'_> {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        self.noted(path, Purpose::Part, self.files.read(path, limit))
    }

    fn read_secret(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        self.noted(path, Purpose::Secret, self.files.read_secret(path, limit))
    }

    fn look_at(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        self.noted(path, Purpose::Look, self.files.look_at(path, limit))
    }
}

impl Hash {
    fn of(digest: &[u8; 32]) -> Self {
        Self(std::array::from_fn(|index| {
            digest.get(index).copied().unwrap_or_default()
        }))
    }
}

/// A digest of things, each with its length or an end, so that no two lists of things are the same bytes.
struct Sum(Context);

impl Sum {
    fn new() -> Self {
        Self(Context::new(&SHA256))
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn tag(&mut self, tag: u8) {
        self.0.update(&[tag]);
    }

    /// A node and all below it, in its order, which means something in many places.
    fn node(&mut self, node: &Node, scalar: &mut impl FnMut(&mut Self, &Scalar)) {
        match &node.value {
            Value::Scalar(found) => {
                self.tag(match found.style {
                    Style::Plain => b'p',
                    Style::Quoted => b'q',
                });
                scalar(self, found);
            }
            Value::Sequence(items) => {
                self.tag(b'[');
                for item in items {
                    self.node(item, scalar);
                }
                self.tag(b']');
            }
            Value::Mapping(entries) => {
                self.tag(b'{');
                for entry in entries {
                    self.bytes(entry.key.text.as_bytes());
                    self.node(&entry.value, scalar);
                }
                self.tag(b'}');
            }
            Value::Hole { .. } | Value::Removed => self.tag(b'-'),
        }
    }

    /// A scalar as far as it may be shown.
    fn shown(&mut self, scalar: &Scalar) {
        if !scalar.secret && scalar.variables.is_empty() {
            return self.bytes(scalar.text.as_bytes());
        }
        self.tag(b's');
        for variable in &scalar.variables {
            self.bytes(variable.as_bytes());
        }
    }

    fn finish(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        bytes
    }
}

fn digest_of(content: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, content).as_ref());
    bytes
}

fn entries(node: &Node) -> impl Iterator<Item = (&str, &Node)> {
    let entries = match &node.value {
        Value::Mapping(entries) => entries.as_slice(),
        Value::Scalar(_) | Value::Sequence(_) | Value::Hole { .. } | Value::Removed => &[],
    };
    entries
        .iter()
        .map(|entry| (entry.key.text.as_str(), &entry.value))
}

#[cfg(test)]
mod tests;
