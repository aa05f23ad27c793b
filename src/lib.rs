//! The library behind the `sidegate` binary.

pub mod accounts;
pub mod admin;
pub mod app;
pub mod certificate;
pub mod cli;
pub mod clock;
pub mod config;
pub mod deadline;
pub mod demo;
pub mod entropy;
pub mod fetch;
pub mod http;
pub mod listener;
pub mod member;
pub mod membership;
pub mod password;
pub mod pipeline;
pub mod policy;
pub mod ratelimit;
pub mod revocation;
pub mod secret;
pub mod store;
pub mod telemetry;
pub mod template;
pub mod token;
pub mod upstream;
