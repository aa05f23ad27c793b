//! What a native application has been given by its provider's kit, for tokens of ours.

use super::{
    Social, SocialDialect,
    verdict::{Refusal, Verdict},
};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, sessions::presented::Fields},
    secret::Secret,
    social::{Native, Provider, Shown},
};

impl Accounts {
    pub(super) async fn social_token(
        &self,
        (social, provider): (&Social, &Provider),
        dialect: &SocialDialect,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let fields = Fields::of(request);
        let ended = (Some(dialect), None);
        let verdict = match native(&fields) {
            None => Verdict::Refused(Refusal::Token),
            Some(native) => match provider.native(&native).await? {
                Shown::Somebody(profile) => {
                    let whom = (social, provider);
                    self.recognise(whom, &profile, request).await?
                }
                Shown::NoGood(_) => Verdict::Refused(Refusal::Token),
            },
        };
        self.social_answer((social, provider), verdict, ended, request)
            .await
    }
}

/// `None` where a field is repeated, or no token is there.
fn native(fields: &Fields) -> Option<Native> {
    let one = |name| fields.one(name).ok();
    let secret = |name| {
        let text = one(name)?;
        Some(text.map(|text| Secret::new(text.to_owned())))
    };
    let native = Native {
        id_token: secret("id_token")?,
        access_token: secret("access_token")?,
        nonce: one("nonce")?.map(str::to_owned),
        code: secret("code")?,
        name: secret("name")?,
    };
    let shows_any = native.id_token.is_some() || native.access_token.is_some();
    shows_any.then_some(native)
}
