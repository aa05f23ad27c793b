//! A refresh token for a new access token. The same refresh token comes back, as the monolith does it, unless refresh tokens
//! are spent.

use super::{
    About, AccountError, AccountRequest, Accounts, Answer, Granted, TokenKind,
    dialect::RefreshDialect,
    pick::{Picked, pick},
};
use crate::{
    member::Member,
    revocation::Grant,
    state::TokenPrint,
    token::{successor::fingerprint, verify::Verified},
};

/// A good token, and the unblocked member that it is about.
pub(super) struct Held<'a> {
    pub(super) token: &'a str,
    pub(super) member: Member,
    pub(super) proof: Verified,
}

impl Accounts {
    pub(super) async fn refresh(
        &self,
        dialect: &RefreshDialect,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let fields = match dialect.request.read(request, &dialect.refused) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        let token = fields.text("token").unwrap_or_default();
        let Some(granted) = self.renew(token, request).await? else {
            return Ok(dialect.refused.clone());
        };
        dialect.granted.fill("granted", &|name| match name {
            "access_token" => Some(granted.access_token.as_str().into()),
            "refresh_token" => Some(granted.refresh_token.as_str().into()),
            _ => None,
        })
    }

    /// The tokens in return for a refresh token, if it is good for any.
    pub(super) async fn renew(
        &self,
        token: &str,
        request: &AccountRequest,
    ) -> Result<Option<Granted>, AccountError> {
        if let Some(kept) = &self.kept_refresh {
            return self.renew_kept(kept, token).await;
        }
        let Some(held) = self.holder(&self.refresh, token).await? else {
            return Ok(None);
        };
        let Some(sessions) = &self.sessions else {
            let session = held.proof.claims.session();
            return Ok(Some(Granted {
                access_token: self.renew_session(&held.member, session)?,
                refresh_token: token.to_owned(),
            }));
        };
        let Some(continued) = self.continue_session(sessions, &held, request).await? else {
            return Ok(None);
        };
        Ok(Some(Granted {
            access_token: self.renew_session(&held.member, Some(&continued.session))?,
            refresh_token: continued.refresh_token,
        }))
    }

    /// The unblocked member that a good token is about, and the token, if that was not revoked.
    pub(super) async fn holder<'a>(
        &self,
        kind: &TokenKind,
        token: &'a str,
    ) -> Result<Option<Held<'a>>, AccountError> {
        let Ok(proof) = kind.verifier.verify_at(token.as_bytes(), self.now()) else {
            return Ok(None);
        };
        let subject = proof.subject.to_string();
        let member = match kind.about {
            About::Id => self.store.member_by_id(&subject).await?,
            About::Login => match pick(self.store.members_by_login(&subject).await?) {
                Picked::One(member) => Some(*member),
                Picked::Nobody => None,
            },
        };
        // What is told is told of rows, by their ids.
        let row = member.as_ref().map(|member| member.id.to_string());
        // Behind the look-up: what was told meanwhile counts.
        if self.is_revoked(kind, row.as_deref().unwrap_or(&subject), &proof) {
            return Ok(None);
        }
        let member = member.filter(|member| member.state.is_none());
        Ok(member.map(|member| Held {
            token,
            member,
            proof,
        }))
    }

    pub(super) fn is_revoked(&self, kind: &TokenKind, subject: &str, proof: &Verified) -> bool {
        let Some(denylist) = &self.denylist else {
            return false;
        };
        let issued = kind.lifetimes.issued(proof.issued_at, proof.expires);
        let grant = Grant::new(subject, issued, proof.claims.session());
        denylist.judge(&grant).is_err()
    }
}

impl Held<'_> {
    /// What the token is known by.
    pub(super) fn print(&self) -> TokenPrint {
        fingerprint(self.token)
    }
}
