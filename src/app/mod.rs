//! From a compiled configuration to a running gateway, and down again: the composition root.
//!
//! Everything that can fail is done before the first connection is accepted: sockets are bound, threads are started.
//! The user database is the exception: it may be away, and then `/ready` says so and logins answer 503.

mod assemble;
mod listeners;
mod ready;
mod renewal;
mod service_manager;
mod shutdown;

use std::{io, mem, net::SocketAddr, sync::Arc, thread::JoinHandle, time::Duration};

use tokio::runtime::Runtime;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

pub use assemble::assemble;

use crate::{
    accounts::AccountError,
    admin,
    config::compiled::{Compiled, Server},
    listener::{self, BindError, BoundAddress, TlsError, Workers},
    pipeline::{Control, Live, Pipeline},
    store,
    telemetry::counters::{Kind, Sample},
};
use ready::Ready;
use renewal::Renewal;
use shutdown::Signals;

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
        let opened = listeners::open(&compiled.server)?;
        let admin_socket = listener::bind_ip(compiled.server.admin)?;
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
        let addresses = opened.addresses();
        let renewal = Renewal::new(opened.tls())?;
        tasks.spawn(renewal.run(draining.clone()));
        let most = server.connections.max_connections;
        for accepting in opened.accept(most, &workers, &draining)? {
            tasks.spawn(accepting);
        }
        let (admin_listener, admin) = admin::listen(admin_socket)?;
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
        service_manager::ready();
        Ok(Self {
            control,
            tasks,
            draining,
            stop,
            cores,
            drain: server.drain,
            signals,
            addresses,
            admin,
        })
    }

    /// Serves until a signal, then drains.
    pub fn run(mut self) {
        let mut signals = mem::take(&mut self.signals);
        let signal = self.control.block_on(signals.next());
        info!(signal, "stops accepting and finishes what is in flight");
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
