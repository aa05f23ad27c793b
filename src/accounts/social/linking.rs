//! A signed-in member links their account at a provider, or takes it off.

use ::http::{StatusCode, header};
use serde_json::json;

use super::{
    Social, event,
    start::{leave, return_to},
    verdict::{Refusal, Verdict},
};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, sessions::presented::Fields},
    member::Member,
    social::{Profile, Provider},
    store::{CellValue, WriteAction, Writer},
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
        self.take_off(social, &member).await?;
        event::unlinked(name, &member, request);
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
        member: &str,
        profile: &Profile,
    ) -> Result<Verdict, AccountError> {
        let linked = self.linked((social, provider), &profile.subject).await?;
        if let Some(other) = linked.first() {
            let is_own = linked.len() == 1 && other.id.to_string() == member;
            let elsewhere = Verdict::Refused(Refusal::LinkedElsewhere);
            return Ok(if is_own { Verdict::Linked } else { elsewhere });
        }
        let found = self.store.member_by_id(member).await?;
        let Some(member) = found.filter(|member| member.state.is_none()) else {
            return Ok(Verdict::Refused(Refusal::Blocked));
        };
        if self.is_linked_anywhere(social, &member).await? {
            return Ok(Verdict::Refused(Refusal::AlreadyLinked));
        }
        let (type_column, id_column) = social.columns.clone();
        let link_as = &*provider.settings().link_as;
        let values = vec![
            (type_column, CellValue::text(link_as)),
            (id_column, CellValue::text(profile.subject.as_str())),
        ];
        self.link_writer()?.set_columns(&member.id, values).await?;
        Ok(Verdict::Linked)
    }

    /// Empties both columns.
    pub(super) async fn take_off(
        &self,
        social: &Social,
        member: &Member,
    ) -> Result<(), AccountError> {
        let (provider, subject) = social.columns.clone();
        let values = vec![(provider, CellValue::Null), (subject, CellValue::Null)];
        self.link_writer()?.set_columns(&member.id, values).await?;
        Ok(())
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

    async fn is_linked_anywhere(
        &self,
        social: &Social,
        member: &Member,
    ) -> Result<bool, AccountError> {
        for provider in &social.providers {
            if self.is_linked((social, provider), member).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
