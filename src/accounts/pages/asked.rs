//! Fields that an operator chooses: what they are, and what was typed into them.

use serde_json::{Map, Value};

use super::Visit;
use crate::{
    accounts::fastapi::{Bound, Fault, Field, FieldType, typed},
    pages::{Input, Kind, Language, Wrong},
};

/// A field that a form asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it is to the action.
    pub role: Box<str>,
    /// Its name in the form.
    pub name: Box<str>,
    /// What its value has to be.
    pub rule: Field,
    /// What users read.
    pub label: Spoken,
    /// What helps to fill it in.
    pub hint: Option<Spoken>,
    /// Where one reads what one agrees to.
    pub link: Option<Box<str>>,
    /// How it is typed.
    pub kind: Kind,
    /// What browsers may fill in; empty where nothing is known.
    pub autocomplete: Box<str>,
    /// Whether a box has to be ticked, or anything else filled in.
    pub is_required: bool,
}

/// A text in each language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spoken {
    /// 한국어.
    pub korean: Box<str>,
    /// English.
    pub english: Box<str>,
}

/// What somebody typed into a field.
pub(super) struct Typed<'a> {
    pub(super) asked: &'a Asked,
    /// As it was typed; of a box, whether it is ticked.
    pub(super) text: &'a str,
    /// What it means, or what is wrong with it.
    pub(super) value: Result<Value, Wrong>,
    /// Whether it is what there was before.
    pub(super) stays: bool,
}

impl Spoken {
    pub(super) fn in_language(&self, language: Language) -> &str {
        match language {
            Language::Korean => &self.korean,
            Language::English => &self.english,
        }
    }
}

impl Asked {
    /// What is wrong with what was typed, or what it means; the same that a route of the action finds.
    fn read<'a>(&'a self, visit: &'a Visit<'_>) -> Typed<'a> {
        let said = visit.form.one(&self.name);
        let text = said.as_ref().ok().copied().flatten();
        let value = match (self.kind, said.is_ok()) {
            (Kind::Box, _) => self.ticked(text.is_some()),
            (_, false) => Err(Wrong::Unfit),
            (_, true) => self.meant(text),
        };
        Typed {
            asked: self,
            text: text.unwrap_or_default(),
            value,
            stays: false,
        }
    }

    fn meant(&self, text: Option<&str>) -> Result<Value, Wrong> {
        // No column takes one.
        if text.is_some_and(|text| text.contains('\0')) {
            return Err(Wrong::Unfit);
        }
        if text.is_none() && self.is_required {
            return Err(Wrong::Missing);
        }
        typed(&self.rule, text).map_err(|fault| wrong(&fault))
    }

    fn ticked(&self, is_ticked: bool) -> Result<Value, Wrong> {
        if self.is_required && !is_ticked {
            return Err(Wrong::NotAgreed);
        }
        Ok(match self.rule.field_type {
            FieldType::Boolean | FieldType::Json => is_ticked.into(),
            FieldType::Integer | FieldType::Number => i64::from(is_ticked).into(),
            FieldType::Text | FieldType::Email | FieldType::Date => {
                if is_ticked { "Y" } else { "N" }.into()
            }
        })
    }

    /// As a page shows it.
    pub(super) fn input<'a>(&'a self, language: Language, value: &'a str) -> Input<'a> {
        let hint = self.hint.as_ref();
        // A browser shows nothing for what it does not take for a day.
        let is_shown = self.kind != Kind::Date || value.is_empty() || is_day(value);
        Input {
            name: &self.name,
            label: self.label.in_language(language),
            hint: hint.map(|hint| hint.in_language(language).into()),
            link: self.link.as_deref(),
            kind: if is_shown { self.kind } else { Kind::Text },
            autocomplete: &self.autocomplete,
            value: if self.kind == Kind::Password {
                ""
            } else {
                value
            },
            is_required: self.is_required,
            wrong: None,
        }
    }
}

impl<'a> Typed<'a> {
    /// The field with what was typed, and what is wrong with it.
    pub(super) fn input(&self, language: Language) -> Input<'a> {
        Input {
            wrong: self.value.as_ref().err().copied(),
            ..self.asked.input(language, self.text)
        }
    }

    pub(super) fn is(&self, role: &str) -> bool {
        *self.asked.role == *role
    }
}

impl Visit<'_> {
    /// What was typed into these fields.
    pub(super) fn typed<'a>(&'a self, fields: &'a [Asked]) -> Vec<Typed<'a>> {
        fields.iter().map(|field| field.read(self)).collect()
    }
}

/// The values by what they are to the action.
pub(super) fn values(typed: &[Typed<'_>]) -> Map<String, Value> {
    let good = typed.iter().filter_map(|field| {
        let value = field.value.as_ref().ok()?;
        Some((field.asked.role.to_string(), value.clone()))
    });
    good.collect()
}

/// Says of a field that something is wrong with it, where it is asked for.
pub(super) fn blame(typed: &mut [Typed<'_>], role: &str, wrong: Wrong) -> bool {
    let mut fields = typed.iter_mut();
    let field = fields.find(|field| field.is(role));
    let is_there = field.is_some();
    if let Some(field) = field {
        field.value = Err(wrong);
    }
    is_there
}

/// Whether it is a day as a browser's field for one has it.
fn is_day(text: &str) -> bool {
    let shape = |(place, byte): (usize, u8)| match place {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    text.len() == 10 && text.bytes().enumerate().all(shape)
}

fn wrong(fault: &Fault) -> Wrong {
    let bound = |bound: Bound| match bound {
        Bound::Integer(bound) | Bound::Number(bound) => bound,
    };
    match *fault {
        Fault::Missing => Wrong::Missing,
        Fault::Email(_) => Wrong::NoEmail,
        Fault::TooShort(least) => Wrong::TooShort(least),
        Fault::TooLong(most) => Wrong::TooLong(most),
        Fault::TooSmall(least) => Wrong::TooSmall(bound(least)),
        Fault::TooLarge(most) => Wrong::TooLarge(bound(most)),
        Fault::NotInteger
        | Fault::IntegerParsing
        | Fault::Fraction
        | Fault::NotNumber
        | Fault::NumberParsing
        | Fault::IntegerSize
        | Fault::Infinite => Wrong::NoNumber,
        Fault::NotDate | Fault::NoDate(_) => Wrong::NoDate,
        Fault::NotAnObject
        | Fault::NotText
        | Fault::Unicode
        | Fault::Json(_)
        | Fault::Pattern(_)
        | Fault::NotBoolean
        | Fault::BooleanParsing => Wrong::Unfit,
    }
}
