//! The monolith: how its endpoints stand, this core's connections to them, and one exchange over one of them.
//!
//! What all cores share of an upstream is a [`Group`]: numbers that are read without waiting. An [`Upstream`] is one
//! core's view of it.
//!
//! [`Upstream::send`] is the seam: a prepared request goes in, a response whose body is relayed comes out. Which
//! client speaks the protocol is known only below it. It does not know routes, tokens or what a failure means to the
//! client.

mod balance;
mod connection;
mod endpoint;
mod error;
mod fields;
mod gate;
mod group;
mod health;
mod http2;
mod negotiate;
mod patience;
mod pool;
mod relay;
mod resolve;
mod retry;
mod settings;
mod simple;
mod stream;
mod tally;
mod ticket;
mod tls;
mod upgrade;
mod upload;
mod wire;

pub use connection::connect_once;
pub use error::{Failure, RelayError, Undelivered};
pub use fields::Fields;
pub use group::Group;
pub use health::watch;
pub use pool::Upstream;
pub use relay::Relay;
pub use settings::{
    Concurrency, Ejection, Endpoint, HealthCheck, MOST_ENDPOINTS, Protocol, Retry, Settings,
};
#[cfg(fuzzing)]
pub use simple::fuzzing;
pub use stream::Stream;
pub use tally::{Event, Tally};
pub use tls::{File as TlsFile, Tls, TlsError, TlsFiles};
pub use upgrade::Switched;
pub use upload::BodyLimits;
