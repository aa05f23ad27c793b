//! The refresh token that a provider gives with a login: kept in the user's row, and taken back when they leave or unlink.
//!
//! Nobody refreshes anything with it. Apple wants it back when an account is deleted, and has no other way to say so.

use std::sync::Arc;

use super::event;
use crate::{
    accounts::{AccountError, AccountRequest, Accounts},
    member::{Member, MemberId},
    secret::Secret,
    social::{Profile, Provider},
    store::CellValue,
};

/// A token of a member at a provider.
pub(in crate::accounts) struct Kept {
    provider: Arc<Provider>,
    column: Box<str>,
    token: Secret<String>,
}

/// What is written with a member's link, if anything is.
pub(super) fn written(provider: &Provider, profile: &Profile) -> Option<(String, CellValue)> {
    let column = provider.settings().refresh_token_column.as_deref()?;
    let token = profile.refresh_token.clone()?;
    Some((column.to_owned(), CellValue::Text(token)))
}

/// What is written when the token is nobody's any more.
pub(super) fn emptied(provider: &Provider) -> Option<(String, CellValue)> {
    let column = provider.settings().refresh_token_column.as_deref()?;
    Some((column.to_owned(), CellValue::Null))
}

impl Accounts {
    /// Keeps the token of a login, which succeeds whatever becomes of this: the one of the next login is as good.
    pub(super) async fn keep_token(
        &self,
        (provider, profile): (&Provider, &Profile),
        member: &Member,
        request: &AccountRequest,
    ) {
        let (Some(value), Ok(writer)) = (written(provider, profile), self.link_writer()) else {
            return;
        };
        if let Err(error) = writer.set_columns(&member.id, vec![value]).await {
            event::not_kept(&provider.settings().name, member, (&error, request));
        }
    }

    /// The tokens of a member, which have to be read before anything becomes of the row.
    pub(in crate::accounts) async fn kept_of(
        &self,
        member: &MemberId,
    ) -> Result<Vec<Kept>, AccountError> {
        let providers = self.social.iter().flat_map(|social| &social.providers);
        let mut kept = Vec::new();
        for provider in providers {
            kept.extend(self.kept_at(provider, member).await?);
        }
        Ok(kept)
    }

    async fn kept_at(
        &self,
        provider: &Arc<Provider>,
        member: &MemberId,
    ) -> Result<Option<Kept>, AccountError> {
        let Some(column) = &provider.settings().refresh_token_column else {
            return Ok(None);
        };
        let reading = self.store.reading(column)?;
        let found = self.store.read_by_id(&reading, &member.to_string()).await?;
        let token = found.and_then(|(_, token)| token);
        let token = token.filter(|token| !token.expose().is_empty());
        Ok(token.map(|token| Kept {
            provider: Arc::clone(provider),
            column: column.clone(),
            token,
        }))
    }

    /// Takes tokens back, and empties their columns. One that could not be taken back stays where the row does, and an audit
    /// reads of it.
    pub(in crate::accounts) async fn take_back(&self, member: &MemberId, kept: Vec<Kept>) {
        for Kept {
            provider,
            column,
            token,
        } in kept
        {
            let name = &provider.settings().name;
            if let Err(error) = provider.revoke(&token).await {
                event::not_taken_back(name, member, &error);
                continue;
            }
            event::taken_back(name, member);
            let Ok(writer) = self.link_writer() else {
                continue;
            };
            let values = vec![(column.to_string(), CellValue::Null)];
            if let Err(error) = writer.set_columns(member, values).await {
                event::not_emptied(name, member, &error);
            }
        }
    }
}

impl Kept {
    /// Whether this provider has given it.
    pub(super) fn is_of(&self, provider: &Provider) -> bool {
        self.provider.settings().name == provider.settings().name
    }
}
