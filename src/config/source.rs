//! Where configuration text and its values come from: files and the environment, behind traits so that tests need neither.
//!
//! This is the only module that reads the process environment. It bounds what it reads, and its errors name paths,
//! never contents. It does not parse anything.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

/// The largest configuration file that is read.
pub const LARGEST_SOURCE: usize = 1024 * 1024;
/// The largest secret file that is read.
const LARGEST_SECRET: usize = 64 * 1024;

/// The text of one configuration file, without a byte order mark.
#[derive(Clone)]
pub struct Source {
    name: String,
    text: String,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Source {
    /// A text under the name that diagnostics give it.
    pub fn new(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            text: text.strip_prefix('\u{feff}').unwrap_or(text).to_owned(),
        }
    }

    /// Reads the file at `path`.
    pub fn load(files: &dyn Files, path: &Path) -> Result<Self, SourceError> {
        let content = files.read(path, LARGEST_SOURCE + 1);
        let text = as_text(content, path, LARGEST_SOURCE)?;
        Ok(Self::new(&path.display().to_string(), &text))
    }

    /// The name that diagnostics give it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Why a file could not be taken.
#[derive(Debug, Error)]
pub enum SourceError {
    /// The system refused to read it.
    #[error("{} cannot be read", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// It is larger than such a file may be.
    #[error("{} is larger than {limit} bytes", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// The most that is read.
        limit: usize,
    },
    /// It is not UTF-8.
    #[error("{} is not UTF-8 text", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
    },
    /// It holds nothing.
    #[error("{} is empty", path.display())]
    Empty {
        /// The file.
        path: PathBuf,
    },
}

/// Files, by path.
pub trait Files {
    /// The content of a file, but no more than `limit` bytes of it.
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>>;

    /// The same of a file whose content is a secret.
    fn read_secret(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        self.read(path, limit)
    }

    /// The same of a file that is only looked at, since whoever uses it reads it again whenever it changes.
    fn look_at(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        self.read(path, limit)
    }
}

/// The files of this machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct Disk;

impl Files for Disk {
    fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
        // A pipe or a device would be read for ever, or wait for somebody to write.
        if !std::fs::metadata(path)?.is_file() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "it is not a regular file",
            ));
        }
        let mut content = Vec::new();
        let limit = u64::try_from(limit).unwrap_or(u64::MAX);
        std::fs::File::open(path)?
            .take(limit)
            .read_to_end(&mut content)?;
        Ok(content)
    }
}

/// Variables, by name.
pub trait Environment {
    /// The value of a variable, if it is set and is text.
    fn get(&self, name: &str) -> Option<String>;
}

/// The environment of this process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the one place that reads the environment"
    )]
    fn get(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

/// Reads the file that a `file:PATH` value names; one trailing line break is not part of the secret.
pub fn read_secret_file(files: &dyn Files, path: &Path) -> Result<Zeroizing<String>, SourceError> {
    let content = files.read_secret(path, LARGEST_SECRET + 1);
    let text = as_text(content, path, LARGEST_SECRET)?;
    let secret = text.strip_suffix('\n').map_or(text.as_str(), |line| {
        line.strip_suffix('\r').unwrap_or(line)
    });
    if secret.is_empty() {
        return Err(SourceError::Empty {
            path: path.to_owned(),
        });
    }
    Ok(Zeroizing::new(secret.to_owned()))
}

fn as_text(
    content: io::Result<Vec<u8>>,
    path: &Path,
    limit: usize,
) -> Result<Zeroizing<String>, SourceError> {
    let content = content.map_err(|source| SourceError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    if content.len() > limit {
        return Err(SourceError::TooLarge {
            path: path.to_owned(),
            limit,
        });
    }
    // The decoding error would carry the bytes along, so only the fact is kept.
    String::from_utf8(content)
        .map(Zeroizing::new)
        .map_err(|_| SourceError::NotText {
            path: path.to_owned(),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    static LARGE: [u8; LARGEST_SECRET + 1] = [b'x'; LARGEST_SECRET + 1];

    struct OneFile(&'static [u8]);

    impl Files for OneFile {
        fn read(&self, path: &Path, limit: usize) -> io::Result<Vec<u8>> {
            if path == Path::new("here") {
                Ok(self.0.iter().copied().take(limit).collect())
            } else {
                Err(io::ErrorKind::NotFound.into())
            }
        }
    }

    fn secret(content: &'static [u8]) -> Result<String, String> {
        read_secret_file(&OneFile(content), Path::new("here"))
            .map(|secret| secret.to_string())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_secret_file_loses_one_line_break() {
        assert_eq!(secret(b"hunter2\n"), Ok("hunter2".to_owned()));
        assert_eq!(secret(b"hunter2\r\n"), Ok("hunter2".to_owned()));
        assert_eq!(secret(b" hunter2 \n\n"), Ok(" hunter2 \n".to_owned()));
        assert_eq!(secret(b"\n"), Err("here is empty".to_owned()));
        assert_eq!(secret(b"\xff"), Err("here is not UTF-8 text".to_owned()));
    }

    #[test]
    fn errors_name_the_path() {
        let missing = read_secret_file(&OneFile(b""), Path::new("nowhere")).unwrap_err();
        assert_eq!(missing.to_string(), "nowhere cannot be read");
        assert_eq!(
            secret(&LARGE),
            Err("here is larger than 65536 bytes".to_owned())
        );
    }

    #[test]
    fn files_of_the_machine_are_read_up_to_the_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gateway.yaml");
        std::fs::write(&path, "\u{feff}a: 1\n").unwrap();
        assert_eq!(Source::load(&Disk, &path).unwrap().text(), "a: 1\n");
        std::fs::write(&path, vec![b'#'; LARGEST_SOURCE + 1]).unwrap();
        assert!(matches!(
            Source::load(&Disk, &path),
            Err(SourceError::TooLarge { .. })
        ));
    }
}
