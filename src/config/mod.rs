//! From the text of `gateway.yaml` to what it means, with every mistake reported at once.

mod access;
mod compile;
pub mod compiled;
pub mod compose;
pub mod deserialize;
pub mod diagnostic;
pub mod document;
pub mod duration;
mod entries;
pub mod explain;
pub mod interpolate;
mod ledger;
pub mod listing;
pub mod load;
pub mod peel;
pub mod places;
pub mod read_error;
pub mod reader;
pub mod secrecy;
pub mod size;
pub mod source;
pub mod stand_in;
pub mod suggestion;
mod syntax;
pub mod tree;
