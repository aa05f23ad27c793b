//! From the text of `gateway.yaml` to what it means, with every mistake reported at once.
//!
//! Three steps: [`reading`] makes a typed document of a text and knows where everything stands; [`document`] is what
//! may be written; `compile` turns it into runtime settings. Nothing but `app`, `demo` and `cli` imports this.

mod compile;
pub mod compiled;
pub mod diagnostic;
pub mod document;
pub mod duration;
mod from_text;
pub mod load;
pub mod moment;
pub mod percent;
pub mod rate;
pub mod reading;
pub mod size;
pub mod source;
