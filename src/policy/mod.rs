//! What the operator's routes mean once compiled: which route a request belongs to and who may use it.
//!
//! Pure values and decisions: no I/O, no waiting, no configuration file. That is why `sidegate explain` can be
//! trusted: it asks the same functions as the live path.

pub mod assertion;
pub mod certificate;
pub mod cors;
pub mod csrf;
pub mod decide;
pub mod explanation;
pub mod expression;
pub mod headers;
pub mod method;
pub mod pattern;
pub mod refusal;
pub mod requirement;
pub mod route;
pub mod statuses;
pub mod table;
