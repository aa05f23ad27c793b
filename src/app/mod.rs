//! From a compiled configuration to a running gateway, and down again: the composition root.
//!
//! Everything that can fail is done before the first connection is accepted: sockets are bound, threads are started.
//! The user database is the exception: it may be away, and then `/ready` says so and logins answer 503.

mod assemble;
mod key_feeds;
mod listeners;
mod ready;
mod renewal;
mod service_manager;
mod shutdown;
mod takeover;

use std::{io, mem, net::SocketAddr, sync::Arc, thread::JoinHandle, time::Duration};

use tokio::{runtime::Runtime, sync::Notify};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

pub use assemble::assemble;

use crate::{
    accounts::AccountError,
    admin,
    clock::Clock,
    config::compiled::{Compiled, Server},
    listener::{self, BindError, BoundAddress, FilesLeft, TlsError, Workers},
    pipeline::{Control, Live, Pipeline},
    store,
    telemetry::counters::{Kind, Sample},
    upstream,
};
use listeners::Opened;
use ready::Ready;
use renewal::Renewal;
use shutdown::Signals;
pub use takeover::TakeoverError;
use takeover::{Named, Offer};

/// The gateway could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address is taken or not ours.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A thread or a runtime could not be made.
    #[error("cannot start a thread or an event loop")]
    Threads(#[from] io::Error),
    /// A certificate or a key cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The user store refused its settings.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// A process that runs could not be followed.
    #[error(transparent)]
    Takeover(#[from] TakeoverError),
    /// Something of the accounts could not be made.
    #[error(transparent)]
    Accounts(#[from] AccountError),
}

/// A gateway that serves.
#[derive(Debug)]
pub struct App {
    control: Runtime,
    tasks: TaskTracker,
    draining: CancellationToken,
    stop: CancellationToken,
    cores: Vec<JoinHandle<()>>,
    drain: Duration,
    signals: Signals,
    taken_over: Arc<Notify>,
    files: FilesLeft,
    /// Where clients connect, with the ports that were taken.
    pub addresses: Vec<BoundAddress>,
    /// Where operators connect.
    pub admin: SocketAddr,
}

/// The runtime of everything that waits for something slow.
pub fn control_runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .thread_name("control")
        .enable_all()
        .build()
}

impl App {
    /// Binds and starts everything.
    pub fn start(compiled: Compiled, control: Runtime) -> Result<Self, StartError> {
        let mut handed_over = listeners::handed_over();
        let mut predecessor = None;
        if let Some(path) = &compiled.server.takeover
            && let Some((asked, sockets)) = takeover::ask(path)?
        {
            handed_over.inherit(sockets.into_iter().map(|named| (named.name, named.socket)));
            predecessor = Some(asked);
        }
        let opened = listeners::open(&compiled, &mut handed_over)?;
        let admin_socket = listener::bind_admin(compiled.server.admin, &mut handed_over)?;
        let given = given(&compiled.server, &opened, &admin_socket)?;
        let tasks = TaskTracker::new();
        let (draining, stop) = (CancellationToken::new(), CancellationToken::new());
        let entered = control.enter();
        let (live, server) = assemble(compiled)?;
        let live = Arc::new(live);
        let handed = Control {
            runtime: control.handle().clone(),
            tasks: tasks.clone(),
        };
        let (workers, cores) = start_cores(&live, &server, handed)?;
        count_connections(&live, &workers);
        key_feeds::follow(&live, &tasks, &stop);
        let addresses = opened.addresses();
        let renewal = Renewal::new(opened.tls())?;
        tasks.spawn(renewal.run(draining.clone()));
        let most = server.connections.max_connections;
        for accepting in opened.accept(most, &workers, &draining)? {
            tasks.spawn(accepting);
        }
        let (admin_listener, admin) = admin::listen(admin_socket)?;
        for upstream in &live.upstreams {
            let watch = upstream::watch(Arc::clone(upstream), Clock);
            tasks.spawn(stop.clone().run_until_cancelled_owned(watch));
        }
        let ready = Arc::new(Ready::new(live, draining.clone()));
        tasks.spawn(admin::serve(
            admin_listener,
            ready,
            tasks.clone(),
            stop.clone(),
        ));
        // Before anybody is told that it runs, and may ask it to stop.
        let signals = Signals::listen();
        drop(entered);
        for address in &addresses {
            info!(%address, "listening");
        }
        info!(address = %admin, "admin listening");
        let taken_over = Arc::new(Notify::new());
        if let Some(path) = &server.takeover {
            let offer = Offer::open(path, given)?;
            let taken_over = Arc::clone(&taken_over);
            // Ends with the process: it waits for a process that may never come.
            std::thread::Builder::new()
                .name("takeover".to_owned())
                .spawn(move || offer.wait(&taken_over))?;
        }
        service_manager::ready();
        if let Some(predecessor) = predecessor {
            predecessor.release();
        }
        Ok(Self {
            control,
            tasks,
            draining,
            stop,
            cores,
            drain: server.drain,
            signals,
            taken_over,
            files: handed_over.files().clone(),
            addresses,
            admin,
        })
    }

    /// Serves until a signal, then drains.
    pub fn run(mut self) {
        let mut signals = mem::take(&mut self.signals);
        let taken_over = Arc::clone(&self.taken_over);
        let reason = self.control.block_on(async {
            tokio::select! {
                signal = signals.next() => signal,
                () = taken_over.notified() => {
                    self.files.leave();
                    "takeover"
                }
            }
        });
        info!(reason, "stops accepting and finishes what is in flight");
        let second = self.control.spawn(async move { signals.next().await });
        self.drain(|| second.is_finished());
    }

    /// Stops accepting, waits for what is in flight, ends.
    pub fn drain(self, give_up: impl Fn() -> bool) {
        service_manager::stopping();
        self.draining.cancel();
        self.tasks.close();
        let finished = self
            .control
            .block_on(shutdown::finished(&self.cores, self.drain, give_up));
        if finished == shutdown::Outcome::GaveUp {
            warn!("a second signal ends the drain");
        }
        self.stop.cancel();
        self.control.shutdown_timeout(Duration::from_millis(500));
        info!("stopped");
    }
}

/// What a process that follows gets, where it may ask for it.
fn given(
    server: &Server,
    opened: &Opened,
    admin: &std::net::TcpListener,
) -> Result<Vec<Named>, StartError> {
    if server.takeover.is_none() {
        return Ok(Vec::new());
    }
    let mut sockets = opened.clones(server)?;
    sockets.push(Named {
        name: listener::admin_name(server.admin),
        socket: admin.try_clone()?.into(),
    });
    Ok(sockets)
}

fn count_connections(live: &Live, workers: &Workers) {
    let open = workers.open_connections();
    let help = "Open connections of clients";
    let read = move || {
        vec![Sample {
            labels: Vec::new(),
            value: open(),
        }]
    };
    live.counters.read("connections", help, Kind::Gauge, read);
}

fn start_cores(
    live: &Arc<Live>,
    server: &Server,
    control: Control,
) -> Result<(Arc<Workers>, Vec<JoinHandle<()>>), StartError> {
    let live = Arc::clone(live);
    let make = move |core| Pipeline::new(Arc::clone(&live), control.clone(), core);
    let (workers, cores) = Workers::start(server.cores, &server.connections, server.drain, make)?;
    Ok((Arc::new(workers), cores))
}
