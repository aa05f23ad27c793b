//! Password login.

use ::http::{HeaderName, HeaderValue};
use tracing::warn;

use super::{
    AccountError, AccountRequest, Accounts, Answer,
    attempt::{Account, Attempt, Ended},
    dialect::{LoginDialect, StateCheck},
    meanwhile::Meanwhile,
    pick::{Picked, pick},
    session::Session,
};
use crate::{
    member::{Member, StateName},
    password::{Format, Verdict},
    secret::Secret,
};

/// What came of credentials.
pub(super) enum Tried {
    /// They are right.
    Granted(Session),
    /// Nobody has them.
    Wrong,
    /// They are those of a member who may not log in, or the name is and the order of checks says so.
    Blocked(StateName),
}

/// What came of credentials, and what the client is known by from now on.
pub(super) struct LoggedIn {
    pub(super) tried: Tried,
    pub(super) device: Option<(HeaderName, HeaderValue)>,
}

impl Accounts {
    pub(super) async fn login(
        &self,
        dialect: &LoginDialect,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let mut fields = match dialect.request.read(request, &dialect.refused) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        let typed = fields.take_secret("password");
        let typed = typed.unwrap_or_else(|| Secret::new(String::new()));
        let login = fields.text("login").unwrap_or_default();
        let logged_in = self.log_in((login, typed), dialect.state_check, request);
        let LoggedIn { tried, device } = logged_in.await?;
        let mut answer = match tried {
            Tried::Granted(session) => {
                let values = |name: &str| session.value(name);
                dialect.granted.fill("granted", &values)?
            }
            Tried::Wrong => dialect.refused.clone(),
            Tried::Blocked(state) => dialect.blocked(&state).clone(),
        };
        answer.headers.extend(device);
        Ok(answer)
    }

    /// Tries credentials, counted as an attempt at the account.
    pub(super) async fn log_in(
        &self,
        (login, typed): (&str, Secret<String>),
        order: StateCheck,
        request: &AccountRequest,
    ) -> Result<LoggedIn, AccountError> {
        let members = self.store.members_by_login(login).await?;
        let account = Account::new(login, &members);
        let attempt = Attempt::begin(self, request, &account).await?;
        let tried = self.try_password(order, request, typed, members).await;
        let ended = match &tried {
            Ok(Tried::Granted(_)) => Ended::Granted,
            Ok(Tried::Wrong | Tried::Blocked(_)) => Ended::Refused,
            Err(_) => Ended::Untried,
        };
        attempt.end(ended).await;
        let device = match ended {
            Ended::Granted => attempt.remembered(),
            Ended::Refused | Ended::Untried => None,
        };
        Ok(LoggedIn {
            tried: tried?,
            device,
        })
    }

    async fn try_password(
        &self,
        order: StateCheck,
        request: &AccountRequest,
        typed: Secret<String>,
        members: Vec<Member>,
    ) -> Result<Tried, AccountError> {
        let Picked::One(member) = pick(members) else {
            // As slow as a wrong password, so that the time does not tell who exists.
            self.hashing.verify(typed, None).await?;
            return Ok(Tried::Wrong);
        };
        if order == StateCheck::BeforePassword
            && let Some(state) = &member.state
        {
            return Ok(Tried::Blocked(state.clone()));
        }
        if !self.password_matches(typed.clone(), &member).await? {
            return Ok(Tried::Wrong);
        }
        if let Some(state) = &member.state {
            return Ok(Tried::Blocked(state.clone()));
        }
        let session = self.open_session(&member, request).await?;
        match self.meanwhile(&member, &session).await? {
            Meanwhile::Unblocked => {}
            Meanwhile::Blocked(state) => return Ok(Tried::Blocked(state)),
            Meanwhile::Gone => return Ok(Tried::Wrong),
        }
        self.upgrade_later(request, &member, typed);
        Ok(Tried::Granted(session))
    }

    async fn password_matches(
        &self,
        typed: Secret<String>,
        member: &Member,
    ) -> Result<bool, AccountError> {
        let verdict = self.hashing.verify(typed, member.kept()).await?;
        if verdict == Verdict::Unreadable {
            let stored = member.password.as_ref();
            let format = stored.and_then(|stored| Format::of(stored.expose()));
            warn!(
                member.id = %member.id,
                stored.format = format.map_or("unknown", Format::name),
                "the stored password is in no format that can be checked: the login is refused; fix: list its format \
                 in `passwords.formats`, if the monolith has written it"
            );
        }
        Ok(verdict == Verdict::Matches)
    }
}

impl LoginDialect {
    /// What a member in this state is told.
    pub(super) fn blocked(&self, state: &StateName) -> &Answer {
        self.states.get(state).unwrap_or(&self.refused)
    }
}
