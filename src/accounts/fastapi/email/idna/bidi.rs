//! The Bidi Rule (RFC 5893): labels that read from right to left.

use icu_properties::CodePointMapData;
use icu_properties::props::BidiClass;

use super::super::super::python;

const RIGHT_TO_LEFT: [BidiClass; 3] = [
    BidiClass::RightToLeft,
    BidiClass::ArabicLetter,
    BidiClass::ArabicNumber,
];
const NEUTRAL: [BidiClass; 7] = [
    BidiClass::EuropeanNumber,
    BidiClass::EuropeanSeparator,
    BidiClass::CommonSeparator,
    BidiClass::EuropeanTerminator,
    BidiClass::OtherNeutral,
    BidiClass::BoundaryNeutral,
    BidiClass::NonspacingMark,
];

/// Which labels the rule is applied to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    RightToLeftOnly,
    EveryLabel,
}

/// Applies the rule to every label of a domain that has right-to-left characters anywhere.
pub(in super::super) fn check_bidi_domain(domain: &str) -> Result<(), String> {
    if domain.chars().any(|c| RIGHT_TO_LEFT.contains(&class(c))) {
        domain
            .split('.')
            .try_for_each(|label| check_bidi(label, Scope::EveryLabel))
    } else {
        Ok(())
    }
}

fn class(c: char) -> BidiClass {
    CodePointMapData::<BidiClass>::new().get(c)
}

pub(super) fn check_bidi(label: &str, scope: Scope) -> Result<(), String> {
    let classes: Vec<BidiClass> = label.chars().map(class).collect();
    if scope == Scope::RightToLeftOnly && !classes.iter().any(|class| RIGHT_TO_LEFT.contains(class))
    {
        return Ok(());
    }
    match classes.first() {
        Some(&(BidiClass::RightToLeft | BidiClass::ArabicLetter)) => check_right_to_left(&classes),
        Some(&BidiClass::LeftToRight) => check_left_to_right(&classes),
        Some(_) | None => Err(format!(
            "First codepoint in label {} must be directionality L, R or AL",
            python::repr(label)
        )),
    }
}

/// Rules 2 to 4.
fn check_right_to_left(classes: &[BidiClass]) -> Result<(), String> {
    let numbers = [BidiClass::ArabicNumber, BidiClass::EuropeanNumber];
    let mut number = None;
    for (index, class) in classes.iter().enumerate() {
        if !RIGHT_TO_LEFT.contains(class) && !NEUTRAL.contains(class) {
            return Err(format!(
                "Invalid direction for codepoint at position {} in a right-to-left label",
                index + 1
            ));
        }
        if numbers.contains(class) && number.get_or_insert(*class) != class {
            return Err("Can not mix numeral types in a right-to-left label".to_owned());
        }
    }
    check_ending(
        classes,
        &[
            BidiClass::RightToLeft,
            BidiClass::ArabicLetter,
            BidiClass::EuropeanNumber,
            BidiClass::ArabicNumber,
        ],
    )
}

/// Rules 5 and 6.
fn check_left_to_right(classes: &[BidiClass]) -> Result<(), String> {
    for (index, class) in classes.iter().enumerate() {
        if *class != BidiClass::LeftToRight && !NEUTRAL.contains(class) {
            return Err(format!(
                "Invalid direction for codepoint at position {} in a left-to-right label",
                index + 1
            ));
        }
    }
    check_ending(
        classes,
        &[BidiClass::LeftToRight, BidiClass::EuropeanNumber],
    )
}

fn check_ending(classes: &[BidiClass], valid: &[BidiClass]) -> Result<(), String> {
    let ending = classes
        .iter()
        .rev()
        .find(|class| **class != BidiClass::NonspacingMark);
    if ending.is_some_and(|class| valid.contains(class)) {
        Ok(())
    } else {
        Err("Label ends with illegal codepoint directionality".to_owned())
    }
}
