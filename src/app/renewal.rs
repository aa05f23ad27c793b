//! Certificates that change while the gateway serves.

use std::{path::PathBuf, sync::Arc};

use tracing::{info, warn};

use super::stamp::{Stamp, stamp};
use crate::listener::Tls;

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

/// All of them.
#[derive(Debug)]
pub(super) struct Renewal(Vec<Watched>);

impl Renewal {
    /// Their files as they are now have been read.
    pub(super) fn new(tls: Vec<Arc<Tls>>) -> Self {
        Self(tls.into_iter().map(Watched::new).collect())
    }

    /// Reads what has changed. To be called every now and then; a change counts when a second look finds the same, so
    /// that a certificate and its key can be replaced one after the other.
    pub(super) fn look(&mut self) {
        self.0.iter_mut().for_each(Watched::look);
    }

    /// Reads everything, changed or not.
    pub(super) fn read(&mut self) {
        self.0.iter_mut().for_each(Watched::read);
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
