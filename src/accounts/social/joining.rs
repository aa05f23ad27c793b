//! Somebody from a provider who is nobody here yet becomes a member, where the operator says how.

use serde_json::Map;

use super::{
    Social, kept,
    link::meant,
    verdict::{Refusal, Verdict},
};
use crate::{
    accounts::{AccountError, Accounts, Source, Terms, joining::Making},
    entropy::Entropy,
    member::{Member, StateName},
    social::{Profile, Provider},
    store::{CellValue, Inserted, Link, NewMember, WriteAction, WriteError, Writer},
    template::Template,
};

/// The names that the columns of a new member may use.
pub const JOINING_VALUES: [&str; 4] = ["email", "name", "provider", "subject"];

/// How somebody becomes a member.
#[derive(Debug)]
pub struct Joining {
    /// What holds for everybody who joins.
    pub terms: Terms,
    /// What they log in with.
    pub login: Template,
    /// Further columns.
    pub columns: Vec<(String, Filling)>,
}

/// What a column is filled with.
#[derive(Debug)]
pub enum Filling {
    /// As at a sign-up; there is no request with fields.
    Made(Source),
    /// Text with the placeholders [`JOINING_VALUES`].
    Template(Template),
}

/// What is known of somebody new.
struct Known<'a> {
    profile: &'a Profile,
    provider: &'a str,
}

impl Known<'_> {
    /// An address that the provider does not vouch for is none: its owner may come yet.
    fn text(&self, name: &str) -> Option<&str> {
        match name {
            "email" => self.profile.verified_email(),
            "name" => self.profile.name.as_deref(),
            "provider" => Some(self.provider),
            "subject" => Some(&self.profile.subject),
            _ => None,
        }
    }

    fn render(&self, template: &Template) -> Option<String> {
        template.render(|name, text| {
            text.push_str(self.text(name)?);
            Some(())
        })
    }

    /// `None` leaves the column to the database.
    fn cell(&self, filling: &Filling, making: &mut Making<'_>) -> Option<CellValue> {
        match filling {
            Filling::Made(source) => making.value(source).ok().flatten(),
            Filling::Template(template) => {
                let text = self.render(template);
                Some(text.map_or(CellValue::Null, CellValue::text))
            }
        }
    }
}

impl Accounts {
    /// Makes a member of somebody whom nobody knows, in one transaction; of many that try it at the same time one does.
    pub(super) async fn become_member(
        &self,
        (social, provider): (&Social, &Provider),
        profile: &Profile,
    ) -> Result<Verdict, AccountError> {
        let writer = self.store.writer();
        let writer = writer.filter(|writer| writer.may(WriteAction::SignUp));
        let (Some(joining), Some(writer)) = (&social.joining, writer) else {
            return Ok(Verdict::Refused(Refusal::Unknown));
        };
        let known = Known {
            profile,
            provider: &provider.settings().link_as,
        };
        let Some(login) = known.render(&joining.login) else {
            return Ok(Verdict::Refused(Refusal::NoEmail));
        };
        let mut making = Making {
            fields: &Map::new(),
            now: self.now(),
            utc_offset: writer.utc_offset(),
            entropy: &mut Entropy::from_os(),
        };
        let mut new = social.new_member((joining, &known), &login, &mut making);
        new.values.extend(kept::written(provider, profile));
        self.insert_member(writer, new, (social, provider), profile)
            .await
    }

    async fn insert_member(
        &self,
        writer: &Writer,
        new: NewMember,
        (social, provider): (&Social, &Provider),
        profile: &Profile,
    ) -> Result<Verdict, AccountError> {
        let members = match writer.insert(new).await {
            Ok(Inserted::Created(id)) => {
                let member = self.store.member_by_id(&id.to_string()).await?;
                let nobody = Verdict::Refused(Refusal::Unknown);
                return Ok(member.map_or(nobody, |member| Verdict::Joined(Box::new(member))));
            }
            // Somebody was faster: it may be the same person, in another window.
            Ok(Inserted::Conflict(_)) | Err(WriteError::Duplicate) => {
                let linked = self.linked((social, provider), &profile.subject).await?;
                social.who_stay(linked)
            }
            Ok(Inserted::TooEarly) => return Ok(Verdict::Refused(Refusal::TooEarly)),
            Err(WriteError::Unfit) => return Ok(Verdict::Refused(Refusal::Invalid)),
            Err(error) => return Err(error.into()),
        };
        if members.is_empty() {
            return Ok(Verdict::Refused(Refusal::Conflict));
        }
        Ok(meant(members).map_or_else(Verdict::Refused, Verdict::Member))
    }
}

impl Social {
    fn new_member(
        &self,
        (joining, known): (&Joining, &Known<'_>),
        login: &str,
        making: &mut Making<'_>,
    ) -> NewMember {
        let mut values = vec![(self.email.clone(), CellValue::text(login))];
        for (column, filling) in &joining.columns {
            let value = known.cell(filling, making);
            values.extend(value.map(|value| (column.clone(), value)));
        }
        let mut new = joining.terms.member(login, values, making);
        new.link = Some(self.account((known.provider, &known.profile.subject)));
        new
    }

    /// An account at a provider, as the columns have it.
    pub(super) fn account(&self, (provider, subject): (&str, &str)) -> Link {
        let (provider_column, subject_column) = self.columns.clone();
        Link {
            columns: [provider_column, subject_column],
            provider: provider.to_owned(),
            subject: subject.to_owned(),
        }
    }

    /// The state of those who have left and may come back as somebody else.
    pub(super) fn left(&self) -> Option<&StateName> {
        let rejoin = self.joining.as_ref()?.terms.rejoin.as_ref();
        rejoin.map(|rejoin| &rejoin.state)
    }

    /// Without those who have left and may come back as somebody else.
    pub(super) fn who_stay(&self, mut members: Vec<Member>) -> Vec<Member> {
        if let Some(joining) = &self.joining {
            members.retain(|member| !joining.terms.has_left(member));
        }
        members
    }

    /// Without those, too, whom the next replaces who joins.
    pub(super) fn who_are_proven(&self, members: Vec<Member>) -> Vec<Member> {
        let mut members = self.who_stay(members);
        if let Some(joining) = &self.joining {
            members.retain(|member| !joining.terms.is_unproven(member));
        }
        members
    }
}
