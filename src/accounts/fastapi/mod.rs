//! FastAPI's request validation: the same values, and the same bytes when it refuses.
//!
//! A client of the monolith may show the text of a refusal, or look into it, so a refusal is rebuilt to the byte:
//! the order of the errors, the echoed input, the position that Python's `json` reports, the reasons of
//! `email-validator`. A field is a parameter of the path or of the query, a member of a JSON body that is one pydantic model, or
//! in a form, urlencoded or in parts.
//!
//! It follows fastapi 0.165, starlette 1.10, pydantic 2.14 and email-validator 2.4 on Python 3.11, with FastAPI's default
//! strict content type. It does no I/O and bounds no body size: its caller does.

mod checked;
mod dates;
mod email;
mod errors;
mod fault;
mod field;
mod form_field;
mod json;
mod media;
mod multipart;
mod pairs;
mod python;
mod validation;

#[cfg(test)]
mod tests;

pub(super) use dates::calendar_day;
pub use errors::Invalid;
pub(in crate::accounts) use fault::{Bound, Fault};
pub use field::{Field, FieldType, Limits, Place, Presence, Trim};
pub use form_field::{form_field, is_form};
pub(super) use pairs::{pairs_of_form, unquoted};
pub(in crate::accounts) use validation::typed;
pub use validation::{Given, read, said};
