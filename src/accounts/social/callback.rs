//! The way back from a provider.

use ::http::header;

use super::{
    Social, SocialDialect, cookie_of,
    verdict::{Refusal, Verdict},
};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, fastapi},
    http::cookie,
    secret::Secret,
    social::{Arrival, Fault, Journey, Provider, ResponseMode, Shown, SocialError, is_state},
};

/// What a provider has sent along.
struct Returned(Vec<(String, String)>);

impl Returned {
    fn read(request: &AccountRequest, mode: ResponseMode) -> Self {
        Self(match mode {
            ResponseMode::Query => fastapi::pairs_of_form(request.query.as_bytes()),
            ResponseMode::FormPost => fastapi::pairs_of_form(&request.body),
        })
    }

    /// One that is repeated is none: two readers would take different ones.
    fn one(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name);
        let value = values.next().map(|(_, value)| value.as_str());
        value.filter(|value| !value.is_empty() && values.next().is_none())
    }
}

impl Accounts {
    pub(super) async fn social_callback(
        &self,
        (social, provider): (&Social, &Provider),
        dialect: Option<&SocialDialect>,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let mode = provider.settings().response_mode;
        let returned = Returned::read(request, mode);
        let state = returned.one("state").filter(|state| is_state(state));
        let state = state.ok_or(AccountError::Strayed)?;
        let journey = self.journey((social, provider), state, request)?;
        let verdict = self
            .come_back((social, provider), (state, &journey, &returned), request)
            .await?;
        let return_to = journey.return_to.as_deref().unwrap_or("/");
        // Who links an account is signed in already: a dialect has nothing to say to it.
        let dialect = dialect.filter(|_| journey.member.is_none());
        let ended = (dialect, Some(return_to));
        let mut answer = self
            .social_answer((social, provider), verdict, ended, request)
            .await?;
        let cookie = cookie_of(state, mode)?;
        answer.headers.push((header::SET_COOKIE, cookie.removal()));
        Ok(answer)
    }

    /// The journey of this browser, which ends here whatever comes of it.
    fn journey(
        &self,
        (social, provider): (&Social, &Provider),
        state: &str,
        request: &AccountRequest,
    ) -> Result<Journey, AccountError> {
        let settings = provider.settings();
        let shape = cookie_of(state, settings.response_mode)?;
        let mut cookies = cookie::values(&request.cookies, shape.name());
        let now = self.now();
        let journey = cookies.find_map(|cookie| {
            let sealed = std::str::from_utf8(cookie.bytes()).ok()?;
            social.seal.open((state, sealed), &settings.name, now)
        });
        let journey = journey.ok_or(AccountError::Strayed)?;
        if !social.used.first(state, &journey, now) {
            return Err(AccountError::Strayed);
        }
        Ok(journey)
    }

    async fn come_back(
        &self,
        (social, provider): (&Social, &Provider),
        (state, journey, returned): (&str, &Journey, &Returned),
        request: &AccountRequest,
    ) -> Result<Verdict, AccountError> {
        if let Some(error) = returned.one("error") {
            return refused_there(provider, error);
        }
        let code = returned.one("code").ok_or(AccountError::Strayed)?;
        let arrival = Arrival {
            code: &Secret::new(code.to_owned()),
            state,
            verifier: &journey.verifier,
            nonce: &journey.nonce,
            issuer: returned.one("iss"),
            user: returned.one("user"),
        };
        match provider.arrived(&arrival).await? {
            Shown::Somebody(profile) => match &journey.member {
                None => self.recognise((social, provider), &profile, request).await,
                Some(member) => {
                    let whom = (member.as_str(), &profile);
                    self.link((social, provider), whom, request).await
                }
            },
            Shown::NoGood(_) => Ok(Verdict::Refused(Refusal::Code)),
        }
    }
}

/// What the provider says instead of giving a code (RFC 6749 section 4.1.2.1).
fn refused_there(provider: &Provider, error: &str) -> Result<Verdict, AccountError> {
    let name = &provider.settings().name;
    match error {
        "access_denied"
        | "user_cancelled_authorize"
        | "login_required"
        | "consent_required"
        | "interaction_required" => Ok(Verdict::Refused(Refusal::Denied)),
        "server_error" | "temporarily_unavailable" => Err(SocialError::Unavailable {
            provider: name.clone(),
            error: "it says so itself".to_owned(),
        }
        .into()),
        _ => Err(SocialError::Misbehaves {
            provider: name.clone(),
            fault: Fault::SaysFailure,
        }
        .into()),
    }
}
