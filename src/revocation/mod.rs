//! Who may no longer use the tokens that they hold.
//!
//! [`Denylist`] is what every request is judged by: members who are blocked, moments before which a member's tokens do
//! not count any more, and sessions that were ended. It promises that a judgement never waits and never misses what was
//! written before it began, and that only those are held of whom there is something to say. It does not know where that
//! comes from: whoever watches the user table, ends sessions or serves operators tells it.

#[cfg(test)]
mod bench;
pub mod binlog;
mod denylist;
pub mod feed;
mod freshness;
mod grant;
mod in_use;
mod lifetimes;
mod shards;
mod snapshot;
#[cfg(test)]
mod tests;

pub use denylist::{Block, Cut, Denylist, Revoked, Size};
pub use freshness::{Freshness, Heard};
pub use grant::{Grant, Subjects};
pub use lifetimes::{Earlier, LifetimeHistory};
pub use snapshot::Snapshot;
