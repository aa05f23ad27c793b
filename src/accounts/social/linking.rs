//! A signed-in member links their account at a provider, or takes it off.

use ::http::{StatusCode, header};
use serde_json::json;

use super::{
    Social, event, kept,
    start::{leave, return_to},
    verdict::{Refusal, Verdict},
};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, sessions::presented::Fields},
    member::Member,
    social::{Profile, Provider},
    store::{CellValue, Linked, Relink, Relinked, WriteAction, Writer},
};

impl Accounts {
    /// The way to the provider for somebody who is signed in, to be gone by whoever has asked.
    pub(super) async fn social_link(
        &self,
        (social, provider): (&Social, &Provider),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let member = self.signed_in(request).await?;
        self.link_writer()?;
        let wanted = (
            return_to(social, &request.query)?,
            Some(member.id.to_string()),
        );
        let (place, cookie) = leave((social, provider), wanted, self.now()).await?;
        let mut answer = Answer::json(StatusCode::OK, &json!({ "location": place }), "redirected");
        answer.headers.push((header::SET_COOKIE, cookie));
        Ok(answer)
    }

    /// Takes the account at the provider off whoever is signed in. Who has no password would never come in again.
    pub(super) async fn social_unlink(
        &self,
        (social, provider): (&Social, &Provider),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let member = self.signed_in(request).await?;
        let name = &provider.settings().name;
        if !self.is_linked((social, provider), &member).await? {
            return Ok(Answer::json(
                StatusCode::OK,
                &json!({ "unlinked": false }),
                "unlinked",
            ));
        }
        if member.password.is_none() {
            let body = json!({ "error": "last_way_in" });
            return Ok(Answer::json(StatusCode::CONFLICT, &body, "last_way_in"));
        }
        let mut kept = self.kept_of(&member.id).await?;
        kept.retain(|kept| kept.is_of(provider));
        self.take_off((social, provider), &member, None).await?;
        event::unlinked(name, &member, request);
        self.take_back(&member.id, kept).await;
        Ok(Answer::json(
            StatusCode::OK,
            &json!({ "unlinked": true }),
            "unlinked",
        ))
    }

    /// Links who has come back to the member who has left.
    pub(super) async fn link(
        &self,
        (social, provider): (&Social, &Provider),
        (member, profile): (&str, &Profile),
        request: &AccountRequest,
    ) -> Result<Verdict, AccountError> {
        let linked = self.linked((social, provider), &profile.subject).await?;
        let linked = social.who_stay(linked);
        if let Some(other) = linked.first() {
            let is_own = linked.len() == 1 && other.id.to_string() == member;
            if !is_own {
                return Ok(Verdict::Refused(Refusal::LinkedElsewhere));
            }
            self.keep_token((provider, profile), other, request).await;
            return Ok(Verdict::Linked);
        }
        let found = self.store.member_by_id(member).await?;
        let Some(member) = found.filter(|member| member.state.is_none()) else {
            return Ok(Verdict::Refused(Refusal::Blocked));
        };
        let relinked = self.put_on((social, provider), &member, profile).await?;
        Ok(match relinked {
            Relinked::Done => {
                event::linked(&provider.settings().name, &member, request);
                Verdict::Linked
            }
            Relinked::Otherwise => Verdict::Refused(Refusal::AlreadyLinked),
            Relinked::Elsewhere => Verdict::Refused(Refusal::LinkedElsewhere),
            Relinked::Gone => Verdict::Refused(Refusal::Blocked),
        })
    }

    /// Whoever is known by the address is known by the account from now on, where nothing else stands in the columns and
    /// they may be written.
    pub(super) async fn link_found(
        &self,
        (social, provider): (&Social, &Provider),
        (member, profile): (Box<Member>, &Profile),
        request: &AccountRequest,
    ) -> Result<Verdict, AccountError> {
        if member.state.is_some() || self.link_writer().is_err() {
            return Ok(Verdict::Member(member));
        }
        let relinked = self.put_on((social, provider), &member, profile).await?;
        Ok(match relinked {
            Relinked::Done => {
                event::linked(&provider.settings().name, &member, request);
                Verdict::Member(member)
            }
            Relinked::Otherwise => {
                self.keep_token((provider, profile), &member, request).await;
                Verdict::Member(member)
            }
            Relinked::Elsewhere => Verdict::Refused(Refusal::LinkedElsewhere),
            Relinked::Gone => Verdict::Refused(Refusal::Unknown),
        })
    }

    /// Writes the account where nothing stands.
    async fn put_on(
        &self,
        (social, provider): (&Social, &Provider),
        member: &Member,
        profile: &Profile,
    ) -> Result<Relinked, AccountError> {
        let link = social.account((&provider.settings().link_as, &profile.subject));
        let relink = Relink {
            id: member.id.clone(),
            columns: link.columns.clone(),
            expected: Linked::Nowhere,
            link: Some(link),
            further: kept::written(provider, profile).into_iter().collect(),
            left: social.left().cloned(),
        };
        Ok(self.link_writer()?.relink(relink).await?)
    }

    /// Empties both columns, where this provider stands in them, and writes one more with them.
    pub(super) async fn take_off(
        &self,
        (social, provider): (&Social, &Provider),
        member: &Member,
        further: Option<(String, CellValue)>,
    ) -> Result<Relinked, AccountError> {
        let (provider_column, subject_column) = social.columns.clone();
        let relink = Relink {
            id: member.id.clone(),
            columns: [provider_column, subject_column],
            expected: Linked::At(provider.settings().link_as.to_string()),
            link: None,
            further: further.into_iter().collect(),
            left: None,
        };
        Ok(self.link_writer()?.relink(relink).await?)
    }

    pub(super) fn link_writer(&self) -> Result<&Writer, AccountError> {
        let writer = self.store.writer();
        let writer = writer.filter(|writer| writer.may(WriteAction::Link));
        writer.ok_or(AccountError::NoEndpoint)
    }

    async fn signed_in(&self, request: &AccountRequest) -> Result<Member, AccountError> {
        let fields = Fields::of(request);
        let token = request.shown_token(&fields);
        let token = token.ok_or(AccountError::MissingToken)?;
        let held = self.holder(&self.access, token.expose()).await?;
        Ok(held.ok_or(AccountError::InvalidToken)?.member)
    }

    async fn is_linked(
        &self,
        (social, provider): (&Social, &Provider),
        member: &Member,
    ) -> Result<bool, AccountError> {
        let columns = [social.id.clone(), social.columns.0.clone()];
        let id = member.id.to_string();
        let values = [id.as_str(), &provider.settings().link_as];
        Ok(!self.members_where(&columns, &values).await?.is_empty())
    }
}
