//! Tokens that were revoked, and requests of which nobody knows whether their token was.

mod gateways;
mod inside;
mod outage;
mod refusals;
mod sessions;
mod streams;
