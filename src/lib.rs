//! The library behind the `sidegate` binary.

pub mod clock;
pub mod deadline;
pub mod entropy;
pub mod http;
pub mod listener;
pub mod member;
pub mod policy;
pub mod secret;
pub mod template;
pub mod token;
pub mod upstream;
