//! Certificates that change while the gateway serves.

use std::{
    fs, io,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::service_manager;
use crate::listener::Tls;

/// How often the files are looked at. A change counts when a second look finds the same, so that a certificate and
/// its key can be replaced one after the other.
const LOOK: Duration = Duration::from_secs(2);

/// What tells one state of a file from another, a file that a link or a rename has put there included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    changed: (i64, i64),
}

/// The files of one listener.
#[derive(Debug)]
struct Watched {
    tls: Arc<Tls>,
    files: Vec<PathBuf>,
    /// What was tried last, whether it could be used or not.
    tried: Vec<Option<Stamp>>,
    /// What the last look found.
    seen: Vec<Option<Stamp>>,
}

/// Watches the files until the drain begins.
#[derive(Debug)]
pub(super) struct Renewal {
    watched: Vec<Watched>,
    hangups: Signal,
}

impl Renewal {
    /// Has to be called inside the control runtime. From now on SIGHUP does not end the process.
    pub(super) fn new(tls: Vec<Arc<Tls>>) -> io::Result<Self> {
        Ok(Self {
            watched: tls.into_iter().map(Watched::new).collect(),
            hangups: signal(SignalKind::hangup())?,
        })
    }

    pub(super) async fn run(mut self, draining: CancellationToken) {
        let mut looks = tokio::time::interval(LOOK);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = draining.cancelled() => return,
                _ = looks.tick(), if !self.watched.is_empty() => {
                    self.watched.iter_mut().for_each(Watched::look);
                }
                Some(()) = self.hangups.recv() => {
                    info!("SIGHUP: certificates are read again");
                    service_manager::reloading();
                    self.watched.iter_mut().for_each(Watched::read);
                    service_manager::ready();
                }
            }
        }
    }
}

impl Watched {
    fn new(tls: Arc<Tls>) -> Self {
        let files = tls.files();
        let stamps = stamps(&files);
        Self {
            tls,
            files,
            tried: stamps.clone(),
            seen: stamps,
        }
    }

    fn look(&mut self) {
        let now = stamps(&self.files);
        let settled = now == self.seen;
        self.seen = now;
        if settled && self.seen != self.tried {
            self.read();
        }
    }

    fn read(&mut self) {
        self.tried = stamps(&self.files);
        self.seen.clone_from(&self.tried);
        match self.tls.reload() {
            Ok(()) => info!("new connections use the certificates that were read"),
            Err(error) => warn!(%error, "the certificates stay as they were"),
        }
    }
}

fn stamps(files: &[PathBuf]) -> Vec<Option<Stamp>> {
    files.iter().map(|file| stamp(file)).collect()
}

/// `None` where there is nothing.
fn stamp(file: &Path) -> Option<Stamp> {
    let metadata = fs::metadata(file).ok()?;
    Some(Stamp {
        device: metadata.dev(),
        inode: metadata.ino(),
        size: metadata.size(),
        changed: (metadata.mtime(), metadata.mtime_nsec()),
    })
}
