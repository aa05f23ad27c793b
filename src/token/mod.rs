//! Bearer tokens: bounded and untrusted ([`raw::RawToken`]), then proven ([`verify::Verified`]).
//!
//! A proof says that a key signed these claims. It is no permission: times are compared again on every request, and
//! so are the route's rule and the user's state.

pub mod cache;
pub mod claims;
mod header;
pub mod id;
pub mod issuer;
pub mod key;
pub mod key_set;
pub mod keyring;
pub mod mint;
pub mod publication;
pub mod raw;
pub mod recent;
pub mod successor;
pub mod verify;

#[cfg(test)]
mod specimens;
