//! Who uses a native application, by what its provider's kit has given it.

use ::http::StatusCode;
use serde_json::Value;

use super::{
    error::{Fault, Outcome, SocialError},
    id_token::{Expected, Nonce},
    places::Places,
    profile::cleaned,
    provider::{Provider, Shown, profile_of},
    settings::IdToken,
    tokens::{self, Granted, Grants},
};
use crate::{secret::Secret, token::verify::Verified};

/// What a native application has been given by its provider's kit.
#[derive(Debug)]
pub struct Native {
    /// An ID token.
    pub id_token: Option<Secret<String>>,
    /// An access token.
    pub access_token: Option<Secret<String>>,
    /// The nonce that the application has asked with.
    pub nonce: Option<String>,
    /// A code, which is exchanged only for what is to be taken back one day.
    pub code: Option<Secret<String>>,
    /// What the kit says once about what somebody is called. Nobody vouches for it.
    pub name: Option<Secret<String>>,
}

impl Provider {
    /// Who uses a native application.
    pub async fn native(&self, native: &Native) -> Result<Shown, SocialError> {
        self.try_native(native).await.map_err(|why| self.named(why))
    }

    async fn try_native(&self, native: &Native) -> Result<Shown, Outcome> {
        let places = self.places().await?;
        match (&native.id_token, &native.access_token) {
            (Some(token), _) => self.by_id_token(&places, token, native).await,
            (None, Some(token)) => self.by_access_token(&places, token).await,
            (None, None) => Ok(Shown::NoGood("token")),
        }
    }

    async fn by_id_token(
        &self,
        places: &Places,
        token: &Secret<String>,
        native: &Native,
    ) -> Result<Shown, Outcome> {
        if self.settings.id_token == IdToken::Off {
            return Ok(Shown::NoGood("id_token"));
        }
        let Ok(proof) = self.prove(places, (token.expose(), "sub")).await? else {
            return Ok(Shown::NoGood("id_token"));
        };
        let parties = self.settings.parties();
        let access_token = native.access_token.as_ref();
        let nonce = native.nonce.as_deref();
        let expected = Expected {
            audience: None,
            parties: &parties,
            nonce: nonce.map_or(Nonce::Unasked, Nonce::RawOrHashed),
            access_token: access_token.map(|token| token.expose().as_str()),
        };
        if expected.check(&proof).is_err() {
            return Ok(Shown::NoGood("id_token"));
        }
        let mut profile = profile_of(&proof)?;
        let said = native.name.as_ref();
        let said = said.and_then(|name| cleaned(name.expose()));
        profile.name = profile.name.or(said);
        profile.refresh_token = self.kept_by(places, (native, &proof)).await?;
        Ok(Shown::Somebody(profile))
    }

    async fn by_access_token(
        &self,
        places: &Places,
        token: &Secret<String>,
    ) -> Result<Shown, Outcome> {
        let Some(site) = self.user_info(places)? else {
            return Ok(Shown::NoGood("token"));
        };
        if !self.is_for_us(token).await? {
            return Ok(Shown::NoGood("audience"));
        }
        let granted = Granted {
            access: Some(token.clone()),
            id: None,
            refresh: None,
        };
        match self.ask_user_info(site, &granted).await? {
            Ok(profile) => Ok(Shown::Somebody(profile)),
            Err(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::BAD_REQUEST) => {
                Ok(Shown::NoGood("access_token"))
            }
            Err(status) => Err(Fault::Status(status).into()),
        }
    }

    /// The refresh token that a code is good for, where it is kept. The code is of the application that the ID token was
    /// granted to. One that is no good is no reason to let nobody in: who it is has been proven.
    async fn kept_by(
        &self,
        places: &Places,
        (native, proof): (&Native, &Verified),
    ) -> Result<Option<Secret<String>>, Outcome> {
        let (Some(code), Some(_)) = (&native.code, &self.settings.refresh_token_column) else {
            return Ok(None);
        };
        let grants = Grants {
            settings: &self.settings,
            token: &places.token,
            clock: self.clock,
        };
        let audience = proof.claims.value("aud").and_then(Value::as_str);
        let party = grants.party(audience);
        let Some(granted) = grants.exchange_native(code, party).await? else {
            return Ok(None);
        };
        // Anybody's code can stand beside one's own ID token.
        let Some(own) = &granted.id else {
            return Ok(None);
        };
        let other = self.prove(places, (own.expose(), "sub")).await?;
        let is_same = other.is_ok_and(|other| other.subject == proof.subject);
        Ok(granted.refresh.filter(|_| is_same))
    }

    /// Whether an access token was granted to an application of ours. Any application can have one of any of its users, and
    /// would be them here.
    async fn is_for_us(&self, token: &Secret<String>) -> Result<bool, Outcome> {
        let Some(info) = &self.settings.token_info else {
            return Ok(self.settings.any_audience);
        };
        let reply = self.ask(&info.site, token).await?;
        if reply.status.is_client_error() {
            return Ok(false);
        }
        let json = tokens::object(&reply)?;
        let id = info.path.id(&json).ok_or(Fault::Missing("application"))?;
        Ok(info.accepted.iter().any(|accepted| **accepted == *id))
    }
}
