//! What `sidegate check` says about configurations, to the byte.

mod accepts;
mod example;
mod fixture;
mod rejects;
mod schema;
