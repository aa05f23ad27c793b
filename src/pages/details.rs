//! Forms whose fields an operator chooses: to join, and to change what is known of oneself.

use std::borrow::Cow;

use askama::Template;

use super::{Frame, detail_words::DetailWords, words::Words};

/// A form with fields that an operator has chosen.
#[derive(Debug, Clone)]
pub struct Details<'a> {
    /// What it is for.
    pub about: About,
    /// The fields.
    pub inputs: Vec<Input<'a>>,
    /// What is wrong with it as a whole.
    pub refused: Option<NotTaken>,
}

/// What a form is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// To join.
    SignUp,
    /// To change what is known of oneself.
    Profile,
}

/// One field.
#[derive(Debug, Clone)]
pub struct Input<'a> {
    /// Its name in the form.
    pub name: &'a str,
    /// What users read.
    pub label: &'a str,
    /// What helps to fill it in.
    pub hint: Option<Cow<'a, str>>,
    /// Where one reads what one agrees to.
    pub link: Option<&'a str>,
    /// How it is typed.
    pub kind: Kind,
    /// What browsers may fill in; empty where nothing is known.
    pub autocomplete: &'a str,
    /// What it holds; of a box, whether it is ticked: empty if not. Never a password.
    pub value: &'a str,
    /// Whether it has to be filled in.
    pub is_required: bool,
    /// What is wrong with it.
    pub wrong: Option<Wrong>,
}

/// How a field is typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any text.
    Text,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
    /// The address of a page.
    Address,
    /// A day.
    Date,
    /// A whole number.
    Number,
    /// A number.
    Decimal,
    /// A password.
    Password,
    /// Yes or no.
    Box,
}

/// What is wrong with a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    /// It is empty.
    Missing,
    /// It has to be agreed to.
    NotAgreed,
    /// It is no e-mail address.
    NoEmail,
    /// It is no number.
    NoNumber,
    /// It is no day.
    NoDate,
    /// It has fewer characters than this.
    TooShort(i64),
    /// It has more characters than this.
    TooLong(i64),
    /// It is less than this.
    TooSmall(i64),
    /// It is more than this.
    TooLarge(i64),
    /// It is nothing that can be kept there.
    Unfit,
    /// Somebody else has it.
    Taken,
    /// Whoever had it has left a short time ago.
    TooEarly,
    /// The two passwords differ.
    Differs,
    /// The password there is is another one.
    WrongPassword,
    /// A password of this kind of weakness.
    Weak(Weak),
}

/// Why a password is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weak {
    /// It has fewer kinds of characters than this.
    Plain(usize),
    /// It is what its user logs in with.
    Login,
    /// Anything else.
    Other,
}

/// What is wrong with a form as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotTaken {
    /// A field or several are wrong, and say so themselves.
    Fields,
    /// It cannot be kept like this, and nobody knows for which field.
    Unfit,
    /// Something of it somebody else has.
    Taken,
    /// It was changed meanwhile.
    Outrun,
    /// There were too many attempts.
    Later,
    /// It cannot be done at the moment.
    Unavailable,
}

/// What a new password has to be like, for whoever chooses one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PasswordHint {
    /// The fewest characters.
    pub min: usize,
    /// How many of the four kinds of characters there have to be.
    pub kinds: usize,
}

#[derive(Template)]
#[template(path = "details.html", config = "src/pages/askama.toml")]
struct DetailsHtml<'a> {
    frame: &'a Frame<'a>,
    words: &'static Words,
    own: &'static DetailWords,
    page: &'a Details<'a>,
    fields: Vec<Numbered<'a>>,
}

/// A field with its number, by which its parts are told from those of others.
struct Numbered<'a> {
    id: usize,
    input: &'a Input<'a>,
    /// Whether somebody begins to type here.
    begins: bool,
}

impl About {
    /// Where it is, below the root.
    pub fn path(self) -> &'static str {
        match self {
            Self::SignUp => "/signup",
            Self::Profile => "/profile/edit",
        }
    }

    pub(super) fn title(self, own: &DetailWords) -> &'static str {
        match self {
            Self::SignUp => own.sign_up,
            Self::Profile => own.edit,
        }
    }

    fn send(self, own: &DetailWords) -> &'static str {
        match self {
            Self::SignUp => own.sign_up,
            Self::Profile => own.save,
        }
    }
}

impl Kind {
    fn input(self) -> &'static str {
        match self {
            Self::Text | Self::Number | Self::Decimal => "text",
            Self::Email => "email",
            Self::Phone => "tel",
            Self::Address => "url",
            Self::Date => "date",
            Self::Password => "password",
            Self::Box => "checkbox",
        }
    }

    /// Which keys a screen offers, where its type does not say so.
    fn keys(self) -> Option<&'static str> {
        match self {
            Self::Number => Some("numeric"),
            Self::Decimal => Some("decimal"),
            Self::Text
            | Self::Email
            | Self::Phone
            | Self::Address
            | Self::Date
            | Self::Password
            | Self::Box => None,
        }
    }
}

impl Input<'_> {
    fn is_box(&self) -> bool {
        self.kind == Kind::Box
    }

    /// What browsers fill in; they are told to leave alone what nobody knows.
    fn filled_in(&self) -> &str {
        if self.autocomplete.is_empty() {
            "off"
        } else {
            self.autocomplete
        }
    }

    fn error(&self, own: &DetailWords) -> Option<String> {
        Some(self.wrong?.said(own))
    }
}

impl Numbered<'_> {
    /// What else is read with it, by their ids.
    fn described(&self) -> Option<String> {
        let Self { id, input, .. } = self;
        let error = input.wrong.is_some().then(|| format!("error-{id}"));
        let hint = input.hint.is_some().then(|| format!("hint-{id}"));
        let both: Vec<String> = error.into_iter().chain(hint).collect();
        (!both.is_empty()).then(|| both.join(" "))
    }
}

impl Details<'_> {
    pub(super) fn html(&self, frame: &Frame<'_>, words: &'static Words) -> askama::Result<String> {
        let own = frame.language.detail_words();
        let page = self;
        DetailsHtml {
            frame,
            words,
            own,
            page,
            fields: self.numbered(),
        }
        .render()
    }

    fn alert(&self, own: &DetailWords) -> Option<&'static str> {
        Some(match self.refused? {
            NotTaken::Fields => own.fields,
            NotTaken::Unfit => own.not_kept,
            NotTaken::Taken => own.taken,
            NotTaken::Outrun => own.outrun,
            NotTaken::Later => own.later,
            NotTaken::Unavailable => own.unavailable,
        })
    }

    /// Somebody begins to type at what is wrong, or at the first field of an empty form.
    fn numbered(&self) -> Vec<Numbered<'_>> {
        let wrong = self.inputs.iter().position(|input| input.wrong.is_some());
        let first = (self.about == About::SignUp && self.refused.is_none()).then_some(0);
        let begins = wrong.or(first);
        let inputs = self.inputs.iter().enumerate();
        let numbered = inputs.map(|(id, input)| Numbered {
            id,
            input,
            begins: begins == Some(id),
        });
        numbered.collect()
    }
}

impl Wrong {
    fn said(self, own: &DetailWords) -> String {
        let fixed = match self {
            Self::TooShort(least) => return with(own.too_short, least),
            Self::TooLong(most) => return with(own.too_long, most),
            Self::TooSmall(least) => return with(own.too_small, least),
            Self::TooLarge(most) => return with(own.too_large, most),
            Self::Weak(Weak::Plain(kinds)) => return with(own.plain, kinds),
            Self::Weak(Weak::Login) => own.like_login,
            Self::Weak(Weak::Other) => own.weak,
            Self::Missing => own.missing,
            Self::NotAgreed => own.not_agreed,
            Self::NoEmail => own.no_email,
            Self::NoNumber => own.no_number,
            Self::NoDate => own.no_date,
            Self::Unfit => own.unfit,
            Self::Taken => own.taken,
            Self::TooEarly => own.too_early,
            Self::Differs => own.differs,
            Self::WrongPassword => own.wrong_password,
        };
        fixed.to_owned()
    }
}

impl PasswordHint {
    /// In the words of a language.
    pub fn said(self, language: super::Language) -> String {
        let own = language.detail_words();
        let length = with(own.at_least, self.min);
        if self.kinds > 1 {
            format!("{length} {}", with(own.kinds, self.kinds))
        } else {
            length
        }
    }
}

fn with(text: &str, number: impl std::fmt::Display) -> String {
    text.replace("{}", &number.to_string())
}
