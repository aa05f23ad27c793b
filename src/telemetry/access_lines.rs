//! Access lines on their way out: formatted by the core that served the request, written by a thread of their own.
//!
//! The thread is woken at most once in [`GATHER`], so a busy gateway writes in large pieces. When nobody reads
//! standard output the buffer fills up to [`LARGEST`] and further lines are counted instead of kept: requests never
//! wait for a log.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread::JoinHandle,
    time::Duration,
};

use tracing::Event;

use super::{
    Format,
    line::{self, Moment},
};
use crate::clock::Clock;

/// How long lines are gathered before they are written.
const GATHER: Duration = Duration::from_millis(20);

/// The most bytes that wait to be written.
const LARGEST: usize = 8 * 1024 * 1024;

/// The lines of all cores.
#[derive(Debug)]
pub struct AccessLines {
    format: Format,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    buffer: Mutex<Buffer>,
    filled: Condvar,
}

#[derive(Debug)]
struct Buffer {
    bytes: Vec<u8>,
    lost: u64,
    moment: Moment,
    writing: Writing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writing {
    Open,
    Closed,
}

/// Writes what is left and ends the thread when it is dropped.
#[derive(Debug)]
pub(super) struct Flush {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

impl AccessLines {
    /// Starts the writing thread.
    pub(super) fn start(
        format: Format,
        out: impl Write + Send + 'static,
    ) -> io::Result<(Self, Flush)> {
        let shared = Arc::new(Shared {
            buffer: Mutex::new(Buffer {
                bytes: Vec::new(),
                lost: 0,
                moment: Moment::default(),
                writing: Writing::Open,
            }),
            filled: Condvar::new(),
        });
        let writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("access-log".to_owned());
        let thread = thread.spawn(move || writer.run(out))?;
        let flush = Flush {
            shared: Arc::clone(&shared),
            thread: Some(thread),
        };
        Ok((Self { format, shared }, flush))
    }

    /// Formats one event and leaves it to be written.
    pub(super) fn write(&self, event: &Event<'_>) {
        let now = Clock.unix_seconds();
        let mut buffer = self.shared.lock();
        if buffer.bytes.len() > LARGEST {
            buffer.lost += 1;
            return;
        }
        let was_empty = buffer.bytes.is_empty();
        let Buffer { bytes, moment, .. } = &mut *buffer;
        line::write(self.format, moment.text(now), event, bytes);
        drop(buffer);
        if was_empty {
            self.shared.filled.notify_one();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Buffer> {
        // A thread that panicked while formatting leaves at most half a line behind.
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(&self, mut out: impl Write) {
        let mut taken = Vec::new();
        loop {
            let mut buffer = self.lock();
            while buffer.bytes.is_empty() && buffer.writing == Writing::Open {
                let waited = self.filled.wait(buffer);
                buffer = waited.unwrap_or_else(PoisonError::into_inner);
            }
            let writing = buffer.writing;
            drop(buffer);
            if writing == Writing::Open {
                std::thread::sleep(GATHER);
            }
            let mut buffer = self.lock();
            mem::swap(&mut taken, &mut buffer.bytes);
            let lost = mem::take(&mut buffer.lost);
            drop(buffer);
            // A closed standard output must not end the gateway; there is nowhere left to say it.
            let _ = out.write_all(&taken).and_then(|()| out.flush());
            taken.clear();
            if lost > 0 {
                tracing::warn!(
                    lines = lost,
                    "access lines were dropped: nobody reads them fast enough"
                );
            }
            if writing == Writing::Closed {
                return;
            }
        }
    }
}

impl Drop for Flush {
    fn drop(&mut self) {
        self.shared.lock().writing = Writing::Closed;
        self.shared.filled.notify_one();
        if let Some(thread) = self.thread.take() {
            // It panics only when formatting did; what could be written has been.
            let _ = thread.join();
        }
    }
}
