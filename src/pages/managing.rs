//! The pages on which managers look after members: a search, and one member.

use std::borrow::Borrow;

use askama::Template;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Frame, OpenSession, manager_words::ManagerWords, words::Words};

/// What stays as it is of a value in a query.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A search for members, and what it has found.
#[derive(Debug, Clone, Default)]
pub struct Directory<'a> {
    /// The columns that can be searched by, besides the id.
    pub columns: &'a [String],
    /// The one that is searched by, or `id`.
    pub by: &'a str,
    /// What was typed.
    pub typed: &'a str,
    /// Who was found; `None` where nothing was asked yet.
    pub found: Option<Vec<Entry<'a>>>,
    /// The id of the last one, where others follow.
    pub last: Option<&'a str>,
}

/// One line of what was found.
#[derive(Debug, Clone, Default)]
pub struct Entry<'a> {
    /// The id of the row.
    pub id: &'a str,
    /// What the member logs in with.
    pub login: &'a str,
    /// The state that blocks the member.
    pub state: Option<&'a str>,
}

/// One member, and what can be done to them.
#[derive(Debug, Clone, Default)]
pub struct Managed<'a> {
    /// The id of the row.
    pub id: &'a str,
    /// What the member logs in with.
    pub login: &'a str,
    /// The state that blocks the member.
    pub state: Option<&'a str>,
    /// The columns that are shown, and their values as texts.
    pub columns: Vec<(&'a str, String)>,
    /// Where the member is logged in; `None` where sessions are not kept.
    pub sessions: Option<Vec<OpenSession<'a>>>,
    /// What was done before, the latest first.
    pub acts: Vec<PastAct<'a>>,
    /// Which forms there are.
    pub can: Can,
    /// Whether it is the manager, who does not act on themself.
    pub is_oneself: bool,
    /// What has just been done.
    pub done: Option<Deed>,
    /// Why nothing was done.
    pub undone: Option<Undone<'a>>,
}

/// Which forms there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Can {
    /// The member can be kept out.
    pub block: bool,
    /// The member can be let in again.
    pub admit: bool,
    /// The member can be let leave.
    pub withdraw: bool,
}

/// What managers do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Keep a member out.
    Block,
    /// Let them in again.
    Admit,
    /// End their sessions.
    EndSessions,
    /// Let them leave.
    Withdraw,
}

/// What a manager has done before.
#[derive(Debug, Clone)]
pub struct PastAct<'a> {
    /// What; `None` for what this version does not know.
    pub deed: Option<Deed>,
    /// Who: the id of their row.
    pub manager: &'a str,
    /// Why.
    pub reason: Option<&'a str>,
    /// When, as it is written.
    pub at: &'a str,
}

/// Why nothing was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undone<'a> {
    /// What was to be done.
    pub deed: Deed,
    /// Why it was not.
    pub why: WhyUndone,
    /// The reason, as it was typed.
    pub typed: &'a str,
}

/// Why a manager's form has done nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyUndone {
    /// There is no reason.
    ReasonMissing,
    /// It has too many characters.
    ReasonTooLong,
    /// It has characters that nobody can read.
    ReasonUnreadable,
    /// It was not said that it is meant.
    Unconfirmed,
    /// The member is in another state by now.
    Changed,
    /// It is the manager.
    Oneself,
}

impl Directory<'_> {
    pub(super) fn html(&self, frame: &Frame<'_>, words: &'static Words) -> askama::Result<String> {
        let own = frame.language.manager_words();
        let page = self;
        DirectoryHtml {
            frame,
            words,
            own,
            page,
        }
        .render()
    }
}

impl Managed<'_> {
    pub(super) fn html(&self, frame: &Frame<'_>, words: &'static Words) -> askama::Result<String> {
        let own = frame.language.manager_words();
        let page = self;
        ManagedHtml {
            frame,
            words,
            own,
            page,
        }
        .render()
    }
}

#[derive(Template)]
#[template(path = "directory.html", config = "src/pages/askama.toml")]
struct DirectoryHtml<'a> {
    frame: &'a Frame<'a>,
    words: &'static Words,
    own: &'static ManagerWords,
    page: &'a Directory<'a>,
}

#[derive(Template)]
#[template(path = "managed.html", config = "src/pages/askama.toml")]
struct ManagedHtml<'a> {
    frame: &'a Frame<'a>,
    words: &'static Words,
    own: &'static ManagerWords,
    page: &'a Managed<'a>,
}

impl DirectoryHtml<'_> {
    /// The query of the list that follows.
    fn following(&self, last: &str) -> String {
        let by = encoded(self.page.by);
        let (text, last) = (encoded(self.page.typed), encoded(last));
        format!("by={by}&text={text}&after={last}")
    }

    fn is_by(&self, column: &str) -> bool {
        self.page.by == column
    }
}

impl ManagedHtml<'_> {
    fn heading(&self) -> &str {
        if self.page.login.is_empty() {
            return self.page.id;
        }
        self.page.login
    }

    fn said(&self) -> Option<&'static str> {
        Some(match self.page.done? {
            Deed::Block => self.own.blocked,
            Deed::Admit => self.own.admitted,
            Deed::EndSessions => self.own.sessions_ended,
            Deed::Withdraw => self.own.withdrawn,
        })
    }

    /// What is wrong as a whole.
    fn alert(&self) -> Option<&'static str> {
        match self.page.undone?.why {
            WhyUndone::Changed => Some(self.own.changed),
            WhyUndone::Oneself => Some(self.own.oneself),
            WhyUndone::ReasonMissing
            | WhyUndone::ReasonTooLong
            | WhyUndone::ReasonUnreadable
            | WhyUndone::Unconfirmed => None,
        }
    }

    /// What is wrong with the form of this.
    fn error(&self, deed: impl Borrow<Deed>) -> Option<&'static str> {
        let undone = self
            .page
            .undone
            .filter(|undone| undone.deed == *deed.borrow())?;
        match undone.why {
            WhyUndone::ReasonMissing => Some(self.own.reason_missing),
            WhyUndone::ReasonTooLong => Some(self.own.reason_too_long),
            WhyUndone::ReasonUnreadable => Some(self.own.reason_unreadable),
            WhyUndone::Unconfirmed => Some(self.own.unconfirmed),
            WhyUndone::Changed | WhyUndone::Oneself => None,
        }
    }

    fn is_unconfirmed(&self, deed: impl Borrow<Deed>) -> bool {
        let mut undone = self.page.undone.iter();
        undone.any(|it| it.deed == *deed.borrow() && it.why == WhyUndone::Unconfirmed)
    }

    /// What was typed into the form of this.
    fn typed(&self, deed: impl Borrow<Deed>) -> &str {
        let undone = self
            .page
            .undone
            .filter(|undone| undone.deed == *deed.borrow());
        undone.map_or("", |undone| undone.typed)
    }

    fn name(&self, deed: Option<&Deed>) -> &'static str {
        match deed {
            Some(Deed::Block) => self.own.act_block,
            Some(Deed::Admit) => self.own.act_admit,
            Some(Deed::EndSessions) => self.own.act_end_sessions,
            Some(Deed::Withdraw) => self.own.act_withdraw,
            None => self.own.act_unknown,
        }
    }
}

/// A value in a query.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, PLAIN).to_string()
}
