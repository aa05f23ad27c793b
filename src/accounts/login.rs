//! Password login.

use tracing::warn;

use super::{
    AccountError, AccountRequest, Accounts, Answer,
    attempt::{Account, Attempt, Ended},
    dialect::{LoginDialect, StateCheck},
    pick::{Picked, pick},
};
use crate::{
    member::Member,
    password::{Format, Verdict},
    secret::Secret,
};

/// How an attempt ended.
enum Outcome {
    Granted(Answer),
    Refused(Answer),
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
        let members = self.store.members_by_login(login).await?;
        let account = Account::new(login, &members);
        let attempt = Attempt::begin(self, request, &account).await?;
        let outcome = self.try_password(dialect, request, typed, members).await;
        let ended = match &outcome {
            Ok(Outcome::Granted(_)) => Ended::Granted,
            Ok(Outcome::Refused(_)) => Ended::Refused,
            Err(_) => Ended::Untried,
        };
        attempt.end(ended).await;
        match outcome? {
            Outcome::Granted(mut answer) => {
                attempt.remember(&mut answer);
                Ok(answer)
            }
            Outcome::Refused(answer) => Ok(answer),
        }
    }

    async fn try_password(
        &self,
        dialect: &LoginDialect,
        request: &AccountRequest,
        typed: Secret<String>,
        members: Vec<Member>,
    ) -> Result<Outcome, AccountError> {
        let Picked::One(member) = pick(members) else {
            // As slow as a wrong password, so that the time does not tell who exists.
            self.hashing.verify(typed, None).await?;
            return Ok(Outcome::Refused(dialect.refused.clone()));
        };
        if dialect.state_check == StateCheck::BeforePassword
            && let Some(answer) = dialect.blocked(&member)
        {
            return Ok(Outcome::Refused(answer));
        }
        if !self.password_matches(typed.clone(), &member).await? {
            return Ok(Outcome::Refused(dialect.refused.clone()));
        }
        if let Some(answer) = dialect.blocked(&member) {
            return Ok(Outcome::Refused(answer));
        }
        let session = self.open_session(&member, request).await?;
        self.upgrade_later(request, &member, typed);
        let answer = dialect.granted.fill("granted", &|name| session.value(name));
        answer.map(Outcome::Granted)
    }

    async fn password_matches(
        &self,
        typed: Secret<String>,
        member: &Member,
    ) -> Result<bool, AccountError> {
        let verdict = self.hashing.verify(typed, member.password.clone()).await?;
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
    /// What a blocked member is told; `None` for one who may log in.
    pub(super) fn blocked(&self, member: &Member) -> Option<Answer> {
        let state = member.state.as_ref()?;
        Some(self.states.get(state).unwrap_or(&self.refused).clone())
    }
}
