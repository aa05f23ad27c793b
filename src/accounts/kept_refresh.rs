//! Refresh tokens that never leave the server: each user has one, in a column of the monolith's own.
//!
//! A login overwrites it, a logout takes it away. Whoever shows an access token that has expired gets another one as long as
//! the column has a refresh token that holds.

use super::{
    About, AccountError, Accounts, Granted,
    pick::{Picked, pick},
};
use crate::{
    member::{Member, MemberId},
    secret::Secret,
    store::{CellValue, Reading},
};

/// The column.
#[derive(Debug)]
pub struct KeptRefresh {
    /// As the configuration names it.
    pub column: String,
    /// How it is read.
    pub reading: Reading,
}

impl Accounts {
    /// Writes the refresh token of a login.
    pub(super) async fn keep_refresh(
        &self,
        kept: &KeptRefresh,
        (id, token): (&MemberId, &str),
    ) -> Result<(), AccountError> {
        self.write_refresh(kept, id, CellValue::text(token)).await
    }

    /// Takes the user's refresh token away, whoever else has an access token.
    pub(super) async fn forget_refresh(
        &self,
        kept: &KeptRefresh,
        id: &MemberId,
    ) -> Result<(), AccountError> {
        self.write_refresh(kept, id, CellValue::Null).await
    }

    async fn write_refresh(
        &self,
        kept: &KeptRefresh,
        id: &MemberId,
        value: CellValue,
    ) -> Result<(), AccountError> {
        let writer = self.store.writer().ok_or(AccountError::NoEndpoint)?;
        let values = vec![(kept.column.clone(), value)];
        writer.set_columns(id, values).await?;
        Ok(())
    }

    /// Another access token for one that was genuine, whether or not it has expired.
    pub(super) async fn renew_kept(
        &self,
        kept: &KeptRefresh,
        shown: &str,
    ) -> Result<Option<Granted>, AccountError> {
        let Some((member, stored)) = self.genuine_holder(kept, shown).await? else {
            return Ok(None);
        };
        let Some(stored) = stored.filter(|_| member.state.is_none()) else {
            return Ok(None);
        };
        let proof = self
            .refresh
            .verifier
            .verify_at(stored.expose().as_bytes(), self.now());
        let Ok(proof) = proof else { return Ok(None) };
        let id = member.id.to_string();
        let subject = proof.subject.to_string();
        let row = self.row_of(self.refresh.about, subject).await?;
        // What stands in the column is of whoever wrote it.
        if row.as_deref() != Some(&*id) || self.is_revoked(&self.refresh, &id, &proof) {
            return Ok(None);
        }
        Ok(Some(Granted {
            access_token: self.renew_session(&member, proof.claims.session())?,
            refresh_token: shown.to_owned(),
        }))
    }

    /// Whom an access token is about that was genuine once, and the refresh token that the user's row has.
    pub(super) async fn genuine_holder(
        &self,
        kept: &KeptRefresh,
        shown: &str,
    ) -> Result<Option<(Member, Option<Secret<String>>)>, AccountError> {
        let verifier = &self.access.verifier;
        let Ok(token) = verifier.parse(shown.as_bytes()) else {
            return Ok(None);
        };
        let Ok(proof) = verifier.verify(token, self.now()) else {
            return Ok(None);
        };
        let subject = proof.subject.to_string();
        let Some(row) = self.row_of(self.access.about, subject).await? else {
            return Ok(None);
        };
        let found = self.store.read_by_id(&kept.reading, &row).await?;
        if self.is_revoked(&self.access, &row, &proof) {
            return Ok(None);
        }
        Ok(found)
    }

    /// The id of the row that a subject means.
    async fn row_of(&self, about: About, subject: String) -> Result<Option<String>, AccountError> {
        Ok(match about {
            About::Id => Some(subject),
            About::Login => match pick(self.store.members_by_login(&subject).await?) {
                Picked::One(member) => Some(member.id.to_string()),
                Picked::Nobody => None,
            },
        })
    }
}
