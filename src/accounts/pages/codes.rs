//! Codes and links: being sent one, proving an address, choosing a password.
//!
//! Whether there is an account nobody learns: what is sent is the same page for everybody, and so is what is refused.

use std::sync::Arc;

use ::http::StatusCode;

use super::Visit;
use crate::{
    accounts::{
        AccountError, Answer,
        codes::{Asking, Chosen, Codes, Reset, Whom},
    },
    member::code::{Form as CodeForm, Purpose},
    pages::{Asks, Form, Message, Objection, Page},
    secret::Secret,
};

/// The form; the code of a link is in its address.
pub(super) fn show(visit: &Visit<'_>, asks: Asks) -> Answer {
    if !visit.offers(asks) {
        return visit.message(Message::NotFound);
    }
    let code = visit.parameter("code");
    visit.form(asks, code.as_deref(), None)
}

/// A code or a link is sent, if there is anybody to send it to.
pub(super) fn send(
    visit: &Visit<'_>,
    (asks, purpose): (Asks, Purpose),
) -> Result<Answer, AccountError> {
    let Some(codes) = checked(visit, asks) else {
        return Ok(visit.refusal(asks));
    };
    let Some(login) = visit.field("login") else {
        return Ok(visit.form(asks, None, Some(Objection::Missing)));
    };
    let whom = Whom::Login(login.to_owned());
    codes.send_later(purpose, (whom, None), visit.asking())?;
    let typed = visit.form_of(purpose) != Some(CodeForm::Link);
    let next = match (purpose, typed) {
        (Purpose::Reset, true) => Asks::ToReset.path(),
        (Purpose::Verify, true) => Asks::ToProve.path(),
        (Purpose::Reset | Purpose::Verify, false) => "/sent",
    };
    Ok(visit.go(next))
}

/// An address is proven.
pub(super) async fn verify(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    const ASKS: Asks = Asks::ToProve;
    let Some(codes) = checked(visit, ASKS) else {
        return Ok(visit.refusal(ASKS));
    };
    let Some((whom, code)) = proof(visit, Purpose::Verify) else {
        return Ok(visit.form(ASKS, None, Some(Objection::Missing)));
    };
    let verified = codes.verify_address((whom, code), &visit.request.sender);
    Ok(match verified.await? {
        Some(_) => visit.go("/verified"),
        None => visit.form(ASKS, visit.link_code(), Some(Objection::WrongCode)),
    })
}

/// A password is chosen.
pub(super) async fn reset(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    const ASKS: Asks = Asks::ToReset;
    let Some(codes) = checked(visit, ASKS) else {
        return Ok(visit.refusal(ASKS));
    };
    let again = |objection| Ok(visit.form(ASKS, visit.link_code(), Some(objection)));
    let proof = proof(visit, Purpose::Reset);
    let typed = |name| visit.field(name).map(|text| Secret::new(text.to_owned()));
    let passwords = typed("password").zip(typed("password_again"));
    let Some(((whom, code), (password, second))) = proof.zip(passwords) else {
        return again(Objection::Missing);
    };
    let chosen = Chosen {
        whom,
        login: visit.field("login").unwrap_or_default().to_owned(),
        code,
        password,
        again: Some(second),
    };
    let chosen = visit
        .accounts
        .choose_password(codes, chosen, &visit.request);
    match chosen.await? {
        Reset::Done => Ok(visit.go("/password-chosen")),
        Reset::Refused => again(Objection::WrongCode),
        Reset::Weak("differs") => again(Objection::Differs),
        Reset::Weak(_) => again(Objection::Weak),
    }
}

/// What sends codes, where there is the form and one of our pages has sent it.
fn checked<'v>(visit: &'v Visit<'_>, asks: Asks) -> Option<&'v Arc<Codes>> {
    let codes = visit.accounts.codes.as_ref()?;
    (visit.offers(asks) && visit.page.sent.is_ok()).then_some(codes)
}

/// The code, and whose it is where it does not say so itself.
fn proof(visit: &Visit<'_>, purpose: Purpose) -> Option<(Option<Whom>, Secret<String>)> {
    let code = Secret::new(visit.field("code")?.to_owned());
    let login = visit.field("login");
    let whom = login.map(|login| Whom::Login(login.to_owned()));
    let is_link = visit.form_of(purpose) == Some(CodeForm::Link);
    (is_link || whom.is_some()).then_some((whom, code))
}

impl Visit<'_> {
    /// A form with a few fields, for the first time or again.
    pub(super) fn form(
        &self,
        asks: Asks,
        code: Option<&str>,
        objection: Option<Objection>,
    ) -> Answer {
        let login = self.field("login").unwrap_or_default();
        self.form_of_somebody(asks, (login, code), objection)
    }

    /// The same for whoever logs in with this.
    pub(super) fn form_of_somebody(
        &self,
        asks: Asks,
        (login, code): (&str, Option<&str>),
        objection: Option<Objection>,
    ) -> Answer {
        let (status, outcome) = match objection {
            None => (StatusCode::OK, "page"),
            Some(Objection::Missing | Objection::Differs) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "invalid")
            }
            Some(Objection::Weak) => (StatusCode::UNPROCESSABLE_ENTITY, "weak_password"),
            Some(Objection::WrongCode) => (StatusCode::BAD_REQUEST, "refused"),
            Some(Objection::WrongPassword) => (StatusCode::FORBIDDEN, "refused"),
            Some(Objection::Later) => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        };
        let page = Page::Form(Form {
            asks,
            login,
            code,
            objection,
        });
        self.page(status, &page, outcome)
    }

    /// What is said of a form that there is not, or that no page of ours has sent.
    pub(super) fn refusal(&self, asks: Asks) -> Answer {
        self.message(if self.offers(asks) {
            Message::Expired
        } else {
            Message::NotFound
        })
    }

    /// The code of a link, which a form has hidden; a name beside it says that it was typed.
    fn link_code(&self) -> Option<&str> {
        let typed = self.field("login").is_some();
        self.field("code").filter(|_| !typed)
    }

    /// In the language of the page.
    pub(super) fn asking(&self) -> Asking {
        Asking {
            languages: Some(self.language.tag().to_owned()),
            ..self.request.asking()
        }
    }
}
