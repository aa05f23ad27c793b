//! What users do with their sessions: end this one, the others, one of them or all; look at them.

use ::http::{StatusCode, header};
use serde_json::{Value, json};

use super::{
    Sessions, event,
    presented::{Fields, KindOf},
};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, refresh::Held},
    state::{EndedBy, Session, Which},
};

/// What a route does with the sessions of whoever shows a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    /// Ends the token's own.
    Logout,
    /// Ends the others.
    LogoutOthers,
    /// Ends all, and whatever was granted without one.
    LogoutEverywhere,
    /// Ends the one that is named.
    EndSession,
    /// Lists them.
    List,
}

impl Accounts {
    pub(in crate::accounts) async fn own_sessions(
        &self,
        (action, endpoint): (Own, usize),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let fields = Fields::of(request);
        let token = request
            .shown_token(&fields)
            .ok_or(AccountError::MissingToken)?;
        if let Some(kept) = &self.kept_refresh
            && matches!(action, Own::Logout | Own::LogoutEverywhere)
        {
            let holder = self.genuine_holder(kept, token.expose()).await?;
            let (member, _) = holder.ok_or(AccountError::InvalidToken)?;
            self.forget_refresh(kept, &member.id).await?;
            if self.sessions.is_none() {
                event::ended(
                    &member.id.to_string(),
                    1,
                    EndedBy::Logout,
                    Some(&request.sender),
                );
                return Ok(self.taking_cookies(endpoint, no_store(&json!({ "ended": 1 }), "ended")));
            }
        }
        let sessions = self.sessions.as_ref().ok_or(AccountError::NoEndpoint)?;
        let held = self.either(token.expose(), KindOf::Access).await?;
        let (kind, held) = held.ok_or(AccountError::InvalidToken)?;
        let current = self.session_of(sessions, kind, &held).await?;
        let member = held.member.id.to_string();
        let this = || current.clone().ok_or(AccountError::InvalidToken);
        let which = match action {
            Own::List => {
                let listed = self.listed(sessions, &member, current.as_deref()).await?;
                return Ok(no_store(&listed, "listed"));
            }
            Own::Logout => Which::These(vec![this()?]),
            Own::LogoutOthers => Which::Others(this()?),
            Own::LogoutEverywhere => Which::All,
            Own::EndSession => {
                let named = fields.one("session").ok().flatten();
                Which::These(named.map(str::to_owned).into_iter().collect())
            }
        };
        // A name that is not among the user's own would end nothing, and is not written down.
        let which = match which {
            Which::These(named) if action == Own::EndSession => {
                let own = sessions.state.sessions_of(&member, self.now()).await?;
                let is_own = |name: &String| own.iter().any(|session| session.id == *name);
                Which::These(named.into_iter().filter(is_own).collect())
            }
            other @ (Which::These(_) | Which::Others(_) | Which::All) => other,
        };
        let ended = self
            .end(&sessions.state, (&member, which), EndedBy::Logout)
            .await?;
        event::ended(&member, ended.len(), EndedBy::Logout, Some(&request.sender));
        let answer = no_store(&json!({ "ended": ended.len() }), "ended");
        Ok(match action {
            Own::Logout | Own::LogoutEverywhere => self.taking_cookies(endpoint, answer),
            Own::LogoutOthers | Own::EndSession | Own::List => answer,
        })
    }

    /// The answer, with what takes the endpoint's cookies away.
    pub(in crate::accounts) fn taking_cookies(
        &self,
        endpoint: usize,
        mut answer: Answer,
    ) -> Answer {
        let own = self.cookies.of(endpoint);
        let removed = own.map(|own| self.cookies.removals(&own.sets));
        let fields = removed.into_iter().flatten();
        let named = fields.map(|field| (header::SET_COOKIE, field));
        answer.headers.extend(named);
        answer
    }

    /// The session of a token, as it names it itself or as it is known.
    pub(super) async fn session_of(
        &self,
        sessions: &Sessions,
        kind: KindOf,
        held: &Held<'_>,
    ) -> Result<Option<String>, AccountError> {
        if let Some(named) = held.proof.claims.session() {
            return Ok(Some(named.to_owned()));
        }
        if kind == KindOf::Access {
            return Ok(None);
        }
        let known = sessions.state.known_token(held.print()).await?;
        Ok(known.map(|known| known.session))
    }

    /// The open sessions of a member.
    pub(in crate::accounts) async fn listed(
        &self,
        sessions: &Sessions,
        member: &str,
        current: Option<&str>,
    ) -> Result<Value, AccountError> {
        let now = self.now();
        let open = sessions.state.sessions_of(member, now).await?;
        let shown = open.iter().filter_map(|session| {
            let ends = sessions.ends(session);
            (ends > now).then(|| {
                json!({
                    "id": session.id,
                    "opened_at": session.family.opened.to_string(),
                    "used_at": session.family.used.to_string(),
                    "expires_at": ends.to_string(),
                    "address": session.seen.address,
                    "agent": session.seen.agent,
                    "current": current == Some(&*session.id),
                })
            })
        });
        let shown: Vec<Value> = shown.collect();
        Ok(json!({ "sessions": shown }))
    }
}

impl Own {
    /// In a word.
    pub(in crate::accounts) fn name(self) -> &'static str {
        match self {
            Self::Logout => "logout",
            Self::LogoutOthers => "logout_others",
            Self::LogoutEverywhere => "logout_everywhere",
            Self::EndSession => "end_session",
            Self::List => "sessions",
        }
    }
}

impl Sessions {
    /// The first moment at which a session that nobody uses any more is over.
    fn ends(&self, session: &Session) -> crate::clock::UnixSeconds {
        let Some(lifetimes) = &self.rotation else {
            return session.expires;
        };
        let idle = session.family.used.plus(lifetimes.idle);
        session
            .expires
            .min(idle)
            .min(session.family.ends(lifetimes))
    }
}

/// What nobody keeps.
pub(super) fn no_store(body: &Value, outcome: &'static str) -> Answer {
    let mut answer = Answer::json(StatusCode::OK, body, outcome);
    answer.headers.push((
        ::http::header::CACHE_CONTROL,
        ::http::HeaderValue::from_static("no-store"),
    ));
    answer
}
