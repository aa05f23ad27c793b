//! FastAPI's request validation: the same values, and the same bytes when it refuses.
//!
//! A client of the monolith may show the text of a refusal, or look into it, so a refusal is rebuilt to the byte:
//! the order of the errors, the echoed input, the position that Python's `json` reports, the reasons of
//! `email-validator`. The shapes are three: query parameters, a JSON body that is one pydantic model, and
//! urlencoded form fields; all fields are required and have type `str` or `EmailStr`.
//!
//! It follows fastapi 0.165, starlette 1.10, pydantic 2.14 and email-validator 2.4 on Python 3.11, with FastAPI's default
//! strict content type. It does no I/O, bounds no body size (its caller does) and does not read multipart forms: those have no fields here.

mod email;
mod errors;
mod json;
mod media;
mod pairs;
mod python;
mod validation;

#[cfg(test)]
mod tests;

pub use errors::Invalid;
pub(super) use pairs::{pairs_of_form, unquoted};
pub use validation::{Field, FieldType, form, json, query};
