//! The only place where a member is granted tokens.

use serde_json::Value;

use super::{AccountError, Accounts, refresh::Held};
use crate::{
    clock::UnixSeconds,
    entropy::Entropy,
    member::{Member, MemberId},
    token::{
        id::TokenId,
        mint::{Minter, Occasion},
    },
};

/// What a granted login can show.
pub(super) struct Session {
    user: Value,
    user_id: Value,
    access_token: String,
    refresh_token: String,
}

/// The names that the answer to a login may use.
pub const LOGIN_VALUES: [&str; 4] = ["user", "user.id", "access_token", "refresh_token"];

/// The names that the answer to a refresh may use.
pub const REFRESH_VALUES: [&str; 2] = ["access_token", "refresh_token"];

impl Accounts {
    /// Grants an access and a refresh token.
    pub(super) fn open_session(&self, member: &Member) -> Result<Session, AccountError> {
        let mut entropy = Entropy::from_os();
        let access = TokenId::of_new_session(entropy.bytes(), entropy.bytes());
        let refresh = TokenId::of_session(access.session(), entropy.bytes());
        let now = self.issue_for(&member.id);
        let mint = |minter: &Minter, id: &TokenId| {
            minter.mint(&Occasion {
                user: &member.id,
                now,
                id,
                until: None,
            })
        };
        Ok(Session {
            user: Value::Object(member.shown.clone()),
            user_id: member.id.to_json(),
            access_token: mint(&self.access.minter, &access)?,
            refresh_token: mint(&self.refresh.minter, &refresh)?,
        })
    }

    /// Grants a new access token, of the same session, beside a refresh token that stays as it is.
    pub(super) fn renew_session(&self, held: &Held) -> Result<String, AccountError> {
        let mut entropy = Entropy::from_os();
        let id = match held.proof.claims.session() {
            Some(session) => TokenId::of_session(session, entropy.bytes()),
            None => TokenId::of_new_session(entropy.bytes(), entropy.bytes()),
        };
        let occasion = Occasion {
            user: &held.member.id,
            now: self.issue_for(&held.member.id),
            id: &id,
            until: None,
        };
        Ok(self.access.minter.mint(&occasion)?)
    }

    /// The moment that a token counts from: now, or the first that counts after the member's sessions were ended, where
    /// that was in this very second. The token then expires as much later, which is all that tells it from one that was
    /// ended where it does not say when it was issued.
    fn issue_for(&self, id: &MemberId) -> UnixSeconds {
        let denylist = self.denylist.as_ref();
        let earliest = denylist.and_then(|denylist| denylist.earliest_issue(&id.to_string()));
        earliest.map_or_else(|| self.now(), |earliest| earliest.max(self.now()))
    }
}

impl Session {
    pub(super) fn value(&self, name: &str) -> Option<Value> {
        match name {
            "user" => Some(self.user.clone()),
            "user.id" => Some(self.user_id.clone()),
            "access_token" => Some(self.access_token.as_str().into()),
            "refresh_token" => Some(self.refresh_token.as_str().into()),
            _ => None,
        }
    }
}
