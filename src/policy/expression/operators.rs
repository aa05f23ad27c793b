//! What operators make of values, by their types.

use cel::common::ast::operators;

use super::types::Type;

/// Whether a call is one of those that are written between two values.
pub(super) fn is_operator(name: &str) -> bool {
    name.starts_with('_')
}

/// What an operator makes of two values; nothing where it is not for them.
pub(super) fn binary(operator: &str, left: &Type, right: &Type) -> Option<Type> {
    use Type::{Any, Duration, Float, Integer, List, Moment, Nothing, Text, Unsigned};
    match operator {
        operators::EQUALS | operators::NOT_EQUALS => {
            left.compares_with(right).then_some(Type::Boolean)
        }
        operators::LESS
        | operators::LESS_EQUALS
        | operators::GREATER
        | operators::GREATER_EQUALS => left.is_ordered_with(right).then_some(Type::Boolean),
        _ => match (operator, left, right) {
            (_, Any | Nothing, Any | Nothing) => Some(Any),
            (operators::ADD | operators::SUBSTRACT, Moment, Duration)
            | (operators::ADD, Duration, Moment) => Some(Moment),
            (operators::SUBSTRACT, Moment, Moment)
            | (operators::ADD | operators::SUBSTRACT, Duration, Duration) => Some(Duration),
            (operators::ADD, Text, Text) => Some(Text),
            (operators::ADD, List(one), List(other)) => {
                Some(Type::list_of((**one).clone().or((**other).clone())))
            }
            (operators::MODULO, Float, _) | (operators::MODULO, _, Float) => None,
            (_, Integer, Integer) => Some(Integer),
            (_, Unsigned, Unsigned) => Some(Unsigned),
            (_, Float, Float) => Some(Float),
            (_, Any, known) | (_, known, Any) => half_known(operator, known),
            _ => None,
        },
    }
}

/// What an operator makes of a claim and something known.
fn half_known(operator: &str, known: &Type) -> Option<Type> {
    match (operator, known) {
        (_, Type::Integer | Type::Unsigned | Type::Float) => Some(known.clone()),
        (operators::ADD, Type::Text) => Some(Type::Text),
        (operators::ADD, Type::List(_)) => Some(Type::list_of(Type::Any)),
        (operators::ADD | operators::SUBSTRACT, Type::Moment | Type::Duration) => Some(Type::Any),
        _ => None,
    }
}
