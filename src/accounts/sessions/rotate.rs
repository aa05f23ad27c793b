//! A refresh where sessions are kept: what becomes of the token that is presented.

use crate::{
    accounts::{AccountError, AccountRequest, Accounts, refresh::Held, session::Minted},
    entropy::Entropy,
    member::family::{Lifetimes, Verdict},
    state::{EndedBy, KeptToken, KnownToken, Opening, Spending, Which},
    token::{
        id::TokenId,
        successor::{seal, unseal},
    },
};

use super::{Sessions, event};

/// Who loses a race finds what the winner has done when it looks again.
const LOOKS: usize = 3;

/// The session that a refresh token is of, and the token that goes back.
pub(in crate::accounts) struct Continued {
    pub(in crate::accounts) session: String,
    pub(in crate::accounts) refresh_token: String,
}

impl Accounts {
    /// What goes back for a refresh token; `None` where nothing does.
    pub(in crate::accounts) async fn continue_session(
        &self,
        sessions: &Sessions,
        held: &Held<'_>,
        request: &AccountRequest,
    ) -> Result<Option<Continued>, AccountError> {
        let mut standing = self.found_or_adopted(sessions, held, request).await?;
        for _ in 0..LOOKS {
            let Some(known) = standing.filter(|known| known.member == held.member.id.to_string())
            else {
                return Ok(None);
            };
            let turn = Turn {
                accounts: self,
                sessions,
                held,
                request,
                known,
            };
            match turn.take().await? {
                Turned::Continued(continued) => return Ok(Some(continued)),
                Turned::Refused => return Ok(None),
                Turned::Outrun => standing = sessions.state.known_token(held.print()).await?,
            }
        }
        Ok(None)
    }

    /// What is known of the token. One that is not known is the monolith's, or was granted before sessions were kept: a
    /// session is opened for it, once, however many present it for the first time.
    pub(super) async fn found_or_adopted(
        &self,
        sessions: &Sessions,
        held: &Held<'_>,
        request: &AccountRequest,
    ) -> Result<Option<KnownToken>, AccountError> {
        let print = held.print();
        if let Some(known) = sessions.state.known_token(print).await? {
            return Ok(Some(known));
        }
        let mut entropy = Entropy::from_os();
        let named = held.proof.claims.session().map(str::to_owned);
        let mut new = || TokenId::of_new_session(entropy.bytes(), [0; 16]);
        let session = named.unwrap_or_else(|| new().session().to_owned());
        let opening = Opening {
            session,
            member: held.member.id.to_string(),
            at: self.now(),
            token: KeptToken {
                print,
                expires: held.proof.expires,
            },
            adopted: true,
            seen: request.seen(),
        };
        Ok(sessions.state.open_session(opening).await?)
    }
}

/// One look at a token and its session.
struct Turn<'a> {
    accounts: &'a Accounts,
    sessions: &'a Sessions,
    held: &'a Held<'a>,
    request: &'a AccountRequest,
    known: KnownToken,
}

/// What has come of it.
enum Turned {
    Continued(Continued),
    Refused,
    /// Somebody else has spent the token, or ended the session, since it was looked at.
    Outrun,
}

impl Turn<'_> {
    async fn take(self) -> Result<Turned, AccountError> {
        let Some(lifetimes) = &self.sessions.rotation else {
            return self.same_again().await;
        };
        let now = self.accounts.now();
        match self.known.family.judge(self.known.spent, lifetimes, now) {
            Verdict::Rotate => self.spend(lifetimes).await,
            Verdict::SameSuccessor => Ok(self.successor()),
            Verdict::Reuse => {
                event::reused(&self.known.member, &self.known.session, self.request);
                self.end().await?;
                Ok(Turned::Refused)
            }
            Verdict::Idle | Verdict::TooOld | Verdict::Ended => Ok(Turned::Refused),
        }
    }

    /// Without rotation the token comes back. One that was spent while there was rotation does not.
    async fn same_again(self) -> Result<Turned, AccountError> {
        if self.known.family.is_ended || self.known.spent.is_some() {
            return Ok(Turned::Refused);
        }
        let (state, now) = (&self.sessions.state, self.accounts.now());
        let session = self.known.session;
        state
            .use_session(&session, now, self.request.seen())
            .await?;
        Ok(Turned::Continued(Continued {
            session,
            refresh_token: self.held.token.to_owned(),
        }))
    }

    async fn spend(self, lifetimes: &Lifetimes) -> Result<Turned, AccountError> {
        let (session, held) = (&self.known.session, self.held);
        let mut entropy = Entropy::from_os();
        let id = TokenId::of_session(session, entropy.bytes());
        let until = Some(self.known.family.ends(lifetimes));
        let accounts = self.accounts;
        let minted: Minted = accounts.mint(&accounts.refresh, &held.member, &id, until)?;
        let sealed = seal(held.token, session, &minted.text, entropy.bytes());
        let spending = Spending {
            session: session.clone(),
            spent: held.print(),
            at: accounts.now(),
            successor: minted.kept(),
            sealed: sealed.ok_or(AccountError::Unsealed)?,
            seen: self.request.seen(),
        };
        if !self.sessions.state.spend(spending).await? {
            return Ok(Turned::Outrun);
        }
        Ok(Turned::Continued(Continued {
            session: self.known.session,
            refresh_token: minted.text,
        }))
    }

    /// The successor that the token was spent for, to whoever has lost the answer or raced itself.
    fn successor(self) -> Turned {
        let sealed = self.known.successor.as_deref().unwrap_or_default();
        match unseal(self.held.token, &self.known.session, sealed) {
            Some(successor) => Turned::Continued(Continued {
                session: self.known.session,
                refresh_token: successor.expose().clone(),
            }),
            None => Turned::Refused,
        }
    }

    async fn end(&self) -> Result<(), AccountError> {
        let which = Which::These(vec![self.known.session.clone()]);
        let member = &self.known.member;
        self.accounts
            .end(&self.sessions.state, (member, which), EndedBy::Reuse)
            .await?;
        Ok(())
    }
}
