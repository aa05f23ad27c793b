//! The pages of members, for teams that have none: everything below one root.
//!
//! A page is one file here. It is told of a `Visit`, asks who it is that visits, checks a form before it does anything, and
//! calls what answers account routes as well: nothing is decided here that those decide. What is written stands in
//! [`crate::pages`].

mod answer;
mod asked;
mod asker;
mod codes;
mod edit;
mod failed;
mod login;
mod members;
mod offers;
mod own;
mod profile;
mod request;
mod sign_up;
mod style;
mod visit;

use std::sync::Arc;

use ::http::Method;

use super::{AccountError, AccountRequest, Accounts, Answer, members::Act};
use crate::{
    http::set_cookie::CookieShape,
    member::code::Purpose,
    pages::{Asks, Language, Message, Page},
    policy::csrf::CsrfPolicy,
};
use visit::Visit;

pub use answer::headers;
pub use asked::{Asked, Spoken};
pub use edit::EditPage;
pub use failed::Failed;
pub use request::PageRequest;
pub use sign_up::SignUpPage;
pub use style::Sheet;

/// The pages of members.
#[derive(Debug)]
pub struct Pages {
    /// Below which path they are, without a slash behind it.
    pub root: Box<str>,
    /// What the service is called.
    pub brand: Box<str>,
    /// The languages, the first for whoever wants none of them.
    pub languages: Vec<Language>,
    /// Our own style.
    pub style: Sheet,
    /// The operator's, behind it.
    pub theme: Option<Sheet>,
    /// Whose forms are taken.
    pub csrf: CsrfPolicy,
    /// The cookie with the language that was chosen.
    pub language: CookieShape,
    /// The column that users log in with.
    pub login: String,
    /// Whether passwords may be changed here.
    pub changes_password: bool,
    /// Where users join, if they do.
    pub sign_up: Option<SignUpPage>,
    /// Where users change what is known of them, if they do.
    pub edit: Option<EditPage>,
}

/// What somebody does with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Does {
    /// Looks at it.
    Looks,
    /// Sends its form.
    Sends,
}

impl Accounts {
    /// Answers a request to a page; what failed fails with a page.
    pub(super) async fn visited(
        self: &Arc<Self>,
        (pages, endpoint): (&Pages, usize),
        mut request: AccountRequest,
    ) -> Result<Answer, AccountError> {
        let page = request.page.take().ok_or(AccountError::NoEndpoint)?;
        let visit = Visit::new((self, endpoint), pages, *page, request);
        let answer = match open(&visit).await {
            Ok(answer) => answer,
            Err(error) => return Err(visit.failed(error)),
        };
        Ok(visit.remembering_language(answer))
    }

    /// The pages, if they are what an endpoint is.
    pub fn pages(&self, endpoint: usize) -> Option<&Pages> {
        match self.endpoints.get(endpoint) {
            Some(super::Endpoint::Pages(pages)) => Some(pages),
            Some(_) | None => None,
        }
    }
}

/// Every page there is.
async fn open(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    use Does::{Looks, Sends};
    match (visit.path(), visit.does()) {
        ("/style.css", Looks) => Ok(visit.sheet(&visit.pages.style)),
        ("/theme.css", Looks) => Ok(match &visit.pages.theme {
            Some(theme) => visit.sheet(theme),
            None => visit.message(Message::NotFound),
        }),
        ("/login", Looks) => login::show(visit).await,
        ("/login", Sends) => login::sent(visit).await,
        ("/logout", Sends) => login::logout(visit).await,
        ("/logged-out", Looks) => Ok(visit.message(Message::LoggedOut)),
        ("/signup", Looks) => sign_up::show(visit).await,
        ("/signup", Sends) => sign_up::sent(visit).await,
        ("/profile", Looks) => profile::show(visit).await,
        ("/profile/edit", Looks) => edit::show(visit).await,
        ("/profile/edit", Sends) => edit::sent(visit).await,
        ("/sent", Looks) => Ok(visit.message(Message::Sent)),
        ("/verified", Looks) => Ok(visit.message(Message::Proven)),
        ("/password-chosen", Looks) => Ok(visit.message(Message::PasswordChosen)),
        ("/left", Looks) => Ok(visit.message(Message::Left)),
        ("/forgot-password", Looks) => Ok(codes::show(visit, Asks::ForReset)),
        ("/forgot-password", Sends) => codes::send(visit, (Asks::ForReset, Purpose::Reset)),
        ("/new-password", Looks) => Ok(codes::show(visit, Asks::ToReset)),
        ("/new-password", Sends) => codes::reset(visit).await,
        ("/send-code", Looks) => Ok(codes::show(visit, Asks::ForProof)),
        ("/send-code", Sends) => codes::send(visit, (Asks::ForProof, Purpose::Verify)),
        ("/verify", Looks) => Ok(codes::show(visit, Asks::ToProve)),
        ("/verify", Sends) => codes::verify(visit).await,
        ("/password", Looks) => own::show(visit, Asks::ToChange).await,
        ("/password", Sends) => own::change_password(visit).await,
        ("/withdraw", Looks) => own::show(visit, visit.leaving()).await,
        ("/withdraw", Sends) => own::withdraw(visit).await,
        ("/sessions/end", Sends) => profile::end_session(visit).await,
        ("/sessions/end-others", Sends) => profile::end_others(visit).await,
        ("/members", Looks) => members::search(visit).await,
        ("/members/view", Looks) => members::view(visit).await,
        ("/members/block", Sends) => members::sent(visit, Act::Block).await,
        ("/members/admit", Sends) => members::sent(visit, Act::Admit).await,
        ("/members/end-sessions", Sends) => members::sent(visit, Act::EndSessions).await,
        ("/members/withdraw", Sends) => members::sent(visit, Act::Withdraw).await,
        (
            "/members/block" | "/members/admit" | "/members/end-sessions" | "/members/withdraw",
            Looks,
        ) => Ok(visit.go("/members")),
        // Where a form was sent to: whoever loads that again sees where it is. So does who comes to the root.
        ("" | "/logout" | "/sessions/end" | "/sessions/end-others", Looks) => {
            Ok(visit.go("/profile"))
        }
        (_, Looks | Sends) => Ok(visit.message(Message::NotFound)),
    }
}

impl Pages {
    /// What a request is told that was refused before any page was asked.
    pub fn refusal(&self, status: ::http::StatusCode, language: Language) -> String {
        let message = failed::message(status);
        Page::Message(message).render(&self.frame(language))
    }
}

impl Does {
    fn of(method: &Method) -> Self {
        if *method == Method::POST {
            Self::Sends
        } else {
            Self::Looks
        }
    }
}
