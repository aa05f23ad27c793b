//! The pages as values, and as HTML.

use askama::Template;

use super::{
    Asks, Details, Directory, Form, Language, Managed, detail_words::DetailWords, device,
    words::Words,
};

/// What all pages have around them.
#[derive(Debug, Clone)]
pub struct Frame<'a> {
    /// What the service is called.
    pub brand: &'a str,
    /// Below which path the pages are, without a slash behind it.
    pub root: &'a str,
    /// The language of this page.
    pub language: Language,
    /// Those that it could be in.
    pub offered: &'a [Language],
    /// The path of this page below the root and its query, up to where the language is said; `None` for what answers a form.
    pub here: Option<&'a str>,
    /// Whether there is a style of the operator's own, which comes after ours.
    pub theme: bool,
    /// What forms bring, so that it is known that this page has sent them.
    pub form_token: Option<&'a str>,
}

/// One page.
#[derive(Debug, Clone)]
pub enum Page<'a> {
    /// A form for a name and a password.
    Login(Login<'a>),
    /// One's own account.
    Profile(Profile<'a>),
    /// A form with a few fields.
    Form(Form<'a>),
    /// A form with fields that the operator has chosen.
    Details(Details<'a>),
    /// Something that is said and needs no answer.
    Message(Message),
    /// A search for members, for managers.
    Directory(Directory<'a>),
    /// One member, for managers.
    Managed(Box<Managed<'a>>),
}

/// A form for a name and a password.
#[derive(Debug, Clone, Default)]
pub struct Login<'a> {
    /// The name, as it was typed before.
    pub typed: &'a str,
    /// Where to go on, below this origin.
    pub next: Option<&'a str>,
    /// Why it is shown again.
    pub refused: Option<Refused>,
    /// Forms for whoever cannot log in.
    pub links: &'a [Asks],
    /// Whether one can join here.
    pub joins: bool,
    /// Whether one has just joined.
    pub joined: bool,
}

/// Why a login was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// It is not said whether it was the name or the password.
    Wrong,
    /// There is no name.
    LoginMissing,
    /// There is no password.
    PasswordMissing,
    /// The account is blocked, and its owner has shown to be that.
    NotAdmitted,
    /// There were too many attempts.
    Later,
    /// It cannot be told at the moment.
    Unavailable,
}

/// One's own account.
#[derive(Debug, Clone, Default)]
pub struct Profile<'a> {
    /// What one logs in with.
    pub login: &'a str,
    /// Where one is logged in; `None` where sessions are not kept.
    pub sessions: Option<Vec<OpenSession<'a>>>,
    /// What has just been done.
    pub said: Option<Said>,
    /// Forms for what else can be done.
    pub links: &'a [Asks],
    /// Whether one can change what is known of oneself.
    pub edits: bool,
    /// Whether one may look after members.
    pub manages: bool,
}

/// A session that is open.
#[derive(Debug, Clone, Default)]
pub struct OpenSession<'a> {
    /// What it is known by.
    pub id: &'a str,
    /// What the software called itself.
    pub agent: Option<&'a str>,
    /// Where it was used last.
    pub address: Option<&'a str>,
    /// When it began, as RFC 3339 writes it.
    pub opened: &'a str,
    /// When it was used last, in the same way.
    pub used: &'a str,
    /// Whether it is the one that asks.
    pub current: bool,
}

/// What has just been done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// A session was ended.
    SessionEnded,
    /// All others were ended.
    OthersEnded,
    /// The password is another one.
    PasswordChanged,
    /// What is known of one is something else.
    ProfileChanged,
}

/// Something that is said and needs no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// One is logged out.
    LoggedOut,
    /// A code or a link was sent, if there was anybody to send it to.
    Sent,
    /// An address is proven.
    Proven,
    /// A new password was chosen.
    PasswordChosen,
    /// One has left.
    Left,
    /// There is no such page.
    NotFound,
    /// A form came that this page has not sent, or not lately.
    Expired,
    /// It is for others.
    Forbidden,
    /// It cannot be read.
    Refused,
    /// It came too often.
    Later,
    /// It failed, and it is nobody's fault who asks.
    Failed,
}

impl Page<'_> {
    /// As HTML.
    pub fn render(&self, frame: &Frame<'_>) -> String {
        let words = frame.language.words();
        let rendered = match self {
            Self::Details(page) => page.html(frame, words),
            Self::Directory(page) => page.html(frame, words),
            Self::Managed(page) => page.html(frame, words),
            Self::Login(page) => LoginHtml {
                frame,
                words,
                own: frame.language.detail_words(),
                page,
            }
            .render(),
            Self::Profile(page) => ProfileHtml {
                frame,
                words,
                own: frame.language.detail_words(),
                page,
            }
            .render(),
            Self::Form(page) => FormHtml { frame, words, page }.render(),
            Self::Message(page) => MessageHtml {
                frame,
                words,
                page: *page,
            }
            .render(),
        };
        // INVARIANT: a text takes whatever is written to it, and no value of a page fails to be written.
        rendered.expect("a text")
    }
}

#[derive(Template)]
#[template(path = "login.html", config = "src/pages/askama.toml")]
struct LoginHtml<'a> {
    frame: &'a Frame<'a>,
    words: &'static Words,
    own: &'static DetailWords,
    page: &'a Login<'a>,
}

#[derive(Template)]
#[template(path = "profile.html", config = "src/pages/askama.toml")]
struct ProfileHtml<'a> {
    frame: &'a Frame<'a>,
    words: &'static Words,
    own: &'static DetailWords,
    page: &'a Profile<'a>,
}

#[derive(Template)]
#[template(path = "form.html", config = "src/pages/askama.toml")]
struct FormHtml<'a> {
    frame: &'a Frame<'a>,
    words: &'static Words,
    page: &'a Form<'a>,
}

#[derive(Template)]
#[template(path = "message.html", config = "src/pages/askama.toml")]
struct MessageHtml<'a> {
    frame: &'a Frame<'a>,
    words: &'static Words,
    page: Message,
}

impl LoginHtml<'_> {
    /// What is wrong as a whole.
    fn alert(&self) -> Option<&'static str> {
        let words = self.words;
        match self.page.refused? {
            Refused::Wrong => Some(words.wrong),
            Refused::NotAdmitted => Some(words.not_admitted),
            Refused::Later => Some(words.later),
            Refused::Unavailable => Some(words.unavailable),
            Refused::LoginMissing | Refused::PasswordMissing => None,
        }
    }

    /// What is wrong with the name.
    fn login_error(&self) -> Option<&'static str> {
        (self.page.refused == Some(Refused::LoginMissing)).then_some(self.words.login_missing)
    }

    /// What is wrong with the password.
    fn password_error(&self) -> Option<&'static str> {
        let missing = self.page.refused == Some(Refused::PasswordMissing);
        missing.then_some(self.words.password_missing)
    }

    /// Where somebody begins to type: where something is wrong, or what is empty.
    fn begins_with_password(&self) -> bool {
        self.login_error().is_none() && !self.page.typed.is_empty()
    }
}

impl OpenSession<'_> {
    pub(super) fn device(&self, words: &Words) -> String {
        let agent = self.agent.filter(|agent| !agent.is_empty());
        agent.map_or_else(|| words.unknown_device.to_owned(), device::name)
    }

    pub(super) fn opened_at(&self) -> String {
        device::moment(self.opened)
    }

    pub(super) fn used_at(&self) -> String {
        device::moment(self.used)
    }
}

impl ProfileHtml<'_> {
    fn said(&self) -> Option<&'static str> {
        Some(match self.page.said? {
            Said::SessionEnded => self.words.session_ended,
            Said::OthersEnded => self.words.others_ended,
            Said::PasswordChanged => self.words.password_changed,
            Said::ProfileChanged => self.own.saved,
        })
    }

    /// Whether there are others to be ended.
    fn has_others(&self) -> bool {
        let mut sessions = self.page.sessions.iter().flatten();
        sessions.any(|session| !session.current)
    }
}

impl MessageHtml<'_> {
    fn heading(&self) -> &'static str {
        match self.page {
            Message::LoggedOut => self.words.logged_out,
            Message::Sent => self.words.sent,
            Message::Proven => self.words.proven,
            Message::PasswordChosen => self.words.password_chosen,
            Message::Left => self.words.left,
            Message::NotFound => self.words.not_found,
            Message::Expired => self.words.expired,
            Message::Forbidden => self.words.forbidden,
            Message::Refused => self.words.unreadable,
            Message::Later => self.words.too_often,
            Message::Failed => self.words.failed,
        }
    }

    fn explained(&self) -> &'static str {
        match self.page {
            Message::LoggedOut => self.words.logged_out_explained,
            Message::Sent => self.words.sent_explained,
            Message::Proven => self.words.proven_explained,
            Message::PasswordChosen => self.words.password_chosen_explained,
            Message::Left => self.words.left_explained,
            Message::NotFound => self.words.not_found_explained,
            Message::Expired => self.words.expired_explained,
            Message::Forbidden => self.words.forbidden_explained,
            Message::Refused => self.words.unreadable_explained,
            Message::Later => self.words.too_often_explained,
            Message::Failed => self.words.failed_explained,
        }
    }
}
