//! The row binlog of a MariaDB or MySQL server, read as a replica reads it, and reduced to what happened to a few watched
//! tables.
//!
//! What comes out are *keys*, never values: [`News::Commit`] says whose rows a transaction wrote, and the row itself is
//! read from the table then ([`Replica::visible`] says when that is right). So a value is judged as a login judges it,
//! whatever the column's type or character set, and a wrong guess about a column can only cost a look. What rows do not
//! show (a truncated table, a statement, a cascade, a compressed event) is a reason to read everything anew.
//!
//! `decode` knows events and nothing of a connection, `connection` the other way round; `reader` is the task between them.

mod change;
mod connection;
mod decode;
mod fault;
pub mod gtid;
mod key;
mod layout;
mod plan;
mod position;
mod reader;
mod statement;
#[cfg(test)]
mod tests;
mod xa;

pub use change::{Change, Commit, News, Watched, Why};
pub use connection::Settings;
pub use fault::Fault;
pub use position::{LogPosition, Position};
pub use reader::Replica;
