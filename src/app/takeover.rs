//! Giving the listening sockets to a new process, so that no connection is refused while one follows the other.
//!
//! The gateway that runs waits on a Unix socket. A new one connects, gets every listening socket over it, serves, and
//! says so; only then does the old one stop accepting and drain. Connections that arrive in between wait in the
//! sockets' queues, which both processes share. Only a process of the same user, or root, is given anything.

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::{UnixListener, UnixStream},
    },
    path::{Path, PathBuf},
    time::Duration,
};

use rustix::{
    cmsg_space,
    net::{
        RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
        SendAncillaryMessage, SendFlags, recvmsg, sendmsg, sockopt::socket_peercred,
    },
    process::geteuid,
};
use tokio::sync::Notify;
use tracing::{info, warn};

/// The most sockets that are given away: far more than anybody listens on, far less than the system's limit.
const MOST_SOCKETS: usize = 64;

/// The longest list of their names.
const MOST_BYTES: usize = 64 * 1024;

/// How long the other process may take to answer a question.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a new process may take until it serves.
const START: Duration = Duration::from_secs(60);

/// What a new process says when it serves.
const READY: &[u8] = b"ready";

/// The listening sockets could not be taken over.
#[derive(Debug, thiserror::Error)]
#[error("cannot take over from the process that listens on {}: {source}", path.display())]
pub struct TakeoverError {
    path: PathBuf,
    #[source]
    source: io::Error,
}

/// A listening socket and what it is called: its address in the configuration.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) name: String,
    pub(super) socket: OwnedFd,
}

/// A process that has given its sockets away and waits for the end of the takeover.
#[derive(Debug)]
pub(super) struct Predecessor {
    stream: UnixStream,
}

/// Asks the process that listens on `path`, if there is one, for its sockets.
pub(super) fn ask(path: &Path) -> Result<Option<(Predecessor, Vec<Named>)>, TakeoverError> {
    let stream = match UnixStream::connect(path) {
        Ok(stream) => stream,
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
            ) =>
        {
            return Ok(None);
        }
        Err(source) => return Err(failed(path, source)),
    };
    let received = stream
        .set_read_timeout(Some(PATIENCE))
        .and_then(|()| check_peer(&stream))
        .and_then(|()| receive(&stream));
    let sockets = received.map_err(|source| failed(path, source))?;
    info!(sockets = sockets.len(), "takes over from another process");
    Ok(Some((Predecessor { stream }, sockets)))
}

fn failed(path: &Path, source: io::Error) -> TakeoverError {
    TakeoverError {
        path: path.to_owned(),
        source,
    }
}

impl Predecessor {
    /// Tells it that this process serves. One that has died meanwhile needs no telling.
    pub(super) fn release(mut self) {
        if let Err(error) = self.stream.write_all(READY) {
            warn!(%error, "the process that was taken over from cannot be told");
        }
    }
}

/// The socket on which a new process may ask, and what it gets.
#[derive(Debug)]
pub(super) struct Offer {
    listener: UnixListener,
    sockets: Vec<Named>,
}

impl Offer {
    /// Listens on `path`, in place of a predecessor if there is one.
    pub(super) fn open(path: &Path, sockets: Vec<Named>) -> Result<Self, TakeoverError> {
        let listener = listen(path).map_err(|source| failed(path, source))?;
        Ok(Self { listener, sockets })
    }

    /// Gives the sockets to whoever may have them and asks, until one has taken over.
    pub(super) fn wait(self, taken_over: &Notify) {
        for stream in self.listener.incoming() {
            let Ok(stream) = stream else { continue };
            match self.give(stream) {
                Ok(()) => return taken_over.notify_one(),
                Err(error) => warn!(%error, "a takeover failed; this process goes on"),
            }
        }
    }

    fn give(&self, mut stream: UnixStream) -> io::Result<()> {
        check_peer(&stream)?;
        stream.set_write_timeout(Some(PATIENCE))?;
        send(&stream, &self.sockets)?;
        stream.set_read_timeout(Some(START))?;
        let mut answer = [0; READY.len()];
        stream.read_exact(&mut answer)?;
        if answer == READY {
            Ok(())
        } else {
            Err(io::ErrorKind::InvalidData.into())
        }
    }
}

/// The file is made under another name and moved into place: at no moment is there none.
fn listen(path: &Path) -> io::Result<UnixListener> {
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}", std::process::id()));
    let temporary = PathBuf::from(name);
    drop(std::fs::remove_file(&temporary));
    let before = rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o177));
    let listener = UnixListener::bind(&temporary);
    rustix::process::umask(before);
    let listener = listener?;
    std::fs::rename(&temporary, path)?;
    Ok(listener)
}

/// Whoever has the sockets reads every request.
fn check_peer(stream: &UnixStream) -> io::Result<()> {
    let peer = socket_peercred(stream)?.uid;
    if peer == geteuid() || peer.is_root() {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::PermissionDenied,
        "the process at the other end belongs to another user",
    ))
}

fn send(stream: &UnixStream, sockets: &[Named]) -> io::Result<()> {
    let names: Vec<&str> = sockets.iter().map(|named| named.name.as_str()).collect();
    let names = serde_json::to_vec(&names)?;
    let descriptors: Vec<BorrowedFd<'_>> =
        sockets.iter().map(|named| named.socket.as_fd()).collect();
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_SOCKETS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("there are too many listeners"));
    }
    let sent = sendmsg(
        stream,
        &[IoSlice::new(&names)],
        &mut control,
        SendFlags::NOSIGNAL,
    )?;
    if sent == names.len() {
        Ok(())
    } else {
        Err(io::ErrorKind::WriteZero.into())
    }
}

fn receive(stream: &UnixStream) -> io::Result<Vec<Named>> {
    let mut bytes = vec![0; MOST_BYTES];
    let mut space = [MaybeUninit::uninit(); cmsg_space!(ScmRights(MOST_SOCKETS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let length = recvmsg(
        stream,
        &mut [IoSliceMut::new(&mut bytes)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?
    .bytes;
    let mut descriptors = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    let names: Vec<String> = serde_json::from_slice(bytes.get(..length).unwrap_or_default())?;
    if names.len() != descriptors.len() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "it gave other sockets than it named",
        ));
    }
    let sockets = names.into_iter().zip(descriptors);
    Ok(sockets
        .map(|(name, socket)| Named { name, socket })
        .collect())
}
