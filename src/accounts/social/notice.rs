//! What a provider tells us about its users: that somebody has left it, or has taken us off.

use ::http::StatusCode;
use serde_json::json;

use super::{Social, event, kept};
use crate::{
    accounts::{
        AccountError, AccountRequest, Accounts, Answer, fastapi, sessions::presented::Fields,
    },
    social::{Provider, Told},
    state::{EndedBy, Which},
};

impl Accounts {
    /// Unlinks, and ends the sessions. A user whom nobody knows is no mistake of the provider's: it is answered the same.
    pub(super) async fn social_notice(
        &self,
        (social, provider): (&Social, &Provider),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let subject = match told(provider, request).await? {
            Told::Left(subject) => subject,
            Told::Nothing => return Ok(answer(StatusCode::OK, "ignored")),
            Told::NotTheirs => return Ok(answer(StatusCode::UNAUTHORIZED, "refused")),
        };
        for member in self.linked((social, provider), &subject).await? {
            let emptied = kept::emptied(provider);
            self.take_off((social, provider), &member, emptied).await?;
            if let Some(state) = &self.state {
                let id = member.id.to_string();
                let all = (&*id, Which::All);
                self.end(state, all, EndedBy::Revocation).await?;
            }
            event::unlinked(&provider.settings().name, &member, request);
        }
        Ok(answer(StatusCode::OK, "unlinked"))
    }
}

/// Kakao proves itself by a key that both know, Apple by a signature.
async fn told(provider: &Provider, request: &AccountRequest) -> Result<Told, AccountError> {
    let fields = Fields::of(request);
    if let Ok(Some(payload)) = fields.one("payload") {
        return Ok(provider.told(payload).await?);
    }
    let secret = provider.settings().notice_secret.as_ref();
    let shown = request.credentials("kakaoak");
    if secret.is_none() || shown.as_ref() != secret {
        return Ok(Told::NotTheirs);
    }
    let in_query = fastapi::pairs_of_form(request.query.as_bytes());
    let mut in_query = in_query.iter().filter(|(name, _)| name == "user_id");
    let in_body = fields.one("user_id").ok().flatten();
    let subject = in_body.or_else(|| in_query.next().map(|(_, value)| value.as_str()));
    Ok(subject.map_or(Told::Nothing, |subject| Told::Left(subject.to_owned())))
}

fn answer(status: StatusCode, outcome: &'static str) -> Answer {
    Answer::json(status, &json!({}), outcome)
}
