//! Who it is that looks at a page: the member of the cookie's access token, or of the refresh token where that has expired.

use ::http::{HeaderValue, header};

use super::Visit;
use crate::{
    accounts::{AccountError, Answer, TokenName},
    member::Member,
};

/// Who is logged in.
pub(super) struct Asker {
    pub(super) member: Member,
    /// An access token that holds.
    pub(super) token: String,
    /// The session that it names.
    pub(super) session: Option<String>,
    /// The cookies of tokens that were renewed meanwhile.
    renewed: Vec<HeaderValue>,
}

impl Visit<'_> {
    /// Who is logged in, if anybody is.
    pub(super) async fn asker(&self) -> Result<Option<Asker>, AccountError> {
        if let Some(token) = &self.request.cookie_token
            && let Some(asker) = self.holder(token.clone(), Vec::new()).await?
        {
            return Ok(Some(asker));
        }
        self.renewed().await
    }

    async fn holder(
        &self,
        token: String,
        renewed: Vec<HeaderValue>,
    ) -> Result<Option<Asker>, AccountError> {
        let accounts = self.accounts;
        let held = accounts.holder(&accounts.access, &token).await?;
        let Some(held) = held else { return Ok(None) };
        let session = held.proof.claims.session().map(str::to_owned);
        let member = held.member;
        Ok(Some(Asker {
            member,
            token,
            session,
            renewed,
        }))
    }

    /// The same by the refresh token, or by an access token that stands for the one that its user's row has.
    async fn renewed(&self) -> Result<Option<Asker>, AccountError> {
        let accounts = self.accounts;
        let refresh = self.page.refresh.as_ref().map(|it| it.expose().as_str());
        let shown = match &accounts.kept_refresh {
            Some(_) => self.request.cookie_token.as_deref(),
            None => refresh,
        };
        let Some(shown) = shown else { return Ok(None) };
        let tasks = &self.request.tasks;
        let renewed = accounts.renew_once(shown, self.request.sender.clone(), |renewing| {
            tasks.spawn(renewing);
        });
        let granted = match renewed.await {
            Ok(Some(granted)) => granted,
            Ok(None) => return Ok(None),
            Err(error) => return Err(AccountError::Renewal(error)),
        };
        let mut names = vec![TokenName::Access];
        if granted.refresh_token != shown {
            names.push(TokenName::Refresh);
        }
        let cookies = accounts.cookies.set(&names, &granted, accounts.now())?;
        self.holder(granted.access_token.clone(), cookies).await
    }
}

impl Asker {
    /// The answer, with the cookies of tokens that were renewed on the way.
    pub(super) fn kept_in(self, mut answer: Answer) -> Answer {
        let fields = self.renewed.into_iter();
        let named = fields.map(|field| (header::SET_COOKIE, field));
        answer.headers.extend(named);
        answer
    }
}
