//! Codes are made and sent.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use tracing::warn;

use super::{Codes, PurposeSettings, Whom, event};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, dialect::SendCodeDialect},
    clock::UnixSeconds,
    mailer::{Channel, Full, Kind, Message, PostError},
    member::{
        ColumnValue, Member, MemberId,
        code::{Form, Purpose, SendingRules},
        spelling::fold,
    },
    secret::Secret,
    state::NewCode,
};

/// What became of a code that was to be sent. No client is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// Its message waits to be delivered.
    Posted,
    /// The account was sent one, or enough of them: not before this moment.
    Limited(UnixSeconds),
    /// There is no such member, or none whom it would be for, or no address.
    ToNobody,
}

/// Who asks for a code, as far as sending needs to know.
#[derive(Debug, Clone)]
pub struct Asking {
    /// The languages that are wanted, as `Accept-Language` has them.
    pub languages: Option<String>,
    /// Names the request.
    pub decision: String,
}

impl Codes {
    /// Sends a code in the background, if there is anybody to send it to.
    pub fn send_later(
        self: &Arc<Self>,
        purpose: Purpose,
        (whom, address): (Whom, Option<String>),
        asking: Asking,
    ) -> Result<(), Full> {
        let codes = Arc::clone(self);
        self.outbox.run(async move {
            let sent = codes.send(purpose, (&whom, address.as_deref()), &asking).await;
            if let Err(error) = sent {
                warn!(%error, purpose = purpose.word(), decision = asking.decision, "no code could be sent");
            }
        })
    }

    /// Sends a code to somebody who has just joined. Whoever gets none, for want of a place, asks for another one.
    pub(in crate::accounts) fn welcome(
        self: &Arc<Self>,
        member: &MemberId,
        request: &AccountRequest,
    ) {
        if self.settings.verify.is_none() {
            return;
        }
        let whom = Whom::Id(member.to_string());
        let sent = self.send_later(Purpose::Verify, (whom, None), request.asking());
        if let Err(error) = sent {
            warn!(%error, %member, "somebody who has joined was sent no code");
        }
    }

    /// Sends a code to this member; for whoever has just written the row.
    pub async fn send_to(
        &self,
        purpose: Purpose,
        member: &MemberId,
        asking: &Asking,
    ) -> Result<Sent, AccountError> {
        let whom = Whom::Id(member.to_string());
        self.send(purpose, (&whom, None), asking).await
    }

    /// `address` is what the member is thought to have: where there is another in the row, nothing is sent.
    async fn send(
        &self,
        purpose: Purpose,
        (whom, address): (&Whom, Option<&str>),
        asking: &Asking,
    ) -> Result<Sent, AccountError> {
        let settings = self.purpose(purpose).ok_or(AccountError::NoEndpoint)?;
        let member = self.find(settings, whom).await?;
        let to = match &member {
            Some(member) => self.address_of(settings, member).await?,
            None => None,
        };
        let to = to.filter(|to| address.is_none_or(|thought| same_address(to.expose(), thought)));
        let (Some(member), Some(to)) = (member, to) else {
            let account = self.name_of(whom);
            event::not_sent(&account, purpose, ("nobody", &asking.decision));
            return Ok(Sent::ToNobody);
        };
        let sent = self.make(purpose, (settings, &member), to, asking).await?;
        let account = member.id.to_string();
        match sent {
            Sent::Posted => event::sent(&account, purpose, &asking.decision),
            Sent::Limited(_) => event::not_sent(&account, purpose, ("limited", &asking.decision)),
            Sent::ToNobody => {}
        }
        Ok(sent)
    }

    async fn make(
        &self,
        purpose: Purpose,
        (settings, member): (&PurposeSettings, &Member),
        to: Secret<String>,
        asking: &Asking,
    ) -> Result<Sent, AccountError> {
        let rules = &settings.rules;
        let code = {
            let mut entropy = self.entropy.lock().unwrap_or_else(PoisonError::into_inner);
            rules.form.make(&mut entropy)
        };
        let account = member.id.to_string();
        let slot = self.slot(purpose, &account);
        let print = match rules.form {
            Form::Typed { .. } => self.code(&slot, code.expose()),
            Form::Link => self.link(purpose, code.expose()),
        };
        let at = self.clock.unix_seconds();
        let new = NewCode {
            slot,
            code: print,
            member: account.clone(),
            address: self.address(to.expose()),
            at,
            expires: at.plus(rules.lifetime),
            attempts: rules.attempts,
            sending: rules.sending,
        };
        let counted = self.counted(purpose, (settings, &new), to.expose());
        if let Err(again) = self.state.keep_code(new).await? {
            return Ok(Sent::Limited(again));
        }
        if let Some(counted) = counted
            && let Err(again) = self.state.keep_code(counted).await?
        {
            return Ok(Sent::Limited(again));
        }
        let minutes = rules.lifetime.as_secs().div_ceil(60).to_string();
        let value = match &settings.link {
            None => ("code", code),
            Some(link) => ("link", Secret::new(filled(link, code.expose()))),
        };
        let message = Message {
            kind: kind(purpose, rules.form),
            channel: settings.channel,
            to,
            languages: asking.languages.clone(),
            values: vec![value, ("minutes", Secret::new(minutes))],
            account,
        };
        self.outbox.post(message)?;
        Ok(Sent::Posted)
    }

    /// What counts the messages of a day to an address, where whoever signs up with it takes the place of the one before: there each
    /// has a row of its own, and nobody would count them.
    fn counted(
        &self,
        purpose: Purpose,
        (settings, new): (&PurposeSettings, &NewCode),
        address: &str,
    ) -> Option<NewCode> {
        let is_replaced = purpose == Purpose::Verify && settings.state.is_some();
        let slot = self.slot_of_address(purpose, &fold(address));
        is_replaced.then(|| NewCode {
            slot,
            // Nothing that anybody could type.
            code: slot,
            sending: SendingRules {
                after: Duration::ZERO,
                ..new.sending
            },
            ..new.clone()
        })
    }

    /// Tells a member that the password was changed, where there is an address to tell it to.
    pub(in crate::accounts) async fn tell_of_change(
        &self,
        member: &Member,
        asking: &Asking,
    ) -> Result<(), AccountError> {
        let settings = [&self.settings.reset, &self.settings.verify];
        let Some(settings) = settings.into_iter().flatten().next() else {
            return Ok(());
        };
        let Some(to) = self.address_of(settings, member).await? else {
            return Ok(());
        };
        let time = self.clock.unix_seconds().to_string();
        let message = Message {
            kind: Kind::PasswordChanged,
            channel: settings.channel,
            to,
            languages: asking.languages.clone(),
            values: vec![("time", Secret::new(time))],
            account: member.id.to_string(),
        };
        Ok(self.outbox.post(message)?)
    }

    /// The member whom such codes are for; several are nobody, since nothing tells them apart.
    pub(super) async fn find(
        &self,
        settings: &PurposeSettings,
        whom: &Whom,
    ) -> Result<Option<Member>, AccountError> {
        let members = match whom {
            Whom::Login(login) => self.store.members_by_login(login).await?,
            Whom::Id(id) => self.store.member_by_id(id).await?.into_iter().collect(),
        };
        let mut meant = members.into_iter().filter(|member| settings.is_for(member));
        let first = meant.next();
        Ok(first.filter(|_| meant.next().is_none()))
    }

    /// The address in the row of a member as it is now.
    pub(super) async fn address_of(
        &self,
        settings: &PurposeSettings,
        member: &Member,
    ) -> Result<Option<Secret<String>>, AccountError> {
        let row = self.store.row_by_id(&member.id.to_string()).await?;
        let value = row.as_ref().and_then(|row| row.values.get(settings.column));
        Ok(value.and_then(|value| match value {
            ColumnValue::Text(text) if !text.trim().is_empty() => {
                Some(Secret::new(text.trim().to_owned()))
            }
            // A phone that is kept as a number.
            ColumnValue::Number(number) if settings.channel == Channel::Phone => {
                Some(Secret::new(number.to_string()))
            }
            ColumnValue::Text(_)
            | ColumnValue::Null
            | ColumnValue::Number(_)
            | ColumnValue::Other(_) => None,
        }))
    }
}

impl Accounts {
    /// `send_code` and `reset_request`: the answer is always the same.
    pub(in crate::accounts) fn send_code(
        &self,
        (purpose, dialect): (Purpose, &SendCodeDialect),
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let codes = self.codes.as_ref().ok_or(AccountError::NoEndpoint)?;
        let fields = match dialect.request.read(request, &dialect.sent) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        let address = fields.text("address").map(str::to_owned);
        if let Some(whom) = fields.whom() {
            codes.send_later(purpose, (whom, address), request.asking())?;
        }
        Ok(dialect.sent.clone())
    }
}

impl AccountRequest {
    pub(in crate::accounts) fn asking(&self) -> Asking {
        Asking {
            languages: self.languages.clone(),
            decision: self.sender.decision.to_string(),
        }
    }
}

impl From<PostError> for AccountError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::Full(full) => full.into(),
            PostError::Undeliverable => Self::NoEndpoint,
        }
    }
}

fn kind(purpose: Purpose, form: Form) -> Kind {
    match (purpose, form) {
        (Purpose::Verify, Form::Typed { .. }) => Kind::VerifyCode,
        (Purpose::Verify, Form::Link) => Kind::VerifyLink,
        (Purpose::Reset, Form::Typed { .. }) => Kind::ResetCode,
        (Purpose::Reset, Form::Link) => Kind::ResetLink,
    }
}

/// What stands in a link needs no escape: it is base64url.
fn filled(link: &crate::template::Template, code: &str) -> String {
    let filled = link.render(|_, text| {
        text.push_str(code);
        Some(())
    });
    filled.unwrap_or_default()
}

/// Only whether it is meant: what is sent goes to the one in the row.
fn same_address(stored: &str, thought: &str) -> bool {
    stored.trim().eq_ignore_ascii_case(thought.trim())
}
