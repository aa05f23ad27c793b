//! HTTP vocabulary shared by every stage: targets, hosts, header hygiene, client addresses, error bodies.
//!
//! Pure functions over bytes: no I/O, no configuration, no knowledge of routes or tokens.

pub mod body;
pub mod cache_control;
pub mod client_address;
pub mod cookie;
pub mod field_line;
pub mod header;
pub mod host;
pub mod problem;
pub mod query;
pub mod request_body;
pub mod set_cookie;
pub mod stripped;
pub mod target;
