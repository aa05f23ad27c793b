//! From a compiled configuration to a running gateway, and down again: the composition root.
//!
//! Everything that can fail is done before the first connection is accepted: sockets are bound, threads are started.
//! The user database is the exception: it may be away, and then `/ready` says so and logins answer 503.

mod admin_token;
mod answers;
mod assemble;
mod counting;
mod follows;
mod health;
mod key_feeds;
mod listeners;
mod metrics;
mod other_gateways;
mod own_tables;
mod posting;
mod proving;
mod ready;
mod reload;
mod renewal;
mod restart;
mod service_manager;
mod shutdown;
mod stamp;
mod takeover;
mod watching;

use std::{io, mem, sync::Arc, thread::JoinHandle, time::Duration};

use tokio::{runtime::Runtime, sync::Notify};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{info, warn};

pub use admin_token::{TokenFileError, find as find_admin_token, read as read_admin_token};
pub use assemble::{Assembled, assemble};

use crate::{
    accounts::AccountError,
    admin::{self, Access, Desk},
    config::{
        compiled::{Compiled, Server},
        source::ProcessEnvironment,
    },
    listener::{
        self, BindError, Bound, BoundAddress, Ending, FilesLeft, HandedOver, Operators, TlsError,
        Workers,
    },
    pipeline::{Control, Decisions, Pipeline, Snapshots},
    revocation::Denylist,
    state, store, valkey,
};
use admin_token::TokenFile;
use health::HealthChecks;
use key_feeds::Feeding;
use listeners::Opened;
use own_tables::OwnTables;
use posting::Posting;
use ready::Ready;
pub use reload::Origin;
use reload::{Parts, Reload};
use renewal::Renewal;
pub use restart::needed_between as restart_needed_between;
use shutdown::{CUT_OFF, LATE, Outcome, Signals};
pub use takeover::TakeoverError;
use takeover::{Named, Offer, Predecessor};
use watching::Watching;

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
    /// The gateway's own tables refused their settings.
    #[error(transparent)]
    State(#[from] state::Error),
    /// The server of shared counters cannot be used as it was written.
    #[error(transparent)]
    Valkey(#[from] valkey::SettingsError),
    /// A process that runs could not be followed.
    #[error(transparent)]
    Takeover(#[from] TakeoverError),
    /// The operators' token could not be left where they want it.
    #[error(transparent)]
    AdminToken(#[from] TokenFileError),
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
    ending: Ending,
    signals: Signals,
    taken_over: Arc<Notify>,
    files: FilesLeft,
    posting: Arc<Posting>,
    _token_file: Option<TokenFile>,
    /// Where clients connect, with the ports that were taken.
    pub addresses: Vec<BoundAddress>,
    /// Where operators connect.
    pub admin: BoundAddress,
    /// Who may no longer use a token: for whatever runs in the same process and tells it.
    pub denylist: Arc<Denylist>,
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
    /// Binds and starts everything. Where the configuration has an origin, it is read again from there when it changes.
    pub fn start(
        compiled: Compiled,
        origin: Option<Origin>,
        control: Runtime,
    ) -> Result<Self, StartError> {
        let mut handed_over = listeners::handed_over();
        let predecessor = follow_predecessor(&compiled.server, &mut handed_over)?;
        let opened = listeners::open(&compiled, &mut handed_over)?;
        let admin_socket = listener::bind_admin(&compiled.server.admin.address, &mut handed_over)?;
        let given = given(&compiled.server, &opened, &admin_socket)?;
        let tasks = TaskTracker::new();
        let (draining, stop) = (CancellationToken::new(), CancellationToken::new());
        let entered = control.enter();
        let assembled = assemble(compiled, None)?;
        let (live, server) = (Arc::clone(&assembled.live), assembled.server.clone());
        let denylist = Arc::clone(&assembled.denylist);
        let snapshots = Arc::new(Snapshots::new(Arc::clone(&live)));
        let decisions = Arc::new(Decisions::new(server.admin.decisions, server.cores));
        let handed = Control {
            runtime: control.handle().clone(),
            tasks: tasks.clone(),
        };
        let ending = Ending::within(server.drain);
        let (workers, cores) = start_cores((&snapshots, &decisions), &server, &ending, handed)?;
        let own_tables = OwnTables::new(&live.counters, tasks.clone(), stop.clone());
        let watching = Watching::new((&tasks, &stop), &denylist, &snapshots);
        metrics::register(&live, &workers, &snapshots);
        watching.count(&live);
        let posting = Posting::new(tasks.clone(), stop.clone());
        let parts = Parts {
            snapshots: Arc::clone(&snapshots),
            address_limit: Arc::clone(&opened.address_limit),
            health_checks: HealthChecks::new(tasks.clone(), stop.clone()),
            feeding: Feeding::new(tasks.clone(), stop.clone()),
            own_tables: Arc::clone(&own_tables),
            watching: Arc::clone(&watching),
            posting: Arc::clone(&posting),
        };
        let reload = Arc::new(Reload::new(assembled, origin, parts));
        Reload::register(&reload, &live.counters);
        control.block_on(own_tables.tried());
        let addresses = opened.addresses();
        let renewal = Renewal::new(opened.tls());
        let following = reload::follow(Arc::clone(&reload), renewal, draining.clone())?;
        tasks.spawn(following);
        for accepting in opened.accept(server.connections.max_connections, &workers, &draining)? {
            tasks.spawn(accepting);
        }
        let admin = admin_socket.address.clone();
        let (token, token_file) = admin_token::prepare(&server.admin, &admin, &ProcessEnvironment)?;
        let access = Access::new(&server.admin, token);
        let asked = ((snapshots, decisions), (reload, own_tables, watching));
        let report = Arc::new(Ready::new(asked, (&draining, &tasks)));
        let desk = Desk { access, report };
        let operators = Operators::new(admin_socket)?;
        tasks.spawn(admin::serve(operators, desk, tasks.clone(), stop.clone()));
        // Before anybody is told that it runs, and may ask it to stop.
        let signals = Signals::listen();
        drop(entered);
        announce(&addresses, &admin, &live.hash);
        let taken_over = Arc::new(Notify::new());
        if let Some(path) = &server.takeover {
            wait_for_successor(Offer::open(path, given)?, &taken_over)?;
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
            ending,
            signals,
            taken_over,
            files: handed_over.files().clone(),
            posting,
            _token_file: token_file,
            addresses,
            admin,
            denylist,
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
        let limit = self.ending.deadline + LATE;
        let drained = shutdown::finished(&self.cores, limit, give_up);
        match self.control.block_on(drained) {
            Outcome::Finished => {}
            Outcome::TimedOut => self.cut_off(),
            Outcome::GaveUp => {
                warn!("a second signal ends the drain");
                self.cut_off();
            }
        }
        self.control.block_on(self.posting.farewell());
        self.stop.cancel();
        self.control.shutdown_timeout(Duration::from_millis(500));
        info!("stopped");
    }

    /// Ends the cores. They are waited for, since what is in flight leaves its access line when it is dropped.
    fn cut_off(&self) {
        self.ending.cut_off.cancel();
        let ended = shutdown::finished(&self.cores, CUT_OFF, || false);
        if self.control.block_on(ended) != Outcome::Finished {
            warn!("a core did not end in time; its access lines are lost");
        }
    }
}

fn announce(addresses: &[BoundAddress], admin: &BoundAddress, hash: &str) {
    for address in addresses {
        info!(%address, "listening");
    }
    info!(address = %admin, "admin listening");
    info!(hash, "the configuration is in effect");
}

/// The process that this one follows, if it finds one, and its sockets among those that were handed over.
fn follow_predecessor(
    server: &Server,
    handed_over: &mut HandedOver,
) -> Result<Option<Predecessor>, StartError> {
    let Some(path) = &server.takeover else {
        return Ok(None);
    };
    let Some((asked, sockets)) = takeover::ask(path)? else {
        return Ok(None);
    };
    handed_over.inherit(sockets.into_iter().map(|named| (named.name, named.socket)));
    Ok(Some(asked))
}

/// What a process that follows gets, where it may ask for it.
fn given(server: &Server, opened: &Opened, admin: &Bound) -> Result<Vec<Named>, StartError> {
    if server.takeover.is_none() {
        return Ok(Vec::new());
    }
    let mut sockets = opened.clones(server)?;
    sockets.push(Named {
        name: listener::admin_name(&server.admin.address),
        socket: admin.try_clone()?,
    });
    Ok(sockets)
}

/// Ends with the process: it waits for a process that may never come.
fn wait_for_successor(offer: Offer, taken_over: &Arc<Notify>) -> std::io::Result<()> {
    let taken_over = Arc::clone(taken_over);
    let thread = std::thread::Builder::new().name("takeover".to_owned());
    thread.spawn(move || offer.wait(&taken_over)).map(drop)
}

fn start_cores(
    (snapshots, decisions): (&Arc<Snapshots>, &Arc<Decisions>),
    server: &Server,
    ending: &Ending,
    control: Control,
) -> Result<(Arc<Workers>, Vec<JoinHandle<()>>), StartError> {
    let snapshots = Arc::clone(snapshots);
    let decisions = Arc::clone(decisions);
    let make = move |core| Pipeline::new(Arc::clone(&snapshots), &decisions, control.clone(), core);
    let (workers, cores) = Workers::start(server.cores, &server.connections, ending, make)?;
    Ok((Arc::new(workers), cores))
}
