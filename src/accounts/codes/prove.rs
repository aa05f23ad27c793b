//! A code is tried, and proves somebody's address or nothing.

use super::{Codes, Whom, event};
use crate::{
    accounts::{AccountError, Sender, dialect::Fields},
    member::{
        Member,
        code::{Form, Purpose},
        spelling::fold,
    },
    secret::Secret,
    state::Tried,
};

impl Codes {
    /// The member whose code it is, which is spent. It proves the address that it was sent to, and so nothing when the row
    /// has another one by now.
    pub(super) async fn prove(
        &self,
        purpose: Purpose,
        (whom, typed): (Option<Whom>, &Secret<String>),
        sender: &Sender,
    ) -> Result<Option<Member>, AccountError> {
        let settings = self.purpose(purpose).ok_or(AccountError::NoEndpoint)?;
        let form = settings.rules.form;
        let code = form.read(typed.expose());
        let at = self.clock.unix_seconds();
        let (account, proven) = match form {
            Form::Link => {
                let print = code.map(|code| self.link(purpose, code.expose()));
                let proven = match print {
                    Some(print) => self.state.try_link(print, at).await?,
                    None => None,
                };
                ("-".to_owned(), proven)
            }
            Form::Typed { .. } => {
                let whom = whom.ok_or(AccountError::NoEndpoint)?;
                let member = self.find(settings, &whom).await?;
                let account = member.as_ref().map(|member| member.id.to_string());
                let slot = match &account {
                    Some(account) => self.slot(purpose, account),
                    None => self.slot_of_nobody(purpose, &folded(&whom)),
                };
                let code = code.map(|code| self.code(&slot, code.expose()));
                let proven = self.state.try_code(Tried { slot, code, at }).await?;
                (account.unwrap_or_else(|| self.name_of(&whom)), proven)
            }
        };
        let Some(proven) = proven else {
            event::refused(&account, purpose, sender);
            return Ok(None);
        };
        let member = self.find(settings, &Whom::Id(proven.member)).await?;
        let Some(member) = member else {
            event::refused(&account, purpose, sender);
            return Ok(None);
        };
        let address = self.address_of(settings, &member).await?;
        let is_same = |it: &Secret<String>| self.address(it.expose())[..] == proven.address;
        if !address.as_ref().is_some_and(is_same) {
            event::refused(&account, purpose, sender);
            return Ok(None);
        }
        Ok(Some(member))
    }

    /// What stands for somebody in a log.
    pub(super) fn name_of(&self, whom: &Whom) -> String {
        self.pseudonym(&folded(whom))
    }
}

fn folded(whom: &Whom) -> String {
    match whom {
        Whom::Login(login) => fold(login),
        Whom::Id(id) => id.clone(),
    }
}

impl Fields {
    /// Whom a request is about: by what they log in with, or by their id.
    pub(in crate::accounts) fn whom(&self) -> Option<Whom> {
        if let Some(login) = self.text("login") {
            return Some(Whom::Login(login.to_owned()));
        }
        let id = self.value("id")?;
        let text = id.as_str().map(str::to_owned);
        text.or_else(|| id.as_number().map(ToString::to_string))
            .map(Whom::Id)
    }
}
