//! Key sets that issuers publish: fetched, kept fresh, and kept for a while when they cannot be fetched.
//!
//! One task for each issuer does all of its fetching, on the control runtime: whoever needs a key that is not known asks
//! the task and waits for its next attempt, so that a crowd costs the issuer one request. An outage is told apart from a
//! key that does not exist.

mod call;
mod document;
mod error;
mod feed;
mod get;
mod settings;

pub use call::{Reply, Site, SiteError, Transport, call};
pub use document::read_document;
pub use error::FetchError;
pub use feed::{Asked, KeyFeed};
pub use get::Wanted;
pub use settings::{Settings, Source};
