//! The file of a Unix socket: taken over from a process that is gone, and removed at the end.

use std::{
    fs, io,
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt},
        net::UnixStream,
    },
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use super::bind::Mode;

/// A socket's file that is ours; removed when it is dropped.
#[derive(Debug)]
pub(super) struct SocketFile {
    path: PathBuf,
    identity: Identity,
    left: FilesLeft,
}

/// Whether the files stay when this process ends, since another one listens there now.
#[derive(Debug, Clone, Default)]
pub struct FilesLeft(Arc<AtomicBool>);

impl FilesLeft {
    /// From now on they stay.
    pub fn leave(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn are_left(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// What tells a file from another one that has taken its path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl SocketFile {
    /// Makes room for a new one: what a process that is gone has left behind is removed, and nothing else.
    pub(super) fn clear(path: &Path) -> io::Result<()> {
        let metadata = match fs::symlink_metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if !metadata.file_type().is_socket() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "there is a file that is no socket",
            ));
        }
        match UnixStream::connect(path) {
            Ok(_) => Err(io::Error::new(
                io::ErrorKind::AddrInUse,
                "another process listens there",
            )),
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
            Err(error) => Err(error),
        }
    }

    /// Gives the file its permissions, and takes care of it from now on.
    pub(super) fn own(path: &Path, Mode(mode): Mode, left: FilesLeft) -> io::Result<Self> {
        fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
        Ok(Self {
            path: path.to_owned(),
            identity: identity(path)?,
            left,
        })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        // A new process may have put its own there.
        if !self.left.are_left() && identity(&self.path).is_ok_and(|found| found == self.identity) {
            drop(fs::remove_file(&self.path));
        }
    }
}

fn identity(path: &Path) -> io::Result<Identity> {
    let metadata = fs::symlink_metadata(path)?;
    Ok(Identity {
        device: metadata.dev(),
        inode: metadata.ino(),
    })
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_stale_file_is_replaced_and_a_live_or_foreign_one_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        SocketFile::clear(&path).unwrap();
        let live = UnixListener::bind(&path).unwrap();
        let error = SocketFile::clear(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        drop(live);
        SocketFile::clear(&path).unwrap();
        assert!(!path.exists());
        fs::write(&path, "precious").unwrap();
        let error = SocketFile::clear(&path).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(path.exists());
    }

    #[test]
    fn the_file_goes_with_its_owner_unless_somebody_has_replaced_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let _listener = UnixListener::bind(&path).unwrap();
        let file = SocketFile::own(&path, Mode(0o600), FilesLeft::default()).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        drop(file);
        assert!(!path.exists());
        let _listener = UnixListener::bind(&path).unwrap();
        let file = SocketFile::own(&path, Mode(0o600), FilesLeft::default()).unwrap();
        fs::rename(&path, folder.path().join("elsewhere")).unwrap();
        let _successor = UnixListener::bind(&path).unwrap();
        drop(file);
        assert!(path.exists());
    }
}
