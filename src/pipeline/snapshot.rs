//! The snapshot that requests are decided by: one for all cores, and each core's own hold on it.
//!
//! A core compares one number for each request, and looks further only when that has changed. A request keeps what it
//! has begun with, however often the snapshot is replaced meanwhile.

use std::{
    cell::RefCell,
    rc::{Rc, Weak},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;

use super::{identify::Proof, live::Live};
use crate::{
    entropy::Entropy,
    listener::Core,
    telemetry::counters::CoreCounts,
    token::recent::RecentProofs,
    upstream::{Group, Upstream},
};

/// The current snapshot, which can be replaced.
#[derive(Debug)]
pub struct Snapshots {
    /// Grows with every replacement, after it.
    generation: AtomicU64,
    current: ArcSwap<Live>,
}

impl Snapshots {
    /// The first one.
    pub fn new(live: Arc<Live>) -> Self {
        Self {
            generation: AtomicU64::new(0),
            current: ArcSwap::new(live),
        }
    }

    /// The current one.
    pub fn current(&self) -> Arc<Live> {
        self.current.load_full()
    }

    /// Puts another in its place and gives the old one back. No request that comes after this is decided by the old
    /// one, on whichever core.
    pub fn replace(&self, live: Arc<Live>) -> Arc<Live> {
        let old = self.current.swap(live);
        self.generation.fetch_add(1, Ordering::Release);
        old
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

/// What one core decides a request by: the snapshot, and this core's own part of it.
#[derive(Debug)]
pub(super) struct View {
    generation: u64,
    pub(super) live: Arc<Live>,
    /// By [`crate::policy::route::UpstreamId`].
    pub(super) upstreams: Vec<Rc<Upstream>>,
    pub(super) counts: Arc<CoreCounts>,
    /// Of this snapshot's cache.
    pub(super) recent: RecentProofs<Proof>,
}

/// Keeps one core's view up to date.
#[derive(Debug)]
pub(super) struct Follower {
    snapshots: Arc<Snapshots>,
    core: Core,
    view: RefCell<Rc<View>>,
    /// Upstreams that are in no view any more, but still have requests.
    left: RefCell<Vec<Weak<Upstream>>>,
}

impl Follower {
    /// Has to be called on the core's runtime.
    pub(super) fn new(snapshots: Arc<Snapshots>, core: Core) -> Self {
        let view = View::new(&snapshots, &[], &core);
        Self {
            snapshots,
            core,
            view: RefCell::new(Rc::new(view)),
            left: RefCell::default(),
        }
    }

    /// What a request that begins now is decided by.
    pub(super) fn view(&self) -> Rc<View> {
        let view = self.view.borrow();
        if view.generation == self.snapshots.generation() {
            return Rc::clone(&view);
        }
        drop(view);
        self.renew()
    }

    #[cold]
    fn renew(&self) -> Rc<View> {
        let old = Rc::clone(&self.view.borrow());
        let view = Rc::new(View::new(&self.snapshots, &old.upstreams, &self.core));
        let stays =
            |upstream: &Rc<Upstream>| view.upstreams.iter().any(|it| Rc::ptr_eq(it, upstream));
        let left = old.upstreams.iter().filter(|upstream| !stays(upstream));
        self.left.borrow_mut().extend(left.map(Rc::downgrade));
        *self.view.borrow_mut() = Rc::clone(&view);
        view
    }

    /// Lets go of an old snapshot on a core that has nothing to do, and closes connections that nobody used for too
    /// long.
    pub(super) fn tidy(&self) {
        for upstream in &self.view().upstreams {
            upstream.close_stale();
        }
        self.left.borrow_mut().retain(|upstream| {
            let upstream = upstream.upgrade();
            upstream
                .inspect(|upstream| upstream.close_stale())
                .is_some()
        });
    }
}

impl View {
    /// Upstreams that are still the same keep this core's connections to them.
    fn new(snapshots: &Snapshots, known: &[Rc<Upstream>], core: &Core) -> Self {
        // Before the snapshot: one that is replaced between the two is looked for again.
        let generation = snapshots.generation();
        let live = snapshots.current();
        let upstream = |group: &Arc<Group>| {
            let same = known.iter().find(|it| it.is_of(group, &live.stripped));
            same.map_or_else(|| connect_later(group, &live, core), Rc::clone)
        };
        Self {
            generation,
            upstreams: live.upstreams.iter().map(upstream).collect(),
            counts: live.counters.core(&live.route_rows),
            recent: RecentProofs::before(&live.proofs),
            live,
        }
    }
}

fn connect_later(group: &Arc<Group>, live: &Live, core: &Core) -> Rc<Upstream> {
    let (group, stripped) = (Arc::clone(group), Arc::clone(&live.stripped));
    let entropy = Entropy::from_os();
    Rc::new(Upstream::new(
        group,
        core.deadlines().clone(),
        entropy,
        stripped,
    ))
}
