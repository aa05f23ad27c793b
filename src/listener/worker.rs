//! The cores: one thread, one single-threaded runtime, its own connections.

use std::{
    cell::Cell,
    io,
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

use tokio::{
    runtime::{Builder, LocalOptions},
    sync::{Notify, OwnedSemaphorePermit, mpsc},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::{
    Handler, connection,
    establish::{Entrance, Established, establish},
    http2,
    settings::{Protocols, Settings},
};
use crate::{clock::Clock, deadline::Deadlines};

/// A connection on its way to a core.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) socket: AcceptedSocket,
    /// What the listener wants of its connections.
    pub(super) entrance: Arc<Entrance>,
    pub(super) permit: OwnedSemaphorePermit,
}

/// A connected socket that no event loop knows.
#[derive(Debug)]
pub(super) enum AcceptedSocket {
    Tcp(std::net::TcpStream),
    Unix(std::os::unix::net::UnixStream),
}

/// All cores.
#[derive(Debug)]
pub struct Workers(Vec<Worker>);

#[derive(Debug)]
struct Worker {
    inbox: mpsc::UnboundedSender<Accepted>,
    connections: Arc<AtomicUsize>,
}

/// What a handler and its connections share on one core.
#[derive(Debug, Clone)]
pub struct Core(Rc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Settings,
    deadlines: Deadlines,
    draining: Cell<Drain>,
    open: Cell<usize>,
    closed: Notify,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Drain {
    NotBegun,
    Begun(Instant),
}

/// How a core ends.
#[derive(Debug, Clone)]
pub struct Ending {
    /// How long its connections may take to finish once it drains.
    pub deadline: Duration,
    /// Ends it at once.
    pub cut_off: CancellationToken,
}

impl Ending {
    /// When it drains, in this time; and at once when it is cut off.
    pub fn within(deadline: Duration) -> Self {
        Self {
            deadline,
            cut_off: CancellationToken::new(),
        }
    }
}

impl Workers {
    /// Starts `count` cores, each with the handler that `make` builds on it. A core drains when all senders are gone.
    pub fn start<H: Handler>(
        count: usize,
        settings: &Settings,
        ending: &Ending,
        make: impl Fn(Core) -> H + Clone + Send + 'static,
    ) -> io::Result<(Self, Vec<JoinHandle<()>>)> {
        let mut workers = Vec::with_capacity(count);
        let mut threads = Vec::with_capacity(count);
        for index in 0..count {
            let (inbox, mail) = mpsc::unbounded_channel();
            let connections = Arc::new(AtomicUsize::new(0));
            let (settings, ending, make) = (settings.clone(), ending.clone(), make.clone());
            let counter = Arc::clone(&connections);
            let thread = std::thread::Builder::new().name(format!("core-{index}"));
            threads.push(thread.spawn(move || run_core((settings, ending), mail, &counter, make))?);
            workers.push(Worker { inbox, connections });
        }
        Ok((Self(workers), threads))
    }

    /// How many connections are open, for those who ask while it changes. It does not keep the cores from draining.
    pub fn open_connections(&self) -> impl Fn() -> u64 + Send + Sync + 'static {
        let counts: Vec<Arc<AtomicUsize>> = self
            .0
            .iter()
            .map(|worker| Arc::clone(&worker.connections))
            .collect();
        move || {
            let open = counts.iter().map(|count| count.load(Ordering::Relaxed));
            open.sum::<usize>() as u64
        }
    }

    /// Gives a connection to the core that has the fewest.
    pub(super) fn hand_over(&self, accepted: Accepted) {
        let load = |worker: &&Worker| worker.connections.load(Ordering::Relaxed);
        if let Some(worker) = self.0.iter().min_by_key(load) {
            worker.connections.fetch_add(1, Ordering::Relaxed);
            // A core that is gone has drained: its share of connections is refused with the rest.
            drop(worker.inbox.send(accepted));
        }
    }
}

impl Core {
    fn new(settings: Settings) -> Self {
        Self(Rc::new(Shared {
            settings,
            deadlines: Deadlines::new(Clock),
            draining: Cell::new(Drain::NotBegun),
            open: Cell::new(0),
            closed: Notify::new(),
        }))
    }

    /// Limits of connections.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// This core's deadlines.
    pub fn deadlines(&self) -> &Deadlines {
        &self.0.deadlines
    }

    /// Whether the gateway is shutting down.
    pub fn is_draining(&self) -> bool {
        self.0.draining.get() != Drain::NotBegun
    }

    /// When connections that are not in use are closed because the gateway is shutting down. Until then a client may
    /// send one more request, whose answer tells it: closing at once would cut off a request that is on its way.
    pub fn closes_idle_at(&self) -> Option<Instant> {
        match self.0.draining.get() {
            Drain::NotBegun => None,
            Drain::Begun(at) => Some(at + self.0.settings.drain_idle),
        }
    }

    async fn drain(&self, limit: Duration) {
        self.0.draining.set(Drain::Begun(self.0.deadlines.now()));
        self.0.deadlines.wake_all();
        let finished = async {
            while self.0.open.get() > 0 {
                self.0.closed.notified().await;
            }
        };
        if tokio::time::timeout(limit, finished).await.is_err() {
            let open = self.0.open.get();
            warn!(connections = open, "the drain deadline cut connections off");
        }
    }
}

fn run_core<H: Handler>(
    (settings, ending): (Settings, Ending),
    mut mail: mpsc::UnboundedReceiver<Accepted>,
    connections: &Arc<AtomicUsize>,
    make: impl Fn(Core) -> H,
) {
    let mut builder = Builder::new_current_thread();
    let runtime = match builder.enable_all().build_local(LocalOptions::default()) {
        Ok(runtime) => runtime,
        Err(error) => {
            warn!(%error, "a core could not start");
            return;
        }
    };
    let serving = async {
        let core = Core::new(settings);
        let handler = Rc::new(make(core.clone()));
        // Both kinds of task end with this runtime: the sweep never ends by itself, connections are waited for.
        tokio::task::spawn_local(core.deadlines().clone().sweep());
        while let Some(accepted) = mail.recv().await {
            let open = OpenConnection::count(&core, connections);
            let handler = Rc::clone(&handler);
            tokio::task::spawn_local(async move {
                let Accepted {
                    socket,
                    entrance,
                    permit,
                } = accepted;
                let core = &open.core;
                if let Some(established) = establish(socket, &entrance, core).await {
                    drop(entrance);
                    serve(established, core.clone(), handler).await;
                }
                drop((permit, open));
            });
        }
        core.drain(ending.deadline).await;
    };
    runtime.block_on(ending.cut_off.run_until_cancelled(serving));
    // What is still in flight ends here, and leaves its access line.
    drop(runtime);
    info!("a core has drained");
}

async fn serve<H: Handler>(established: Established, core: Core, handler: Rc<H>) {
    let Established {
        transport,
        peer,
        seat,
    } = established;
    match peer.protocols {
        Protocols::Http1 | Protocols::Both => {
            connection::serve(transport, peer, core, handler).await;
        }
        Protocols::Http2 => Box::pin(http2::serve(transport, peer, core, handler)).await,
    }
    drop(seat);
}

/// Counts a connection while it lives.
struct OpenConnection {
    core: Core,
    connections: Arc<AtomicUsize>,
}

impl OpenConnection {
    fn count(core: &Core, connections: &Arc<AtomicUsize>) -> Self {
        core.0.open.set(core.0.open.get() + 1);
        Self {
            core: core.clone(),
            connections: Arc::clone(connections),
        }
    }
}

impl Drop for OpenConnection {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
        let shared = &self.core.0;
        shared.open.set(shared.open.get() - 1);
        if shared.open.get() == 0 {
            shared.closed.notify_one();
        }
    }
}
