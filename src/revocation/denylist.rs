//! What every request is judged by. There is one for the process; it survives reloads.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use tokio::sync::Notify;

use super::{
    Freshness, Grant, Snapshot,
    feed::Secrets,
    in_use::{self, InUse},
    shards::{Shard, Shards},
};
use crate::{
    clock::{Clock, UnixSeconds},
    member::StateName,
};

/// Among how many bells those who wait are divided, so that one ban does not wake every open stream.
const BELLS: usize = 256;

/// Why a member is blocked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// A state of the row does it.
    State(StateName),
    /// There is no row any more.
    Deleted,
}

/// Why a token that holds by itself is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Revoked {
    /// Its member is blocked by a state of the row.
    #[error("the user's state is {0}")]
    Blocked(StateName),
    /// Its member has no row any more.
    #[error("the user was deleted")]
    Deleted,
    /// It was issued at this moment or before, and only later ones count.
    #[error("sessions that began at {0} or before were ended")]
    EndedBefore(UnixSeconds),
    /// Its own session was ended.
    #[error("the session was ended")]
    SessionEnded,
}

/// How much is held.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// Members that are blocked.
    pub blocked: usize,
    /// Members of whom only later tokens count.
    pub stamped: usize,
    /// Sessions that were ended by themselves.
    pub ended: usize,
}

/// What is known of a member.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) block: Option<Block>,
    pub(super) not_before: Option<UnixSeconds>,
}

/// Members, moments and sessions; see the module.
///
/// Whoever judges reads one number, and looks further only when that has changed since the same token was judged before.
/// Whoever writes takes turns with others who do, changes the map first and the number afterwards, so that no judgement
/// that begins after a write has returned misses it.
pub struct Denylist {
    members: Shards<Entry>,
    sessions: Shards<UnixSeconds>,
    /// Grows with every change, after it. Never 0, which is what a grant has that was not judged yet.
    generation: AtomicU64,
    writing: Mutex<()>,
    bells: Box<[Notify]>,
    /// Rung by nobody.
    silent: Notify,
    hasher: ahash::RandomState,
    freshness: Freshness,
    in_use: InUse,
    secrets: ArcSwapOption<Secrets>,
}

impl Denylist {
    /// Nobody is on it.
    pub fn new(clock: Clock) -> Self {
        Self {
            members: Shards::new(),
            sessions: Shards::new(),
            generation: AtomicU64::new(1),
            writing: Mutex::default(),
            bells: (0..BELLS).map(|_| Notify::new()).collect(),
            silent: Notify::new(),
            hasher: ahash::RandomState::new(),
            freshness: Freshness::new(clock),
            in_use: InUse::new(),
            secrets: ArcSwapOption::empty(),
        }
    }

    /// Whether the token may be used now. Waits for nothing.
    pub fn judge(&self, grant: &Grant) -> Result<(), Revoked> {
        // Before the maps are read: what changes meanwhile is looked at again the next time.
        let generation = self.generation();
        if grant.is_cleared_at(generation) {
            return Ok(());
        }
        self.look(grant)?;
        grant.clear_at(generation);
        Ok(())
    }

    #[cold]
    fn look(&self, grant: &Grant) -> Result<(), Revoked> {
        let entry = self.members.find(&grant.member).unwrap_or_default();
        match entry.block {
            Some(Block::State(state)) => return Err(Revoked::Blocked(state)),
            Some(Block::Deleted) => return Err(Revoked::Deleted),
            None => {}
        }
        if let Some(not_before) = entry.not_before
            && grant.issued <= not_before
        {
            return Err(Revoked::EndedBefore(not_before));
        }
        let session = grant.session.as_deref();
        let ended = session.and_then(|session| self.sessions.find(session));
        if ended.is_some() {
            return Err(Revoked::SessionEnded);
        }
        if !grant.member.is_empty() {
            self.in_use.note(grant.looked_up_by());
        }
        Ok(())
    }

    /// Whether members whose tokens are used are noted from now on, for [`Self::roll_call`].
    pub fn note_use(&self, wanted: bool) {
        self.in_use.want(wanted);
        // Also those of whom nothing has to be looked at otherwise.
        let writing = self.writing();
        self.changed(&writing);
    }

    /// The members of whom a token was used since the last call, and those with open streams every so many calls. Each
    /// token is looked at again when it is used the next time, which notes its member anew; until then it costs nothing.
    pub fn roll_call(&self) -> Vec<Arc<str>> {
        // Whoever is looked at in between is noted for this call or the next.
        let noted = self.in_use.take();
        let writing = self.writing();
        self.changed(&writing);
        drop(writing);
        let turn = self.in_use.turn();
        let bells = self.bells.iter().skip(turn).step_by(in_use::TURNS);
        bells.for_each(Notify::notify_waiters);
        noted
    }

    /// Changes with everything that may make a judgement another one.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Blocks a member.
    pub fn block(&self, member: &str, why: Block) {
        self.edit(member, |entry| entry.block = Some(why));
    }

    /// Blocks a member no longer. What was said of the moment that its tokens count from stays.
    pub fn admit(&self, member: &str) {
        self.edit(member, |entry| entry.block = None);
    }

    /// Refuses the tokens of a member that were issued at this moment or before. It only moves forward.
    pub fn not_before(&self, member: &str, at: UnixSeconds) {
        self.edit(member, |entry| {
            entry.not_before = later(entry.not_before, Some(at));
        });
    }

    /// Refuses the tokens of this session, until they have expired anyway.
    pub fn end_session(&self, session: &str, until: UnixSeconds) {
        let writing = self.writing();
        let longer = |known: Option<&UnixSeconds>| later(known.copied(), Some(until));
        if self.sessions.edit(session, longer) {
            self.changed(&writing);
            self.ring(session);
        }
    }

    /// Takes what a source says at one moment for all that it has to say: who is blocked is exactly who is blocked
    /// there. Moments only move forward and ended sessions stay ended, since others tell of them, too. Nobody who is on
    /// both the old list and the new one is let through in between.
    pub fn replace(&self, all: Snapshot) {
        let writing = self.writing();
        let Snapshot { members, sessions } = all;
        self.members.rewrite(members, |old, mut new: Shard<Entry>| {
            let stamped = old.iter().filter(|(_, entry)| entry.not_before.is_some());
            for (member, entry) in stamped {
                let known = new.entry(Arc::clone(member)).or_default();
                known.not_before = later(known.not_before, entry.not_before);
            }
            new
        });
        let ended = sessions.into_iter();
        self.sessions.rewrite(ended, |old, mut new| {
            for (session, until) in old {
                let known = new.entry(Arc::clone(session)).or_insert(*until);
                *known = (*known).max(*until);
            }
            new
        });
        self.changed(&writing);
        self.bells.iter().for_each(Notify::notify_waiters);
    }

    /// Forgets what no token can fall under any more: sessions whose tokens have expired, and moments longer ago than
    /// the longest life of a token.
    pub fn tidy(&self, now: UnixSeconds, longest: Duration) {
        let _writing = self.writing();
        let counts = |at: &UnixSeconds| now <= at.plus(longest);
        self.members.retain(|entry| {
            let kept = Entry {
                block: entry.block.clone(),
                not_before: entry.not_before.filter(counts),
            };
            (kept != Entry::default()).then_some(kept)
        });
        self.sessions
            .retain(|until| (now <= *until).then_some(*until));
    }

    /// The first moment that a token of this member may be issued at, where one is set: a login in the same second as
    /// the end of all sessions begins a new one.
    pub fn earliest_issue(&self, member: &str) -> Option<UnixSeconds> {
        let not_before = self.members.find(member)?.not_before?;
        Some(UnixSeconds(not_before.0.saturating_add(1)))
    }

    /// From now on this is asked whether a secret was changed that nobody has told of, or nothing is.
    pub fn ask_about_secrets(&self, secrets: Option<Arc<Secrets>>) {
        self.secrets.store(secrets);
    }

    /// What can be asked about secrets, if anything can.
    pub fn secrets(&self) -> Option<Arc<Secrets>> {
        self.secrets.load_full()
    }

    /// When the source was last heard; told by whoever watches it.
    pub fn freshness(&self) -> &Freshness {
        &self.freshness
    }

    /// How much is held. Goes through all of it.
    pub fn size(&self) -> Size {
        let mut size = Size::default();
        self.members.each(|entry| {
            size.blocked += usize::from(entry.block.is_some());
            size.stamped += usize::from(entry.not_before.is_some());
        });
        self.sessions.each(|_| size.ended += 1);
        size
    }

    /// Something that ends when the token would be refused.
    pub fn subscribe(self: &Arc<Self>, grant: Arc<Grant>) -> Cut {
        Cut {
            denylist: Arc::clone(self),
            grant,
        }
    }

    fn edit(&self, member: &str, change: impl FnOnce(&mut Entry)) {
        let writing = self.writing();
        let changed = self.members.edit(member, |entry| {
            let mut entry = entry.cloned().unwrap_or_default();
            change(&mut entry);
            (entry != Entry::default()).then_some(entry)
        });
        if changed {
            self.changed(&writing);
            self.ring(member);
        }
    }

    fn writing(&self) -> MutexGuard<'_, ()> {
        // A map is replaced whole or not at all.
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self, _writing: &MutexGuard<'_, ()>) {
        self.generation.fetch_add(1, Ordering::Release);
    }

    fn ring(&self, key: &str) {
        self.bell(key).notify_waiters();
    }

    fn bell(&self, key: &str) -> &Notify {
        let hash = self.hasher.hash_one(key) >> 32;
        let place = usize::try_from(hash).unwrap_or_default() % BELLS;
        self.bells.get(place).unwrap_or(&self.silent)
    }
}

/// The later of two moments that may be.
pub(super) fn later(one: Option<UnixSeconds>, other: Option<UnixSeconds>) -> Option<UnixSeconds> {
    one.max(other)
}

impl fmt::Debug for Denylist {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut denylist = formatter.debug_struct("Denylist");
        denylist
            .field("generation", &self.generation())
            .finish_non_exhaustive()
    }
}

/// What an open stream waits for.
#[derive(Debug)]
pub struct Cut {
    denylist: Arc<Denylist>,
    grant: Arc<Grant>,
}

impl Cut {
    /// Waits until the token would be refused, and says why. It can be dropped and asked again.
    pub async fn revoked(&self) -> Revoked {
        let Self { denylist, grant } = self;
        let session = grant.session.as_deref();
        let bell = session.map_or(&denylist.silent, |session| denylist.bell(session));
        loop {
            let member = denylist.bell(&grant.member).notified();
            let session = bell.notified();
            tokio::pin!(member, session);
            // Before the judgement, so that nothing is missed that changes after it.
            member.as_mut().enable();
            session.as_mut().enable();
            if let Err(revoked) = denylist.judge(grant) {
                return revoked;
            }
            tokio::select! {
                () = member => {}
                () = session => {}
            }
        }
    }
}
