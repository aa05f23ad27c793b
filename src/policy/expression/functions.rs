//! The functions of expressions. The library has more: what is not here is a mistake.

use super::types::Type;

/// A function.
pub(super) struct Function {
    pub(super) name: &'static str,
    pub(super) form: Form,
    /// What it is applied to, the target first.
    wants: &'static [Wanted],
    /// How many of them there have to be.
    least: usize,
    pub(super) gives: Type,
}

/// How a function is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `size(x)`
    Global,
    /// `x.contains(y)`
    Member,
    /// Either.
    Both,
}

/// What may be given to a function.
#[derive(Clone, Copy)]
enum Wanted {
    Text,
    Sized,
    Scalar,
    Countable,
    Readable,
    MomentLike,
    DurationLike,
    Moment,
    Clock,
}

/// Every function.
pub(super) static FUNCTIONS: [Function; 19] = [
    of("size", Form::Both, &[Wanted::Sized], Type::Integer),
    of(
        "contains",
        Form::Member,
        &[Wanted::Text, Wanted::Text],
        Type::Boolean,
    ),
    of(
        "startsWith",
        Form::Member,
        &[Wanted::Text, Wanted::Text],
        Type::Boolean,
    ),
    of(
        "endsWith",
        Form::Member,
        &[Wanted::Text, Wanted::Text],
        Type::Boolean,
    ),
    of("string", Form::Global, &[Wanted::Scalar], Type::Text),
    of("int", Form::Global, &[Wanted::Countable], Type::Integer),
    of("double", Form::Global, &[Wanted::Readable], Type::Float),
    of(
        "timestamp",
        Form::Global,
        &[Wanted::MomentLike],
        Type::Moment,
    ),
    of(
        "duration",
        Form::Global,
        &[Wanted::DurationLike],
        Type::Duration,
    ),
    part("getFullYear", &[Wanted::Moment, Wanted::Text]),
    part("getMonth", &[Wanted::Moment, Wanted::Text]),
    part("getDate", &[Wanted::Moment, Wanted::Text]),
    part("getDayOfMonth", &[Wanted::Moment, Wanted::Text]),
    part("getDayOfWeek", &[Wanted::Moment, Wanted::Text]),
    part("getDayOfYear", &[Wanted::Moment, Wanted::Text]),
    part("getHours", &[Wanted::Clock, Wanted::Text]),
    part("getMinutes", &[Wanted::Clock, Wanted::Text]),
    part("getSeconds", &[Wanted::Clock, Wanted::Text]),
    part("getMilliseconds", &[Wanted::Clock, Wanted::Text]),
];

/// What the parser makes something else of.
const MACROS: [&str; 7] = [
    "has",
    "all",
    "exists",
    "exists_one",
    "existsOne",
    "map",
    "filter",
];

/// Every name that can be called.
pub(super) fn names() -> Vec<&'static str> {
    let functions = FUNCTIONS.iter().map(|function| function.name);
    functions.chain(MACROS).collect()
}

/// The function of this name.
pub(super) fn named(name: &str) -> Option<&'static Function> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// Whether a name is that of a macro, which was then written in a way that the parser has left alone.
pub(super) fn is_macro(name: &str) -> bool {
    MACROS.contains(&name)
}

const fn of(name: &'static str, form: Form, wants: &'static [Wanted], gives: Type) -> Function {
    Function {
        name,
        form,
        wants,
        least: wants.len(),
        gives,
    }
}

/// A part of a moment, in UTC or, if one is named, in another zone.
const fn part(name: &'static str, wants: &'static [Wanted]) -> Function {
    Function {
        name,
        form: Form::Member,
        wants,
        least: 1,
        gives: Type::Integer,
    }
}

impl Function {
    /// What is wrong with what it is given.
    pub(super) fn complaint(&self, given: &[Type]) -> Option<String> {
        if !(self.least..=self.wants.len()).contains(&given.len()) {
            return Some(format!(
                "`{}` is not given as much as it needs",
                self.usage()
            ));
        }
        let unfit = given
            .iter()
            .zip(self.wants)
            .find(|(given, wanted)| !wanted.takes(given));
        unfit.map(|(given, _)| format!("`{}` cannot be applied to {given}", self.usage()))
    }

    /// How it is written.
    pub(super) fn usage(&self) -> String {
        let mut words = self
            .wants
            .iter()
            .take(self.least)
            .map(|wanted| wanted.word());
        match self.form {
            Form::Global | Form::Both => {
                let words: Vec<&str> = words.collect();
                format!("{}({})", self.name, words.join(", "))
            }
            Form::Member => {
                let target = words.next().unwrap_or_default();
                let words: Vec<&str> = words.collect();
                format!("{target}.{}({})", self.name, words.join(", "))
            }
        }
    }
}

impl Wanted {
    fn takes(self, given: &Type) -> bool {
        let one_of = |types: &[Type]| types.iter().any(|wanted| given.may_be(wanted));
        match self {
            Self::Text => one_of(&[Type::Text]),
            Self::Sized => one_of(&[Type::Text]) || matches!(given, Type::List(_)),
            Self::Scalar => {
                given.is_number()
                    || one_of(&[Type::Text, Type::Boolean, Type::Moment, Type::Duration])
            }
            Self::Countable => given.is_number() || one_of(&[Type::Text, Type::Moment]),
            Self::Readable => given.is_number() || one_of(&[Type::Text]),
            Self::MomentLike => one_of(&[Type::Text, Type::Integer, Type::Moment]),
            Self::DurationLike => one_of(&[Type::Text, Type::Duration]),
            Self::Moment => one_of(&[Type::Moment]),
            Self::Clock => one_of(&[Type::Moment, Type::Duration]),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Text | Self::DurationLike => "text",
            Self::Sized => "text or list",
            Self::Scalar => "value",
            Self::Countable => "number, text or timestamp",
            Self::Readable => "number or text",
            Self::MomentLike => "text or seconds",
            Self::Moment => "timestamp",
            Self::Clock => "timestamp or duration",
        }
    }
}
