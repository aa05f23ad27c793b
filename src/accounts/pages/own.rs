//! What members do with their own account: change the password, leave.

use ::http::{StatusCode, header};

use super::{Visit, asker::Asker, login::OWN_COOKIES};
use crate::{
    accounts::{
        AccountError, AccountRequest, After, Answer, NewPassword, Oneself, PasswordChanged,
    },
    pages::{Asks, Form, Message, Objection, Page},
    secret::Secret,
};

/// The form, for whoever is logged in.
pub(super) async fn show(visit: &Visit<'_>, asks: Asks) -> Result<Answer, AccountError> {
    if !visit.offers(asks) {
        return Ok(visit.message(Message::NotFound));
    }
    let Some(asker) = visit.asker().await? else {
        return Ok(visit.go_to_login());
    };
    visit.own_form(asker, asks, None).await
}

/// The form of `/password` was sent.
pub(super) async fn change_password(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    const ASKS: Asks = Asks::ToChange;
    if !visit.offers(ASKS) || !visit.is_our_form() {
        return Ok(visit.refusal(ASKS));
    }
    let Some(asker) = visit.asker().await? else {
        return Ok(visit.go_to_login());
    };
    let typed = |name| visit.field(name).map(|text| Secret::new(text.to_owned()));
    let typed = (
        typed("current_password"),
        typed("password"),
        typed("password_again"),
    );
    let (Some(current), Some(new), Some(again)) = typed else {
        return visit.own_form(asker, ASKS, Some(Objection::Missing)).await;
    };
    let change = NewPassword {
        current,
        new,
        again: Some(again),
    };
    let oneself = Oneself {
        member: asker.member.clone(),
        session: asker
            .session
            .clone()
            .filter(|_| visit.accounts.sessions.is_some()),
    };
    let request = visit.in_own_words(&asker);
    // The session goes on where it can be told from the others.
    let after = match oneself.session {
        Some(_) => After::GoesOn,
        None => After::BeginsAnew,
    };
    let changed = visit
        .accounts
        .change_password(&oneself, change, (after, &request));
    let objection = match changed
        .await
        .map_err(|error| visit.too_often(error, ASKS))?
    {
        PasswordChanged::Done(granted) => {
            let mut answer = visit.go("/profile?done=password-changed");
            if let Some(granted) = granted {
                let now = visit.accounts.now();
                let fields = visit.accounts.cookies.set(&OWN_COOKIES, &granted, now)?;
                let fields = fields.into_iter().map(|field| (header::SET_COOKIE, field));
                answer.headers.extend(fields);
                return Ok(answer);
            }
            return Ok(asker.kept_in(answer));
        }
        PasswordChanged::WrongPassword | PasswordChanged::Outrun => Objection::WrongPassword,
        PasswordChanged::Weak("differs") => Objection::Differs,
        PasswordChanged::Weak(_) => Objection::Weak,
    };
    visit.own_form(asker, ASKS, Some(objection)).await
}

/// The form of `/withdraw` was sent.
pub(super) async fn withdraw(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let asks = visit.leaving();
    if !visit.offers(asks) || !visit.is_our_form() {
        return Ok(visit.refusal(asks));
    }
    let Some(asker) = visit.asker().await? else {
        return Ok(visit.go_to_login());
    };
    let request = visit.in_own_words(&asker);
    if asks == Asks::ToLeave {
        let typed = visit
            .field("password")
            .map(|text| Secret::new(text.to_owned()));
        let proven = visit.accounts.proves(&request, &asker.member, typed).await;
        if !proven.map_err(|error| visit.too_often(error, asks))? {
            let why = Some(Objection::WrongPassword);
            return visit.own_form(asker, asks, why).await;
        }
    }
    visit.accounts.left(&asker.member, &request).await?;
    let answer = visit.go("/left");
    Ok(visit.accounts.taking_cookies(visit.endpoint, answer))
}

impl Visit<'_> {
    /// The form by which somebody leaves here.
    pub(super) fn leaving(&self) -> Asks {
        match self.asks_leavers() {
            Some(false) => Asks::ToLeaveUnasked,
            Some(true) | None => Asks::ToLeave,
        }
    }

    /// A form of whoever is logged in, which says who that is to what keeps passwords.
    async fn own_form(
        &self,
        asker: Asker,
        asks: Asks,
        objection: Option<Objection>,
    ) -> Result<Answer, AccountError> {
        let login = self.login_of(&asker).await?;
        let form = self.form_of_somebody(asks, (&login, None), objection);
        Ok(asker.kept_in(form))
    }

    /// The request of whoever is logged in; what they are written is in the language of the page.
    fn in_own_words(&self, asker: &Asker) -> AccountRequest {
        AccountRequest {
            languages: self.asking().languages,
            ..self.as_asked_by(asker)
        }
    }

    /// Too many attempts are said in the form; whatever else fails is no matter of the form.
    fn too_often(&self, error: AccountError, asks: Asks) -> AccountError {
        if error.outcome().status != StatusCode::TOO_MANY_REQUESTS {
            return error;
        }
        let page = Page::Form(Form {
            asks,
            login: "",
            code: None,
            objection: Some(Objection::Later),
        });
        self.failed_with(error, &page)
    }
}
