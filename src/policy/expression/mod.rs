//! `when:` of a rule: an expression in CEL, for what the other terms cannot say.
//!
//! It is compiled and its types are told once, when the configuration is loaded. What it may cost is known before it is
//! evaluated, from its tree and the size of what it is given. Whatever goes wrong then has no answer, which refuses.

mod check;
mod cost;
mod functions;
mod given;
mod mistake;
mod operators;
mod parse;
mod strict;
mod tree;
mod types;
mod vocabulary;

#[cfg(test)]
mod tests;

use std::{
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use cel::{Context, IdedExpr, Value, common::types::CelBool};

pub use mistake::{EvaluationError, Mistake, Unknown};

use self::{cost::Bound, given::Given, vocabulary::Mentions};
use super::requirement::Facts;

/// The most steps that one evaluation may take.
pub const MOST_STEPS: u64 = 100_000;
/// A token with so many values has to be possible.
const FEW_CLAIMS: u64 = 32;

/// An expression that is true or false for a request.
pub struct Expression {
    text: Box<str>,
    tree: IdedExpr,
    mentions: Mentions,
    cost: Bound,
}

impl Expression {
    /// Compiles. What can be told to be wrong without a request is a mistake.
    pub fn compile(text: &str) -> Result<Self, Mistake> {
        parse::parse(text, |parsed| {
            let mentions = check::check(&parsed)?;
            let cost = cost::bound(parsed.root());
            if cost.at(FEW_CLAIMS) > MOST_STEPS {
                let message = "this has loops within loops, and could take too long";
                let fix = "take a loop out, such as by `in` instead of `exists`";
                return Err(Mistake::new(0..text.len(), message, fix));
            }
            let mut tree = parsed.root().clone();
            strict::rewrite(&mut tree);
            Ok(Self {
                text: text.into(),
                tree,
                mentions,
                cost,
            })
        })
    }

    /// Whether it holds; `None` where it speaks of a token and there is none.
    pub fn holds(&self, facts: &Facts<'_>) -> Option<Result<bool, EvaluationError>> {
        let given = Given::new(&self.mentions, facts)?;
        if self.cost.at(given.size) > MOST_STEPS {
            return Some(Err(EvaluationError::TooLong));
        }
        let mut context = Context::with_env(Arc::clone(&strict::ENVIRONMENT));
        given.into_variables(&mut context);
        // A bug of the library is nothing that a request may end a connection by.
        let evaluated = catch_unwind(AssertUnwindSafe(|| self.evaluate(&context)));
        Some(evaluated.unwrap_or(Err(EvaluationError::Broken)))
    }

    fn evaluate(&self, context: &Context<'_, '_>) -> Result<bool, EvaluationError> {
        let result = Value::resolve_val(&self.tree, context);
        let result = result.map_err(|error| EvaluationError::of(&error, &self.text))?;
        let answer = result.downcast_ref::<CelBool>();
        answer
            .map(|answer| *answer.inner())
            .ok_or(EvaluationError::NoAnswer)
    }

    /// Whether it speaks of the token.
    pub fn reads_token(&self) -> bool {
        self.mentions.read_token()
    }

    /// Whether it speaks of the client's certificate.
    pub fn reads_certificate(&self) -> bool {
        let mut fields = self.mentions.fields.iter();
        fields.any(|(object, _)| *object == "certificate")
    }

    /// The path parameters that it speaks of.
    pub fn parameters(&self) -> impl Iterator<Item = &str> {
        self.mentions.parameters.iter().map(String::as_str)
    }
}

/// As it is written.
impl fmt::Display for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Expression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expression").field(&self.text).finish()
    }
}
