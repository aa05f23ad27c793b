//! Another password, for whoever knows the one that there is.
//!
//! The other sessions end before the password is another one, so that none outlives it where the tables are away, and again
//! behind it, for whoever has logged in with the old one meanwhile.

use std::sync::Arc;

use tokio::sync::oneshot;
use tracing::warn;

use super::{Changing, Oneself, audit, profile::Values};
use crate::{
    accounts::{
        AccountError, AccountRequest, Accounts, Granted, Sender,
        attempt::{Account, Attempt, Ended},
        codes::Asking,
    },
    member::Member,
    password::{Verdict, Weakness},
    secret::Secret,
    state::{EndedBy, Which},
    store::{Rewritten, WriteError},
};

/// What a user types.
#[derive(Debug)]
pub struct NewPassword {
    /// The password that there is.
    pub current: Secret<String>,
    /// The one that is to be.
    pub new: Secret<String>,
    /// The same again, where it is asked for twice.
    pub again: Option<Secret<String>>,
}

/// What becomes of the session in which a password is changed. The others end in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// It goes on, where it is known which one it is.
    GoesOn,
    /// Everything that was granted before ends, and a new session begins.
    BeginsAnew,
}

/// What has become of it.
#[derive(Debug)]
pub enum PasswordChanged {
    /// It is the password now; the tokens are those of the session that begins.
    Done(Option<Box<Granted>>),
    /// The password that there is is another one, or there is none.
    WrongPassword,
    /// Somebody was faster, or the user is gone.
    Outrun,
    /// The new one cannot be chosen: why, in a word.
    Weak(&'static str),
}

impl PasswordChanged {
    fn refusal(&self) -> Option<&'static str> {
        match self {
            Self::Done(_) => None,
            Self::WrongPassword => Some("wrong_password"),
            Self::Outrun => Some("outrun"),
            Self::Weak(_) => Some("weak_password"),
        }
    }
}

/// What is written, and over what.
struct Replacing {
    member: Member,
    session: Option<String>,
    old: Secret<String>,
    new: Secret<String>,
    values: Values,
}

/// What has come of a change of the password, and of columns with it.
pub(super) enum Replaced {
    Password(PasswordChanged),
    /// Somebody else has the value of this column.
    Conflict(String),
    /// A column does not take its value.
    Unfit,
}

impl Accounts {
    /// Changes the password of whoever is signed in.
    pub async fn change_password(
        self: &Arc<Self>,
        oneself: &Oneself,
        change: NewPassword,
        (after, request): (After, &AccountRequest),
    ) -> Result<PasswordChanged, AccountError> {
        let changed = self.change_both(oneself, (change, Values::default()), (after, request));
        match changed.await? {
            Replaced::Password(changed) => Ok(changed),
            Replaced::Conflict(_) => Err(WriteError::Duplicate.into()),
            Replaced::Unfit => Err(WriteError::Unfit.into()),
        }
    }

    /// Changes the password and columns with it, or nothing.
    pub(super) async fn change_both(
        self: &Arc<Self>,
        oneself: &Oneself,
        change: (NewPassword, Values),
        (after, request): (After, &AccountRequest),
    ) -> Result<Replaced, AccountError> {
        let replaced = self.changed(oneself, change, (after, request)).await?;
        let refusal = match &replaced {
            Replaced::Password(changed) => changed.refusal(),
            Replaced::Conflict(_) => Some("conflict"),
            Replaced::Unfit => Some("value"),
        };
        if let Some(why) = refusal {
            audit::password_refused(&oneself.member.id, why, &request.sender);
        }
        Ok(replaced)
    }

    async fn changed(
        self: &Arc<Self>,
        Oneself { member, session }: &Oneself,
        (change, values): (NewPassword, Values),
        (after, request): (After, &AccountRequest),
    ) -> Result<Replaced, AccountError> {
        let ended = |how| Ok(Replaced::Password(how));
        // Before the current one is looked at: what is wrong with the new one says nothing about it, and costs no attempt.
        if let Some(reason) = self.objection(member, &change).await? {
            return ended(PasswordChanged::Weak(reason));
        }
        let NewPassword { current, new, .. } = change;
        if !self.knows_password(request, member, current).await? {
            return ended(PasswordChanged::WrongPassword);
        }
        let Some(old) = member.password.clone() else {
            return ended(PasswordChanged::WrongPassword);
        };
        let new = self.hashing.make(new).await?;
        let kept = session.clone().filter(|_| after == After::GoesOn);
        let replacing = Replacing {
            member: member.clone(),
            session: kept,
            old,
            new,
            values,
        };
        match self.replaced(replacing, request).await {
            Ok(Rewritten::Done) => {}
            Ok(Rewritten::Outrun) => return ended(PasswordChanged::Outrun),
            Ok(Rewritten::Conflict(column)) => return Ok(Replaced::Conflict(column)),
            Err(AccountError::Write(WriteError::Unfit)) => return Ok(Replaced::Unfit),
            Err(error) => return Err(error),
        }
        let granted = match after {
            After::GoesOn => None,
            After::BeginsAnew => self.begun(member, request).await,
        };
        ended(PasswordChanged::Done(granted.map(Box::new)))
    }

    /// Why this cannot be the new password, in a word.
    async fn objection(
        &self,
        member: &Member,
        NewPassword {
            current,
            new,
            again,
        }: &NewPassword,
    ) -> Result<Option<&'static str>, AccountError> {
        if again.as_ref().is_some_and(|again| again != new) {
            return Ok(Some("differs"));
        }
        if current == new {
            return Ok(Some("same"));
        }
        let id = member.id.to_string();
        let read = self.store.read_by_id(&self.own()?.login, &id).await?;
        let login = read.and_then(|(_, login)| login);
        let login = login.as_ref().map_or("", |login| login.expose().as_str());
        let weakness = self.hashing.check_new(new, login).err();
        Ok(weakness.map(Weakness::name))
    }

    /// Whether the password is the user's, counted as a login is. It takes as long where there is none.
    pub(in crate::accounts) async fn knows_password(
        &self,
        request: &AccountRequest,
        member: &Member,
        typed: Secret<String>,
    ) -> Result<bool, AccountError> {
        let account = Account::known(member);
        let attempt = Attempt::begin(self, request, &account).await?;
        let verdict = self.hashing.verify(typed, member.kept()).await;
        let ended = match &verdict {
            Ok(Verdict::Matches) => Ended::Granted,
            Ok(_) => Ended::Refused,
            Err(_) => Ended::Untried,
        };
        attempt.end(ended).await;
        Ok(verdict? == Verdict::Matches)
    }

    /// To its end, also where the client is gone meanwhile: a password that is another one without that its sessions have
    /// ended would be half a change.
    async fn replaced(
        self: &Arc<Self>,
        replacing: Replacing,
        request: &AccountRequest,
    ) -> Result<Rewritten, AccountError> {
        let accounts = Arc::clone(self);
        let (sender, asking) = (request.sender.clone(), request.asking());
        let (tell, told) = oneshot::channel();
        request.tasks.spawn(async move {
            // Nobody waits any more: it is done all the same.
            let _ = tell.send(accounts.replace(&replacing, (&sender, &asking)).await);
        });
        told.await.map_err(|_| AccountError::Abandoned)?
    }

    async fn replace(
        &self,
        replacing: &Replacing,
        (sender, asking): (&Sender, &Asking),
    ) -> Result<Rewritten, AccountError> {
        let Replacing {
            member,
            old,
            new,
            values,
            ..
        } = replacing;
        let writer = self.store.writer().ok_or(AccountError::NoEndpoint)?;
        // One after the other: whoever is too late must not have ended the session of who was not.
        let _turn = self.own()?.turn(&member.id).await;
        let now = self.store.member_by_id(&member.id.to_string()).await?;
        if now.and_then(|now| now.password).as_ref() != Some(old) {
            return Ok(Rewritten::Outrun);
        }
        let before = self.end_others(replacing).await?;
        if let Some(announcements) = &self.own()?.announcements {
            announcements.expect(&member.id, old, new).await?;
        }
        let password = Some((old.clone(), new.clone()));
        let written = writer.change(values.clone().of(member, password)).await?;
        if written != Rewritten::Done {
            return Ok(written);
        }
        let behind = self.end_others(replacing).await;
        let behind = behind.unwrap_or_else(|error| {
            warn!(%error, member.id = %member.id, "sessions that were opened during a change of password may last");
            0
        });
        audit::password_changed(&member.id, before + behind, sender);
        self.tell(member, asking).await;
        Ok(Rewritten::Done)
    }

    /// Ends the other sessions, and where it is not known which is one's own, everything that was granted before.
    async fn end_others(
        &self,
        Replacing {
            member, session, ..
        }: &Replacing,
    ) -> Result<usize, AccountError> {
        let state = self.state.as_ref().ok_or(AccountError::NoEndpoint)?;
        let which = session.clone().map_or(Which::All, Which::Others);
        let id = member.id.to_string();
        let ended = self
            .end(state, (&id, which), EndedBy::PasswordChange)
            .await?;
        Ok(ended.len())
    }

    async fn tell(&self, member: &Member, asking: &Asking) {
        let Some(codes) = &self.codes else { return };
        if let Err(error) = codes.tell_of_change(member, asking).await {
            warn!(%error, member.id = %member.id, "nobody was told that the password was changed");
        }
    }

    /// The tokens of a session that begins. The password is another one already: without them the user logs in with it.
    async fn begun(&self, member: &Member, request: &AccountRequest) -> Option<Granted> {
        match self.open_session(member, request).await {
            Ok(session) => Some(session.granted()),
            Err(error) => {
                warn!(%error, member.id = %member.id, "no session could be opened after a change of password");
                None
            }
        }
    }

    fn own(&self) -> Result<&Changing, AccountError> {
        self.changing.as_ref().ok_or(AccountError::NoEndpoint)
    }
}
