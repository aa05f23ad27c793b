//! A provider at work: where browsers are sent, and who comes back.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{HeaderValue, Method, StatusCode, header};
use bytes::Bytes;
use http_body_util::Full;
use serde_json::Value;
use tokio::sync::Mutex;

use super::{
    error::{Fault, Outcome, SocialError},
    id_token::{Expected, IdTokenError, Nonce},
    journey::{Start, challenge},
    keys::{Keys, Wish},
    notice::{self, Told},
    places::{Places, Whereabouts},
    profile::{Profile, name_of_user},
    settings::{ANSWER, IdToken, Pkce, ProfilePaths, ResponseMode, Settings, UserInfo},
    tokens::{self, Granted, Grants, query},
};
use crate::{
    clock::Clock,
    fetch::{FetchError, Reply, Site, call},
    secret::Secret,
    token::{
        issuer::{Audience, Checks, Issuer, Leeway},
        verify::{Unproven, Verified, Verifier},
    },
};

/// How long a description of a provider by itself is believed.
const DESCRIBED: Duration = Duration::from_secs(3600);

/// How long it goes on being believed while the provider cannot be asked.
const STALE: Duration = Duration::from_secs(86_400);

/// The longest ID token that is looked at, in bytes.
const LONGEST: usize = 16 * 1024;

/// How far the clocks of others may differ.
const LEEWAY: Leeway = Leeway {
    exp: Duration::from_secs(30),
    nbf: Duration::from_secs(60),
    iat: Duration::from_secs(60),
};

/// A provider, and what is known of it.
#[derive(Debug)]
pub struct Provider {
    pub(super) settings: Settings,
    pub(super) clock: Clock,
    keys: Keys,
    described: Mutex<Described>,
}

/// What a provider has said of itself, and when.
#[derive(Debug, Default)]
struct Described {
    said: Option<(Instant, Arc<Places>)>,
    /// When somebody asked in vain.
    failed: Option<Instant>,
}

/// A browser that has come back.
#[derive(Debug)]
pub struct Arrival<'a> {
    /// What the provider gives tokens for.
    pub code: &'a Secret<String>,
    /// What it handed back.
    pub state: &'a str,
    /// What the code is bound to.
    pub verifier: &'a str,
    /// What the ID token has to repeat.
    pub nonce: &'a str,
    /// Who says that it is from there (RFC 9207), where anybody does.
    pub issuer: Option<&'a str>,
    /// What Apple says once about who it is.
    pub user: Option<&'a str>,
}

/// What came of it.
#[derive(Debug)]
pub enum Shown {
    /// Somebody.
    Somebody(Profile),
    /// What was brought is no good: used before, too old, of somebody else's application.
    NoGood(&'static str),
}

impl Provider {
    /// Nothing is known of it yet; it is asked when somebody comes.
    pub fn new(settings: Settings, clock: Clock) -> Self {
        Self {
            settings,
            keys: Keys::default(),
            described: Mutex::default(),
            clock,
        }
    }

    /// What it is.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Where a browser is sent.
    pub async fn authorization_url(&self, start: &Start) -> Result<String, SocialError> {
        let places = self.places().await.map_err(|why| self.named(why))?;
        let settings = &self.settings;
        let challenge = challenge(&start.journey.verifier);
        let mut fields = vec![
            ("response_type", "code"),
            ("client_id", &settings.client_id),
            ("redirect_uri", &settings.callback),
            ("state", &start.state),
        ];
        if !settings.scope.is_empty() {
            fields.push(("scope", &settings.scope));
        }
        if settings.id_token == IdToken::Required {
            fields.push(("nonce", &start.journey.nonce));
        }
        if settings.pkce == Pkce::S256 {
            fields.push(("code_challenge", &challenge));
            fields.push(("code_challenge_method", "S256"));
        }
        if settings.response_mode == ResponseMode::FormPost {
            fields.push(("response_mode", "form_post"));
        }
        let more = settings.parameters.iter();
        fields.extend(more.map(|(name, value)| (&**name, &**value)));
        let separator = if places.authorization.contains('?') {
            '&'
        } else {
            '?'
        };
        Ok(format!(
            "{}{separator}{}",
            places.authorization,
            query(&fields)
        ))
    }

    /// Who has come back.
    pub async fn arrived(&self, arrival: &Arrival<'_>) -> Result<Shown, SocialError> {
        self.try_arrival(arrival)
            .await
            .map_err(|why| self.named(why))
    }

    async fn try_arrival(&self, arrival: &Arrival<'_>) -> Result<Shown, Outcome> {
        let places = self.places().await?;
        let is_known = |issuer: &str| places.issuers.iter().any(|known| **known == *issuer);
        let other = arrival.issuer.filter(|issuer| !is_known(issuer));
        if other.is_some() && !places.issuers.is_empty() {
            return Err(Fault::OtherIssuer.into());
        }
        let request = Grants {
            settings: &self.settings,
            token: &places.token,
            clock: self.clock,
        };
        let Some(granted) = request.exchange(arrival).await? else {
            return Ok(Shown::NoGood("code"));
        };
        let expected = Expected {
            audience: Some(&self.settings.client_id),
            parties: std::slice::from_ref(&self.settings.client_id),
            nonce: Nonce::Exactly(arrival.nonce),
            access_token: granted.access.as_ref().map(|it| it.expose().as_str()),
        };
        let mut profile = match self.settings.id_token {
            IdToken::Off => None,
            IdToken::Required => {
                let token = granted.id.as_ref();
                let token = token.ok_or(Fault::Missing("id_token"))?;
                let proof = self.prove(&places, (token.expose(), "sub")).await?;
                let proof = proof.map_err(Fault::IdToken)?;
                expected.check(&proof).map_err(Fault::IdToken)?;
                Some(profile_of(&proof)?)
            }
        };
        if let Some(site) = self.user_info(&places)? {
            let told = self.ask_user_info(site, &granted).await?;
            let told = told.map_err(Fault::Status)?;
            profile = Some(match profile {
                Some(profile) => profile.completed(told)?,
                None => told,
            });
        }
        let mut profile = profile.ok_or(Fault::NoSubject)?;
        if profile.name.is_none() {
            profile.name = arrival.user.and_then(name_of_user);
        }
        if self.settings.refresh_token_column.is_some() {
            profile.refresh_token = granted.refresh;
        }
        Ok(Shown::Somebody(profile))
    }

    /// Takes a refresh token of one of its users back.
    pub async fn revoke(&self, token: &Secret<String>) -> Result<(), SocialError> {
        self.try_revoke(token).await.map_err(|why| self.named(why))
    }

    async fn try_revoke(&self, token: &Secret<String>) -> Result<(), Outcome> {
        let places = self.places().await?;
        let site = places.revocation.as_ref();
        let site = site.ok_or(Fault::Url("revocation_endpoint"))?;
        let grants = Grants {
            settings: &self.settings,
            token: &places.token,
            clock: self.clock,
        };
        grants.revoke(site, token).await
    }

    /// What it says of its users in a message that it has signed.
    pub async fn told(&self, message: &str) -> Result<Told, SocialError> {
        self.try_told(message).await.map_err(|why| self.named(why))
    }

    async fn try_told(&self, message: &str) -> Result<Told, Outcome> {
        if self.settings.id_token == IdToken::Off {
            return Ok(Told::NotTheirs);
        }
        let places = self.places().await?;
        // Such a message has no subject of its own.
        let proof = self.prove(&places, (message, "jti")).await?;
        Ok(proof.map_or(Told::NotTheirs, |proof| {
            notice::read(proof.claims.value("events"))
        }))
    }

    pub(super) fn user_info<'a>(&'a self, places: &'a Places) -> Result<Option<&'a Site>, Fault> {
        match &self.settings.user_info {
            UserInfo::Off => Ok(None),
            UserInfo::At(site) => Ok(Some(site)),
            UserInfo::Discovered => {
                let site = places.user_info.as_ref();
                site.map(Some).ok_or(Fault::Url("userinfo_endpoint"))
            }
        }
    }

    pub(super) async fn ask_user_info(
        &self,
        site: &Site,
        granted: &Granted,
    ) -> Result<Result<Profile, StatusCode>, Outcome> {
        let token = granted.access.as_ref();
        let token = token.ok_or(Fault::Missing("access_token"))?;
        let reply = self.ask(site, token).await?;
        if reply.status.is_client_error() && reply.status != StatusCode::TOO_MANY_REQUESTS {
            return Ok(Err(reply.status));
        }
        let json = tokens::object(&reply)?;
        let mut marks = self.settings.success.iter();
        if !marks.all(|(path, expected)| path.id(&json).as_ref() == Some(expected)) {
            return Err(Fault::SaysFailure.into());
        }
        Ok(Ok(Profile::read(&json, &self.settings.paths)?))
    }

    pub(super) async fn ask(&self, site: &Site, token: &Secret<String>) -> Result<Reply, Outcome> {
        let bearer = HeaderValue::try_from(format!("Bearer {}", token.expose()));
        let mut bearer = bearer.map_err(|_| Fault::Missing("access_token"))?;
        bearer.set_sensitive(true);
        let request = site.request(Method::GET);
        let request = request.header(header::ACCEPT, ANSWER.accept);
        let request = request.header(header::AUTHORIZATION, bearer);
        let request = request.body(Full::new(Bytes::new()));
        let request = request.map_err(FetchError::from)?;
        Ok(call(site, request, ANSWER, self.clock).await?)
    }

    /// The proof of an ID token; `Err` inside is what the token is not.
    pub(super) async fn prove(
        &self,
        places: &Places,
        (token, subject): (&str, &str),
    ) -> Result<Result<Verified, IdTokenError>, Outcome> {
        let site = places.keys.as_ref().ok_or(Fault::Url("jwks_uri"))?;
        let verifier = self.verifier(places, subject);
        let algorithms = self.settings.algorithms.as_slice();
        for wish in [Wish::Usual, Wish::Unknown] {
            let freshened = self.keys.freshen(site, (algorithms, wish), self.clock);
            freshened.await?;
            match verifier.verify_at(token.as_bytes(), self.clock.unix_seconds()) {
                Ok(proof) => return Ok(Ok(proof)),
                Err(Unproven::Invalid(why)) => return Ok(Err(why.into())),
                Err(Unproven::KeysNeeded(_)) => {}
            }
        }
        Ok(Err(IdTokenError::UnknownKey))
    }

    fn verifier(&self, places: &Places, subject: &str) -> Verifier {
        let issuers = places.issuers.iter().map(|issuer| {
            let checks = Checks {
                name: Some(issuer.clone()),
                audience: Audience::OneOf(self.settings.parties()),
                types: vec!["JWT".into()],
                required: vec!["iss".into(), "iat".into()],
                expected: Vec::new(),
                leeway: LEEWAY,
                subject: subject.into(),
            };
            Issuer::new(checks, Vec::new(), Some(self.keys.published()))
        });
        Verifier::with_issuers(issuers.collect(), LONGEST)
    }

    pub(super) async fn places(&self) -> Result<Arc<Places>, Outcome> {
        let discovery = match &self.settings.whereabouts {
            Whereabouts::Listed(places) => return Ok(Arc::clone(places)),
            Whereabouts::Discovered(discovery) => discovery,
        };
        let came = self.clock.instant();
        let mut described = self.described.lock().await;
        let now = self.clock.instant();
        let age = |at: Instant| now.saturating_duration_since(at);
        let said = described.said.clone();
        if let Some((_, places)) = said.as_ref().filter(|(at, _)| age(*at) < DESCRIBED) {
            return Ok(Arc::clone(places));
        }
        if described.failed.is_some_and(|at| at >= came) {
            // Somebody has waited in vain meanwhile; a queue of those who do so one after another has no end.
            return Err(FetchError::Late(ANSWER.patience).into());
        }
        match self.describe(&discovery.site, &discovery.issuer).await {
            Ok(places) => {
                let places = Arc::new(places);
                described.said = Some((now, Arc::clone(&places)));
                Ok(places)
            }
            Err(error) => {
                described.failed = Some(self.clock.instant());
                let stale = said.filter(|(at, _)| age(*at) < STALE);
                stale.map(|(_, places)| places).ok_or(error)
            }
        }
    }

    async fn describe(&self, site: &Site, issuer: &str) -> Result<Places, Outcome> {
        let request = site.request(Method::GET);
        let request = request.header(header::ACCEPT, ANSWER.accept);
        let request = request.body(Full::new(Bytes::new()));
        let request = request.map_err(FetchError::from)?;
        let reply = call(site, request, ANSWER, self.clock).await?;
        let json = tokens::object(&reply)?;
        Ok(Places::read(&json, issuer, &self.settings.transport)?)
    }

    pub(super) fn named(&self, why: Outcome) -> SocialError {
        why.of(&self.settings.name)
    }
}

/// Who a proven ID token is about.
pub(super) fn profile_of(proof: &Verified) -> Result<Profile, Fault> {
    let claims = proof.claims.names().filter_map(|name| {
        let value = proof.claims.value(name)?;
        Some((name.to_owned(), value.clone()))
    });
    let claims = Value::Object(claims.collect());
    if !claims.get("sub").is_some_and(Value::is_string) {
        return Err(Fault::NoSubject);
    }
    Profile::read(&claims, &ProfilePaths::standard())
}
