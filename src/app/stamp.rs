//! What tells that a file has changed, without reading it.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// What tells one state of a file from another, a file that a link or a rename has put there included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

/// `None` where there is nothing.
pub(super) fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(file).ok()?;
    Some(Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        changed: (metadata.mtime(), metadata.mtime_nsec()),
    })
}
