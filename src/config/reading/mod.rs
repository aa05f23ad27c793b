//! A YAML text as a typed document: every mistake with its line, column, value and fix, and nothing secret shown.
//!
//! The text becomes a tree that remembers where each node stands (`compose`, `tree`), variables are filled in
//! (`interpolate`), and the tree is deserialised again and again, each time without what was wrong before (`peel`),
//! until all mistakes are known. It does not know what the document is about.

mod access;
pub mod compose;
pub mod deserialize;
mod entries;
pub mod explain;
pub mod interpolate;
mod ledger;
pub mod listing;
pub mod peel;
pub mod places;
pub mod read_error;
pub mod reader;
pub mod secrecy;
pub mod stand_in;
pub mod suggestion;
mod syntax;
pub mod tree;
