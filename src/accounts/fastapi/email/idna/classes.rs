//! Which code points a label may hold, and in which company (RFC 5892).

use icu_normalizer::uts46::Uts46MapperBorrowed;
use icu_properties::props::{
    CanonicalCombiningClass, DefaultIgnorableCodePoint, GeneralCategory, HangulSyllableType,
    JoiningType, Script,
};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::super::super::python;
use super::code;

pub(super) fn check_code_point(label: &[char], position: usize) -> Result<(), String> {
    let Some(c) = label.get(position).copied() else {
        return Ok(());
    };
    let shown = || python::repr(&label.iter().collect::<String>());
    match class(c) {
        Class::Valid => Ok(()),
        Class::Joiner if joiner_fits(label, position) => Ok(()),
        Class::Joiner => Err(format!(
            "Joiner {} not allowed at position {} in {}",
            code(c),
            position + 1,
            shown()
        )),
        Class::Contextual if context_fits(label, position) => Ok(()),
        Class::Contextual => Err(format!(
            "Codepoint {} not allowed at position {} in {}",
            code(c),
            position + 1,
            shown()
        )),
        Class::Disallowed => Err(format!(
            "Codepoint {} at position {} of {} not allowed",
            code(c),
            position + 1,
            shown()
        )),
    }
}

enum Class {
    Valid,
    Joiner,
    Contextual,
    Disallowed,
}

/// The derivation of RFC 5892 section 3; its Exceptions come first.
fn class(c: char) -> Class {
    match c {
        'a'..='z'
        | '0'..='9'
        | '-'
        | '\u{df}'
        | '\u{3c2}'
        | '\u{6fd}'
        | '\u{6fe}'
        | '\u{f0b}'
        | '\u{3007}' => return Class::Valid,
        '\u{b7}'
        | '\u{375}'
        | '\u{5f3}'
        | '\u{5f4}'
        | '\u{30fb}'
        | '\u{660}'..='\u{669}'
        | '\u{6f0}'..='\u{6f9}' => return Class::Contextual,
        '\u{640}' | '\u{7fa}' | '\u{302e}' | '\u{302f}' | '\u{3031}'..='\u{3035}' | '\u{303b}' => {
            return Class::Disallowed;
        }
        '\u{200c}' | '\u{200d}' => return Class::Joiner,
        _ => {}
    }
    if is_letter_or_digit(c) && !is_ignorable(c) && !is_old_hangul(c) && is_stable(c) {
        Class::Valid
    } else {
        Class::Disallowed
    }
}

fn is_letter_or_digit(c: char) -> bool {
    matches!(
        python::category(c),
        GeneralCategory::LowercaseLetter
            | GeneralCategory::UppercaseLetter
            | GeneralCategory::OtherLetter
            | GeneralCategory::ModifierLetter
            | GeneralCategory::NonspacingMark
            | GeneralCategory::SpacingMark
            | GeneralCategory::DecimalNumber
    )
}

/// Invisible characters, and the marks of symbols and of musical notation.
fn is_ignorable(c: char) -> bool {
    matches!(c, '\u{20d0}'..='\u{20ff}' | '\u{1d100}'..='\u{1d1ff}' | '\u{1d200}'..='\u{1d24f}')
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

fn is_old_hangul(c: char) -> bool {
    let syllable = CodePointMapData::<HangulSyllableType>::new().get(c);
    [
        HangulSyllableType::LeadingJamo,
        HangulSyllableType::VowelJamo,
        HangulSyllableType::TrailingJamo,
    ]
    .contains(&syllable)
}

/// Whether folding and normalisation leave it alone.
fn is_stable(c: char) -> bool {
    let mapper = Uts46MapperBorrowed::new();
    let mut image = mapper.map_normalize(std::iter::once(c));
    image.next() == Some(c) && image.next().is_none()
}

fn script(c: char) -> Script {
    CodePointMapData::<Script>::new().get(c)
}

fn follows_virama(label: &[char], position: usize) -> bool {
    let before = position.checked_sub(1).and_then(|index| label.get(index));
    before.is_some_and(|c| {
        CodePointMapData::<CanonicalCombiningClass>::new().get(*c)
            == CanonicalCombiningClass::Virama
    })
}

/// RFC 5892 appendix A.1 and A.2.
fn joiner_fits(label: &[char], position: usize) -> bool {
    if follows_virama(label, position) {
        return true;
    }
    if label.get(position) != Some(&'\u{200c}') {
        return false;
    }
    let (before, after) = label.split_at(position);
    joins(before.iter().rev(), JoiningType::LeftJoining)
        && joins(after.iter().skip(1), JoiningType::RightJoining)
}

/// Whether the first character that is not transparent joins on that side.
fn joins<'a>(mut neighbours: impl Iterator<Item = &'a char>, side: JoiningType) -> bool {
    let joining = neighbours.find_map(|c| {
        let joining = CodePointMapData::<JoiningType>::new().get(*c);
        (joining != JoiningType::Transparent).then_some(joining)
    });
    joining.is_some_and(|joining| joining == side || joining == JoiningType::DualJoining)
}

/// RFC 5892 appendix A.3 to A.9.
fn context_fits(label: &[char], position: usize) -> bool {
    let before = position
        .checked_sub(1)
        .and_then(|index| label.get(index))
        .copied();
    let after = label.get(position + 1).copied();
    match label.get(position) {
        Some('\u{b7}') => before == Some('l') && after == Some('l'),
        Some('\u{375}') => after.is_some_and(|c| script(c) == Script::Greek),
        Some('\u{5f3}' | '\u{5f4}') => before.is_some_and(|c| script(c) == Script::Hebrew),
        Some('\u{30fb}') => label.iter().any(|c| {
            *c != '\u{30fb}'
                && [Script::Hiragana, Script::Katakana, Script::Han].contains(&script(*c))
        }),
        Some('\u{660}'..='\u{669}') => !label.iter().any(|c| matches!(c, '\u{6f0}'..='\u{6f9}')),
        Some('\u{6f0}'..='\u{6f9}') => !label.iter().any(|c| matches!(c, '\u{660}'..='\u{669}')),
        Some(_) | None => false,
    }
}
