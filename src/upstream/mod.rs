//! The monolith: this core's connections to it, and one exchange over one of them.
//!
//! [`Upstream::send`] is the seam: a prepared request goes in, a response whose body is relayed comes out. Which
//! client speaks the protocol is known only below it. It does not know routes, tokens or what a failure means to the
//! client.

mod connection;
mod error;
mod fields;
mod pool;
mod relay;
mod settings;
mod simple;
mod stream;
mod tls;
mod upgrade;
mod upload;

pub use error::{Failure, RelayError};
pub use fields::Fields;
pub use pool::Upstream;
pub use relay::Relay;
pub use settings::{Endpoint, Settings};
pub use stream::Stream;
pub use tls::{File as TlsFile, Tls, TlsError, TlsFiles};
pub use upgrade::Switched;
