//! pydantic's `EmailStr`: the syntax rules and the wording of `email-validator`, without DNS.
//!
//! Promises the normalised address, or the reason that `email-validator` gives, for what pydantic hands it: international
//! addresses are allowed, quoted local parts, bracketed addresses and special-use domains are not. A reason names a combining mark or a
//! tag character that is not in `names.tsv` by its code point instead of its name.

mod address;
mod characters;
mod domain;
mod idna;
mod literal;
mod local;
mod split;

pub(super) use address::normalize;

/// Why an address is refused, in the words of the legacy system: it becomes part of a response.
type Reason = String;
