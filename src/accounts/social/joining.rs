//! Somebody from a provider who is nobody here yet becomes a member, where the operator says how.

use serde_json::Value;

use super::{
    Social,
    verdict::{Refusal, Verdict},
};
use crate::{
    accounts::{
        AccountError, Accounts,
        pick::{Picked, pick},
    },
    social::{Profile, Provider},
    store::{CellValue, Inserted, NewId, NewMember, WriteAction, Writer},
    template::Template,
};

/// The names that the columns of a new member may use.
pub const JOINING_VALUES: [&str; 5] = ["email", "name", "provider", "subject", "now"];

/// How somebody becomes a member.
#[derive(Debug)]
pub struct Joining {
    /// What they log in with.
    pub login: Template,
    /// Further columns.
    pub columns: Vec<(String, Filling)>,
}

/// What a column is filled with.
#[derive(Debug)]
pub enum Filling {
    /// The same for everybody.
    Fixed(Value),
    /// Text with the placeholders [`JOINING_VALUES`].
    Template(Template),
}

/// What is known of somebody new.
struct Known<'a> {
    profile: &'a Profile,
    provider: &'a str,
    now: CellValue,
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

    fn cell(&self, filling: &Filling) -> CellValue {
        match filling {
            Filling::Template(template) if template.sole_placeholder() == Some("now") => {
                self.now.clone()
            }
            Filling::Template(template) => {
                let text = self.render(template);
                text.map_or(CellValue::Null, CellValue::text)
            }
            Filling::Fixed(value) => match value {
                Value::Bool(truth) => CellValue::Boolean(*truth),
                Value::Number(number) => {
                    number.as_i64().map_or(CellValue::Null, CellValue::Integer)
                }
                Value::String(text) => CellValue::text(text.as_str()),
                Value::Null | Value::Array(_) | Value::Object(_) => CellValue::Null,
            },
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
            now: CellValue::date_time(self.now(), writer.utc_offset()),
        };
        let Some(login) = known.render(&joining.login) else {
            return Ok(Verdict::Refused(Refusal::NoEmail));
        };
        let new = social.new_member(joining, &known, login);
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
        let members = match writer.insert(new).await? {
            Inserted::Created(id) => {
                let member = self.store.member_by_id(&id.to_string()).await?;
                member.into_iter().collect()
            }
            // Somebody was faster: it may be the same person, in another window.
            Inserted::Conflict(_) => {
                let linked = self.linked((social, provider), &profile.subject).await?;
                if linked.is_empty() {
                    return Ok(Verdict::Refused(Refusal::Conflict));
                }
                linked
            }
            Inserted::TooEarly => return Ok(Verdict::Refused(Refusal::TooEarly)),
        };
        Ok(match pick(members) {
            Picked::One(member) => Verdict::Member(member),
            Picked::Nobody => Verdict::Refused(Refusal::Ambiguous),
        })
    }
}

impl Social {
    fn new_member(&self, joining: &Joining, known: &Known<'_>, login: String) -> NewMember {
        let (provider, subject) = &self.columns;
        let mut values = vec![
            (self.email.clone(), CellValue::text(login.as_str())),
            (provider.clone(), CellValue::text(known.provider)),
            (
                subject.clone(),
                CellValue::text(known.profile.subject.as_str()),
            ),
        ];
        let further = joining.columns.iter();
        values.extend(further.map(|(column, filling)| (column.clone(), known.cell(filling))));
        NewMember {
            login,
            values,
            id: NewId::Database,
            unique: vec![subject.clone()],
            replaced: Vec::new(),
            leaving: None,
        }
    }
}
