//! Headers that the gateway writes itself: what their values are made of, and what a route does to its messages.
//!
//! A value is made of what was verified or checked, never of what a client says about itself. What cannot be carried by
//! a header is an error, and nothing of it is sent.

mod changes;
mod expression;
mod facts;
mod rendered;
mod template;
mod value;

pub use changes::{Changes, Field, FieldValue, Placement, RouteHeaders};
pub use expression::{ExpressionError, NAMES};
pub use facts::{Facts, RequestFacts};
pub use rendered::{Rendered, Unheaded};
pub use template::{HeaderTemplate, HeaderTemplateError, Unwritable, Written};

/// The most bytes that headers of the gateway may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderLimits {
    /// The value of one.
    pub one: usize,
    /// The values of all that are made for a request or its response.
    pub all: usize,
}

#[cfg(test)]
mod tests;
