//! The only place where a member is granted tokens.

use serde_json::Value;

use super::{AccountError, AccountRequest, Accounts, Granted, TokenKind, sessions::Beginning};
use crate::{
    clock::UnixSeconds,
    entropy::Entropy,
    member::Member,
    state::{KeptToken, TokenPrint},
    token::{id::TokenId, mint::Occasion, successor::fingerprint},
};

/// What a granted login can show.
pub(super) struct Session {
    /// The session's own id.
    pub(super) id: String,
    user: Value,
    user_id: Value,
    access_token: String,
    refresh_token: String,
}

/// The names that the answer to a login may use.
pub const LOGIN_VALUES: [&str; 4] = ["user", "user.id", "access_token", "refresh_token"];

/// The names that the answer to a refresh may use.
pub const REFRESH_VALUES: [&str; 2] = ["access_token", "refresh_token"];

/// A token that was minted, and what is kept of a refresh token.
pub(super) struct Minted {
    pub(super) text: String,
    pub(super) expires: UnixSeconds,
    print: TokenPrint,
}

impl Accounts {
    /// Grants an access and a refresh token.
    pub(super) async fn open_session(
        &self,
        member: &Member,
        request: &AccountRequest,
    ) -> Result<Session, AccountError> {
        let mut entropy = Entropy::from_os();
        let access = TokenId::of_new_session(entropy.bytes(), entropy.bytes());
        let refresh = TokenId::of_session(access.session(), entropy.bytes());
        let until = self.sessions.as_ref().and_then(|sessions| {
            let lifetimes = sessions.rotation.as_ref()?;
            Some(self.now().plus(lifetimes.absolute))
        });
        let access_token = self.mint(&self.access, member, &access, None)?.text;
        let minted = self.mint(&self.refresh, member, &refresh, until)?;
        let beginning = Beginning {
            session: access.session(),
            member: &member.id.to_string(),
            token: &minted,
        };
        self.keep(&beginning, request).await?;
        let mut refresh_token = minted.text;
        if let Some(kept) = &self.kept_refresh {
            let token = std::mem::take(&mut refresh_token);
            self.keep_refresh(kept, (&member.id, &token)).await?;
        }
        Ok(Session {
            id: access.session().to_owned(),
            user: Value::Object(member.shown.clone()),
            user_id: member.id.to_json(),
            access_token,
            refresh_token,
        })
    }

    /// Grants a new access token of a session.
    pub(super) fn renew_session(
        &self,
        member: &Member,
        session: Option<&str>,
    ) -> Result<String, AccountError> {
        let mut entropy = Entropy::from_os();
        let id = match session {
            Some(session) => TokenId::of_session(session, entropy.bytes()),
            None => TokenId::of_new_session(entropy.bytes(), entropy.bytes()),
        };
        Ok(self.mint(&self.access, member, &id, None)?.text)
    }

    pub(super) fn mint(
        &self,
        kind: &TokenKind,
        member: &Member,
        id: &TokenId,
        until: Option<UnixSeconds>,
    ) -> Result<Minted, AccountError> {
        let occasion = Occasion {
            user: &member.id,
            shown: &member.shown,
            now: self.issue_for(member),
            id,
            until,
        };
        let text = kind.minter.mint(&occasion)?;
        Ok(Minted {
            expires: kind.minter.expires(&occasion),
            print: fingerprint(&text),
            text,
        })
    }

    /// The moment that a token counts from: now, or the first that counts after the member's sessions were ended, where
    /// that was in this very second. The token then expires as much later, which is all that tells it from one that was
    /// ended where it does not say when it was issued.
    fn issue_for(&self, member: &Member) -> UnixSeconds {
        let Some(denylist) = &self.denylist else {
            return self.now();
        };
        let subjects = self.login_subjects.as_ref();
        let name = subjects.and_then(|subjects| subjects.name_of(member));
        let name = name.and_then(|name| denylist.earliest_issue(&name));
        let earliest = denylist.earliest_issue(&member.id.to_string()).max(name);
        earliest.map_or_else(|| self.now(), |earliest| earliest.max(self.now()))
    }
}

impl Minted {
    pub(super) fn kept(&self) -> KeptToken {
        KeptToken {
            print: self.print,
            expires: self.expires,
        }
    }
}

impl Session {
    /// Its tokens.
    pub(super) fn granted(self) -> Granted {
        Granted {
            access_token: self.access_token,
            refresh_token: self.refresh_token,
        }
    }

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
