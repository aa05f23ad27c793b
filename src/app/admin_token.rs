//! The operators' token: made at the start where none is written, and left in a file for the commands that ask.
//!
//! The file is in the first folder of a list that can be used; the commands look through the same list. Its name has
//! the port of the listener, so that the gateways of one machine do not write over each other's.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use rustix::process::geteuid;
use tracing::{info, warn};

use crate::{
    admin::{Settings, TokenSource},
    config::source::{Disk, Environment, read_secret_file},
    entropy::{Entropy, hex_pair},
    listener::BoundAddress,
    secret::Secret,
};

/// The token's file could not be written where the configuration wants it.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the operators' token to {}: {source}", path.display())]
pub struct TokenFileError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// A folder for files of a running process.
struct Folder {
    path: PathBuf,
    origin: Origin,
}

/// Who has made a folder.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The operator or the service manager, who know who may look into it.
    Given,
    /// This program, for its user alone.
    Own,
}

/// A file that is ours; removed at the end.
#[derive(Debug)]
pub(super) struct TokenFile {
    path: PathBuf,
    token: Secret<String>,
}

/// The token, and its file if one was written.
pub(super) fn prepare(
    settings: &Settings,
    address: &BoundAddress,
    environment: &dyn Environment,
) -> Result<(Option<Secret<String>>, Option<TokenFile>), TokenFileError> {
    let path = match &settings.token {
        TokenSource::Written(token) => return Ok((Some(token.clone()), None)),
        TokenSource::Made(path) => path,
    };
    let token = make();
    let file = match path {
        Some(path) => {
            let written = write(path, &token).map_err(|source| TokenFileError {
                path: path.clone(),
                source,
            });
            written.map(|()| Some(path.clone()))?
        }
        None => places(address, environment)
            .into_iter()
            .find(|(folder, path)| folder.make().and_then(|()| write(path, &token)).is_ok())
            .map(|(_, path)| path),
    };
    let Some(path) = file else {
        warn!(
            "there is no folder for the operators' token: without one only /live and /ready are answered; \
             write admin.token or admin.token_file"
        );
        return Ok((None, None));
    };
    info!(path = %path.display(), "the operators' token is in a file");
    let file = TokenFile {
        path,
        token: token.clone(),
    };
    Ok((Some(token), Some(file)))
}

/// The token that a gateway with this operators' listener has left on this machine.
pub fn find(address: &BoundAddress, environment: &dyn Environment) -> Option<Secret<String>> {
    let mut places = places(address, environment).into_iter();
    places.find_map(|(folder, path)| {
        folder.check().ok()?;
        read(&path)
    })
}

/// The token in this file.
pub fn read(path: &Path) -> Option<Secret<String>> {
    let token = read_secret_file(&Disk, path).ok()?;
    Some(Secret::new(token.to_string()))
}

/// 32 random bytes in hexadecimal digits.
fn make() -> Secret<String> {
    let digits = Entropy::from_os().bytes::<32>().into_iter();
    Secret::new(digits.flat_map(hex_pair).map(char::from).collect())
}

fn places(address: &BoundAddress, environment: &dyn Environment) -> Vec<(Folder, PathBuf)> {
    let address = match address {
        BoundAddress::Unix(socket) => {
            let path = socket.parent().unwrap_or(Path::new(".")).to_owned();
            let folder = Folder {
                path,
                origin: Origin::Given,
            };
            return vec![(folder, socket.with_extension("token"))];
        }
        BoundAddress::Ip(address) => address,
    };
    let folders = folders(environment).into_iter();
    let place = |folder: Folder| {
        let path = folder.path.join(file_name(*address));
        (folder, path)
    };
    folders.map(place).collect()
}

fn file_name(address: SocketAddr) -> String {
    format!("admin-{}.token", address.port())
}

/// Where systemd, a container, a session of a user and everything else keep such files.
fn folders(environment: &dyn Environment) -> Vec<Folder> {
    let given = |path: String| Folder {
        path: path.into(),
        origin: Origin::Given,
    };
    let own = |path: PathBuf| Folder {
        path,
        origin: Origin::Own,
    };
    // systemd lists several, with colons between them.
    let runtime = environment.get("RUNTIME_DIRECTORY");
    let runtime = runtime.and_then(|list| list.split(':').next().map(str::to_owned));
    let session = environment.get("XDG_RUNTIME_DIR");
    let session = session.map(|path| Path::new(&path).join("sidegate"));
    let temporary = environment.get("TMPDIR");
    let temporary = PathBuf::from(temporary.unwrap_or_else(|| "/tmp".to_owned()));
    let temporary = temporary.join(format!("sidegate-{}", geteuid().as_raw()));
    let usual = given("/run/sidegate".to_owned());
    let given = runtime.map(given).into_iter().chain([usual]);
    given
        .chain(session.map(own))
        .chain([own(temporary)])
        .collect()
}

impl Folder {
    fn make(&self) -> io::Result<()> {
        if self.origin == Origin::Own {
            match DirBuilder::new().mode(0o700).create(&self.path) {
                Ok(()) => {}
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        self.check()
    }

    /// Anybody can make a folder in a folder for everybody, and wait for what is put there.
    fn check(&self) -> io::Result<()> {
        let metadata = fs::symlink_metadata(&self.path)?;
        let is_ours = metadata.is_dir()
            && metadata.uid() == geteuid().as_raw()
            && metadata.mode().trailing_zeros() >= 6;
        match self.origin {
            Origin::Given => Ok(()),
            Origin::Own if is_ours => Ok(()),
            Origin::Own => Err(io::ErrorKind::PermissionDenied.into()),
        }
    }
}

/// The file is made under another name and moved into place: whoever reads it sees a whole token.
fn write(path: &Path, token: &Secret<String>) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(name);
    drop(fs::remove_file(&temporary));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true).mode(0o600);
    let mut file = options.open(&temporary)?;
    let written = writeln!(file, "{}", token.expose());
    let moved = written.and_then(|()| fs::rename(&temporary, path));
    if moved.is_err() {
        drop(fs::remove_file(&temporary));
    }
    moved
}

impl Drop for TokenFile {
    fn drop(&mut self) {
        // A process that follows may have written its own there.
        if read(&self.path).is_some_and(|found| found == self.token) {
            drop(fs::remove_file(&self.path));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, os::unix::fs::PermissionsExt};

    use super::*;

    struct Variables(HashMap<&'static str, String>);

    impl Environment for Variables {
        fn get(&self, name: &str) -> Option<String> {
            self.0.get(name).cloned()
        }
    }

    fn settings(token: TokenSource) -> Settings {
        use crate::{
            admin::MetricsAccess,
            listener::{Address, Families},
            telemetry::{DecisionKeeping, KeptDecisions},
        };
        let address: SocketAddr = "127.0.0.1:9901".parse().unwrap();
        Settings {
            address: Address::Ip(address, Families::Both),
            token,
            metrics: MetricsAccess::Token,
            hosts: Vec::new(),
            decisions: DecisionKeeping {
                which: KeptDecisions::Refusals,
                time: std::time::Duration::from_secs(1),
                most: 1,
            },
        }
    }

    fn address() -> BoundAddress {
        BoundAddress::Ip("127.0.0.1:9901".parse().unwrap())
    }

    #[test]
    fn a_token_is_found_where_it_was_left_and_goes_with_its_process() {
        let folder = tempfile::tempdir().unwrap();
        let temporary = folder.path().display().to_string();
        let variables = Variables(HashMap::from([("TMPDIR", temporary)]));
        let (token, file) =
            prepare(&settings(TokenSource::Made(None)), &address(), &variables).unwrap();
        let path = file.as_ref().unwrap().path.clone();
        assert!(path.ends_with("admin-9901.token"), "{path:?}");
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let parent = fs::metadata(path.parent().unwrap()).unwrap();
        assert_eq!(parent.permissions().mode() & 0o777, 0o700);
        assert!(token.is_some());
        assert!(find(&address(), &variables) == token);
        drop(file);
        assert!(!path.exists());
    }

    #[test]
    fn the_token_of_a_process_that_follows_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let settings = settings(TokenSource::Made(Some(path.clone())));
        let none = Variables(HashMap::new());
        let (_, first) = prepare(&settings, &address(), &none).unwrap();
        let (token, second) = prepare(&settings, &address(), &none).unwrap();
        drop(first);
        assert!(read(&path) == token);
        drop(second);
        assert!(!path.exists());
    }

    #[test]
    fn a_folder_that_others_may_look_into_is_not_used() {
        let folder = tempfile::tempdir().unwrap();
        let own = folder
            .path()
            .join(format!("sidegate-{}", geteuid().as_raw()));
        fs::create_dir(&own).unwrap();
        fs::set_permissions(&own, fs::Permissions::from_mode(0o777)).unwrap();
        let temporary = folder.path().display().to_string();
        let variables = Variables(HashMap::from([("TMPDIR", temporary)]));
        let made = settings(TokenSource::Made(None));
        let (token, file) = prepare(&made, &address(), &variables).unwrap();
        assert!(token.is_none() && file.is_none());
        let session = folder.path().join("session");
        fs::create_dir(&session).unwrap();
        let session = session.display().to_string();
        let variables = Variables(HashMap::from([("XDG_RUNTIME_DIR", session)]));
        assert!(prepare(&made, &address(), &variables).unwrap().1.is_some());
    }

    #[test]
    fn a_file_that_was_asked_for_has_to_be_written() {
        let nowhere = TokenSource::Made(Some("/nowhere/token".into()));
        let none = Variables(HashMap::new());
        assert!(prepare(&settings(nowhere), &address(), &none).is_err());
        let written = TokenSource::Written(Secret::new("x".to_owned()));
        let (token, file) = prepare(&settings(written), &address(), &none).unwrap();
        assert!(token.is_some() && file.is_none());
    }

    #[test]
    fn a_socket_has_its_token_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let socket = BoundAddress::Unix(folder.path().join("admin.sock"));
        let none = Variables(HashMap::new());
        let made = settings(TokenSource::Made(None));
        let (token, _file) = prepare(&made, &socket, &none).unwrap();
        assert!(folder.path().join("admin.token").exists());
        assert!(find(&socket, &none) == token);
    }
}
