//! The library behind the `sidegate` binary.

pub mod accounts;
pub mod clock;
pub mod deadline;
pub mod entropy;
pub mod http;
pub mod listener;
pub mod member;
pub mod password;
pub mod pipeline;
pub mod policy;
pub mod secret;
pub mod store;
pub mod template;
pub mod token;
pub mod upstream;
