//! Who somebody at a provider is in the user table.
//!
//! Known are they by the provider and their id there, and by nothing else, unless the operator says that a verified e-mail
//! address is enough. A name or an address that the provider does not vouch for makes nobody anybody.

use super::{
    Social,
    verdict::{Refusal, Verdict},
};
use crate::{
    accounts::{
        AccountError, AccountRequest, Accounts,
        pick::{Picked, pick},
    },
    member::Member,
    social::{LinkByEmail, Profile, Provider},
};

impl Accounts {
    pub(super) async fn recognise(
        &self,
        (social, provider): (&Social, &Provider),
        profile: &Profile,
        request: &AccountRequest,
    ) -> Result<Verdict, AccountError> {
        let linked = self.linked((social, provider), &profile.subject).await?;
        let linked = social.who_stay(linked);
        if !linked.is_empty() {
            let member = match meant(linked) {
                Ok(member) => member,
                Err(refusal) => return Ok(Verdict::Refused(refusal)),
            };
            if member.state.is_none() {
                self.keep_token((provider, profile), &member, request).await;
            }
            return Ok(Verdict::Member(member));
        }
        let found = self.known_by_address((social, provider), profile).await?;
        if found.is_empty() {
            return self.become_member((social, provider), profile).await;
        }
        match meant(found) {
            Ok(member) => {
                let whom = (member, profile);
                self.link_found((social, provider), whom, request).await
            }
            Err(refusal) => Ok(Verdict::Refused(refusal)),
        }
    }

    async fn known_by_address(
        &self,
        (social, provider): (&Social, &Provider),
        profile: &Profile,
    ) -> Result<Vec<Member>, AccountError> {
        match (provider.settings().link_by_email, profile.verified_email()) {
            (LinkByEmail::Verified, Some(address)) => {
                let found = self.members_by_address(social, address).await?;
                Ok(social.who_are_proven(found))
            }
            (LinkByEmail::Verified, None) | (LinkByEmail::Off, _) => Ok(Vec::new()),
        }
    }

    /// The rows that are linked to this account at the provider.
    pub(super) async fn linked(
        &self,
        (social, provider): (&Social, &Provider),
        subject: &str,
    ) -> Result<Vec<Member>, AccountError> {
        let (type_column, id_column) = &social.columns;
        let columns = [type_column.clone(), id_column.clone()];
        let values = [&*provider.settings().link_as, subject];
        self.members_where(&columns, &values).await
    }

    /// Compared byte for byte, and with the small letters that most tables have: a collation could take the address of one
    /// person for that of another.
    async fn members_by_address(
        &self,
        social: &Social,
        address: &str,
    ) -> Result<Vec<Member>, AccountError> {
        let columns = [social.email.clone()];
        let found = self.members_where(&columns, &[address]).await?;
        let small = address.to_ascii_lowercase();
        if !found.is_empty() || small == address {
            return Ok(found);
        }
        self.members_where(&columns, &[&small]).await
    }

    pub(super) async fn members_where(
        &self,
        columns: &[String],
        values: &[&str],
    ) -> Result<Vec<Member>, AccountError> {
        let finder = self.store.finder(columns)?;
        Ok(self.store.find_where(&finder, values).await?)
    }
}

/// The one of them who is meant.
pub(super) fn meant(members: Vec<Member>) -> Result<Box<Member>, Refusal> {
    match pick(members) {
        Picked::One(member) => Ok(member),
        Picked::Nobody => Err(Refusal::Ambiguous),
    }
}
