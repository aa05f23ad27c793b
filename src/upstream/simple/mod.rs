//! A small client for exchanges whose request has no body, which is most of them.
//!
//! The head of the request is written at once from a buffer that is reused; the head of the response is parsed where it
//! was read, and its values share one allocation with the body that came along. No connection has a task of its own:
//! one that is idle costs its descriptor. It knows nothing of request bodies, upgrades and trailers; those who need
//! them use the protocol library.

mod body;
mod chunked;
mod client;
#[cfg(fuzzing)]
pub mod fuzzing;
mod head;
mod link;
mod request;
#[cfg(test)]
mod tests;

pub(super) use body::Body;
pub(super) use client::{Client, read_head};
pub(super) use head::{BadHead, KnownLines, Reuse};
