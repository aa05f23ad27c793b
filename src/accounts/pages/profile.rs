//! One's own account, and where one is logged in.

use ::http::StatusCode;
use serde_json::Value;

use super::{Visit, asker::Asker};
use crate::{
    accounts::{AccountError, AccountRequest, Answer, Own},
    pages::{Asks, Message, OpenSession, Page, Profile, Said},
};

pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let Some(asker) = visit.asker().await? else {
        return Ok(visit.go_to_login());
    };
    let login = visit.login_of(&asker).await?;
    let sessions = visit.sessions_of(&asker).await?;
    let sessions = sessions.as_ref().map(open_sessions);
    let said = visit.parameter("done");
    let links = visit.links(&[Asks::ToChange, Asks::ToLeave, Asks::ToLeaveUnasked]);
    let page = Page::Profile(Profile {
        login: &login,
        sessions,
        said: said.as_deref().and_then(done),
        links: &links,
        edits: visit.pages.edit.is_some(),
        manages: visit.leads_to_members(&asker).await?,
    });
    Ok(asker.kept_in(visit.page(StatusCode::OK, &page, "page")))
}

/// Ends the session that the form names, if it is one of theirs.
pub(super) async fn end_session(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    end(visit, Own::EndSession, "session-ended").await
}

/// Ends all but the one that asks.
pub(super) async fn end_others(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    end(visit, Own::LogoutOthers, "others-ended").await
}

async fn end(visit: &Visit<'_>, action: Own, done: &str) -> Result<Answer, AccountError> {
    if !visit.is_our_form() {
        return Ok(visit.message(Message::Expired));
    }
    let Some(asker) = visit.asker().await? else {
        return Ok(visit.go("/login"));
    };
    if visit.accounts.sessions.is_none() {
        return Ok(visit.message(Message::NotFound));
    }
    visit.end(&asker, action).await?;
    Ok(asker.kept_in(visit.go(&format!("/profile?done={done}"))))
}

impl Visit<'_> {
    /// What the route of this action does. Where nothing is kept there is nothing to end.
    pub(super) async fn end(&self, asker: &Asker, action: Own) -> Result<(), AccountError> {
        let accounts = self.accounts;
        if accounts.sessions.is_none() && accounts.kept_refresh.is_none() {
            return Ok(());
        }
        let request = self.as_asked_by(asker);
        accounts
            .own_sessions((action, self.endpoint), &request)
            .await?;
        Ok(())
    }

    /// The request as an account route has it: with the token that holds now.
    pub(super) fn as_asked_by(&self, asker: &Asker) -> AccountRequest {
        AccountRequest {
            cookie_token: Some(asker.token.clone()),
            authorization: None,
            page: None,
            ..self.request.clone()
        }
    }

    /// What somebody logs in with.
    pub(super) async fn login_of(&self, asker: &Asker) -> Result<String, AccountError> {
        let store = &self.accounts.store;
        let reading = store.reading(&self.pages.login)?;
        let id = asker.member.id.to_string();
        let row = store.read_by_id(&reading, &id).await?;
        let login = row.and_then(|(_, login)| login);
        Ok(login.map_or(id, |login| login.expose().clone()))
    }

    async fn sessions_of(&self, asker: &Asker) -> Result<Option<Value>, AccountError> {
        let Some(sessions) = &self.accounts.sessions else {
            return Ok(None);
        };
        let member = asker.member.id.to_string();
        let current = asker.session.as_deref();
        let listed = self.accounts.listed(sessions, &member, current).await?;
        Ok(Some(listed))
    }
}

fn done(word: &str) -> Option<Said> {
    match word {
        "session-ended" => Some(Said::SessionEnded),
        "others-ended" => Some(Said::OthersEnded),
        "profile-changed" => Some(Said::ProfileChanged),
        "password-changed" => Some(Said::PasswordChanged),
        _ => None,
    }
}

/// The sessions that an account route lists, as a page shows them; the one that asks comes first.
pub(super) fn open_sessions(listed: &Value) -> Vec<OpenSession<'_>> {
    let sessions = listed.get("sessions").and_then(Value::as_array);
    let shown = sessions.into_iter().flatten().map(|session| {
        let text = |name: &str| session.get(name).and_then(Value::as_str);
        OpenSession {
            id: text("id").unwrap_or_default(),
            agent: text("agent"),
            address: text("address"),
            opened: text("opened_at").unwrap_or_default(),
            used: text("used_at").unwrap_or_default(),
            current: session.get("current") == Some(&Value::Bool(true)),
        }
    });
    let mut shown: Vec<OpenSession<'_>> = shown.collect();
    shown.sort_by(|one, other| (other.current, other.used).cmp(&(one.current, one.used)));
    shown
}
