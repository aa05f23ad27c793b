//! JSON as Python's `json` module reads it and as Starlette writes it.
//!
//! Promises the positions and messages of its errors, its extensions (`NaN`, lone surrogates, UTF-16 and UTF-32) and the spelling of
//! what it echoes. It is no general JSON library: numbers keep only what an echo needs.

mod encoding;
mod scanner;
mod strings;
mod value;
mod writer;

pub(super) use scanner::{ParseError, parse};
pub(super) use value::{Text, Value};
pub(super) use writer::{write_text, write_value};
