//! Members, as managers look after them: a search, one member, and a form for each act.
//!
//! Who looks or acts is asked each time whether they may; whose form it is, before anything is done.

use ::http::{Method, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::{Visit, asker::Asker, profile::open_sessions};
use crate::{
    accounts::{
        AccountError, Answer,
        members::{
            Act, Acted, BY_ID, Candidate, Kept, Manager, Members, Reason, Unreasoned, Viewed,
            Wanted,
        },
    },
    member::StateName,
    pages::{Can, Deed, Directory, Entry, Managed, Message, Page, PastAct, Undone, WhyUndone},
    store::{Page as Found, WriteAction},
};

/// What stays as it is of an id in an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Somebody who may manage members.
struct Managing {
    asker: Asker,
    manager: Manager,
}

/// The search, and what it finds.
pub(super) async fn search(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let Managing { asker, manager } = match managing(visit).await? {
        Ok(managing) => managing,
        Err(answer) => return Ok(*answer),
    };
    let columns = visit.accounts.members.as_ref();
    let columns = columns.map(Members::searched).unwrap_or_default();
    let (by, typed) = (visit.parameter("by"), visit.parameter("text"));
    let after = visit.parameter("after");
    let first = columns.first().map_or(BY_ID, String::as_str);
    let wanted = Wanted {
        by: by.as_deref().unwrap_or(first),
        text: typed.as_deref().unwrap_or_default(),
        after: after.as_deref(),
    };
    let found = match (&by, &typed) {
        (None, None) => None,
        (Some(_), _) | (None, Some(_)) => {
            Some(visit.accounts.search_members(&manager, wanted).await?)
        }
    };
    let answer = visit.directory(columns, wanted, found.as_ref());
    Ok(asker.kept_in(answer))
}

/// One member.
pub(super) async fn view(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let Managing { asker, manager } = match managing(visit).await? {
        Ok(managing) => managing,
        Err(answer) => return Ok(*answer),
    };
    let id = visit.parameter("member").unwrap_or_default();
    let Some(viewed) = visit.accounts.view_member(&manager, &id).await? else {
        return Ok(asker.kept_in(visit.message(Message::NotFound)));
    };
    let done = visit.parameter("done");
    let done = done.as_deref().and_then(Act::of_word);
    let page = visit.managed(&viewed, done.map(deed), None);
    Ok(asker.kept_in(visit.page(StatusCode::OK, &page, "page")))
}

/// A form of a member's page.
pub(super) async fn sent(visit: &Visit<'_>, act: Act) -> Result<Answer, AccountError> {
    if !visit.is_our_form() {
        return Ok(visit.message(Message::Expired));
    }
    let Managing { asker, manager } = match managing(visit).await? {
        Ok(managing) => managing,
        Err(answer) => return Ok(*answer),
    };
    let id = visit.field("member").unwrap_or_default().to_owned();
    if !visit.can_ever(act) {
        return Ok(asker.kept_in(visit.message(Message::NotFound)));
    }
    let why = match visit.act(&manager, &id, act).await? {
        Ok(Acted::Done) => {
            let id = utf8_percent_encode(&id, PLAIN);
            let done = format!("/members/view?member={id}&done={}", act.word());
            return Ok(asker.kept_in(visit.go(&done)));
        }
        Ok(Acted::Gone) => return Ok(asker.kept_in(visit.message(Message::NotFound))),
        Ok(Acted::Otherwise(_)) => WhyUndone::Changed,
        Ok(Acted::Oneself) => WhyUndone::Oneself,
        Err(why) => why,
    };
    let Some(viewed) = visit.accounts.view_member(&manager, &id).await? else {
        return Ok(asker.kept_in(visit.message(Message::NotFound)));
    };
    let undone = Undone {
        deed: deed(act),
        why,
        typed: visit.field("reason").unwrap_or_default(),
    };
    let page = visit.managed(&viewed, None, Some(undone));
    let (status, outcome) = match why {
        WhyUndone::Changed => (StatusCode::CONFLICT, "conflict"),
        WhyUndone::Oneself => (StatusCode::FORBIDDEN, "refused"),
        WhyUndone::ReasonMissing
        | WhyUndone::ReasonTooLong
        | WhyUndone::ReasonUnreadable
        | WhyUndone::Unconfirmed => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
    };
    Ok(asker.kept_in(visit.page(status, &page, outcome)))
}

/// Whoever asks, if they may manage members now; or else what they are told.
async fn managing(visit: &Visit<'_>) -> Result<Result<Managing, Box<Answer>>, AccountError> {
    let accounts = visit.accounts;
    if accounts.members.is_none() {
        return Ok(Err(Box::new(visit.message(Message::NotFound))));
    }
    let Some(asker) = visit.asker().await? else {
        return Ok(Err(Box::new(visit.go_to_login())));
    };
    let verifier = &accounts.access.verifier;
    let Ok(token) = verifier.verify_at(asker.token.as_bytes(), accounts.now()) else {
        return Ok(Err(Box::new(visit.go_to_login())));
    };
    let candidate = Candidate {
        id: &asker.member.id,
        token: &token,
        method: &visit.page.method,
        path: &visit.page.path,
        sender: &visit.request.sender,
    };
    let Some(manager) = accounts.manager(candidate).await? else {
        let refused = visit.message(Message::Forbidden);
        return Ok(Err(Box::new(asker.kept_in(refused))));
    };
    Ok(Ok(Managing { asker, manager }))
}

impl Visit<'_> {
    /// Whether somebody is shown the way to these pages.
    pub(super) async fn leads_to_members(&self, asker: &Asker) -> Result<bool, AccountError> {
        let accounts = self.accounts;
        let verifier = &accounts.access.verifier;
        let Ok(token) = verifier.verify_at(asker.token.as_bytes(), accounts.now()) else {
            return Ok(false);
        };
        let path = format!("{}/members", self.pages.root);
        let candidate = Candidate {
            id: &asker.member.id,
            token: &token,
            method: &Method::GET,
            path: &path,
            sender: &self.request.sender,
        };
        accounts.could_manage(candidate).await
    }

    fn directory(&self, columns: &[String], wanted: Wanted<'_>, found: Option<&Found>) -> Answer {
        let members = found.map(|found| found.members.as_slice());
        let ids: Vec<String> = members
            .unwrap_or_default()
            .iter()
            .map(|member| member.id.to_string())
            .collect();
        let entries = members.map(|members| {
            let entries = members.iter().zip(&ids).map(|(member, id)| Entry {
                id,
                login: member.login.as_deref().unwrap_or_default(),
                state: member.state.as_ref().map(StateName::as_str),
            });
            entries.collect()
        });
        let more = found.is_some_and(|found| found.more);
        let page = Page::Directory(Directory {
            columns,
            by: wanted.by,
            typed: wanted.text,
            found: entries,
            last: ids.last().filter(|_| more).map(String::as_str),
        });
        self.page(StatusCode::OK, &page, "page")
    }

    /// Does what the form is for, or says what is wrong with it.
    async fn act(
        &self,
        manager: &Manager,
        id: &str,
        act: Act,
    ) -> Result<Result<Acted, WhyUndone>, AccountError> {
        let accounts = self.accounts;
        let confirmed = self.field("confirm") == Some("yes");
        if !confirmed && matches!(act, Act::EndSessions | Act::Withdraw) {
            return Ok(Err(WhyUndone::Unconfirmed));
        }
        if act == Act::EndSessions {
            return accounts.end_sessions_of_member(manager, id).await.map(Ok);
        }
        let reason = match Reason::new(self.field("reason").unwrap_or_default()) {
            Ok(reason) => reason,
            Err(Unreasoned::Missing) => return Ok(Err(WhyUndone::ReasonMissing)),
            Err(Unreasoned::TooLong) => return Ok(Err(WhyUndone::ReasonTooLong)),
            Err(Unreasoned::Unreadable) => return Ok(Err(WhyUndone::ReasonUnreadable)),
        };
        let acted = match act {
            Act::Block => accounts.block_member(manager, id, &reason).await,
            Act::Admit => accounts.admit_member(manager, id, &reason).await,
            Act::EndSessions => accounts.end_sessions_of_member(manager, id).await,
            Act::Withdraw => {
                let seen = self.field("seen").map(StateName::new);
                let whom = (id, seen.as_ref());
                accounts.withdraw_member(manager, whom, &reason).await
            }
        };
        acted.map(Ok)
    }

    /// Whether the configuration has what an act needs.
    fn can_ever(&self, act: Act) -> bool {
        let accounts = self.accounts;
        let may = |action| {
            let writer = accounts.store.writer();
            writer.is_some_and(|writer| writer.may(action))
        };
        match act {
            Act::EndSessions => true,
            Act::Block | Act::Admit => {
                let members = accounts.members.as_ref();
                members.is_some_and(|it| it.blocking().is_some()) && may(WriteAction::Block)
            }
            Act::Withdraw => accounts.joining.withdrawal.is_some() && may(WriteAction::Withdraw),
        }
    }

    fn managed<'v>(
        &'v self,
        viewed: &'v Viewed,
        done: Option<Deed>,
        undone: Option<Undone<'v>>,
    ) -> Page<'v> {
        let member = &viewed.member;
        let shown = member.shown.iter();
        Page::Managed(Box::new(Managed {
            id: &viewed.id,
            login: member.login.as_deref().unwrap_or_default(),
            state: member.state.as_ref().map(StateName::as_str),
            columns: shown
                .map(|(name, value)| (name.as_str(), text(value)))
                .collect(),
            sessions: viewed.sessions.as_ref().map(open_sessions),
            acts: viewed.acts.iter().map(past).collect(),
            can: self.can(viewed),
            is_oneself: viewed.is_oneself,
            done,
            undone,
        }))
    }

    fn can(&self, viewed: &Viewed) -> Can {
        let members = self.accounts.members.as_ref();
        let blocking = members.and_then(|members| members.blocking());
        let state = viewed.member.state.as_ref();
        let is_blocked = |it: &StateName| blocking.is_some_and(|blocking| blocking.state == *it);
        Can {
            block: state.is_none() && !viewed.is_oneself && self.can_ever(Act::Block),
            admit: state.is_some_and(is_blocked) && self.can_ever(Act::Admit),
            withdraw: !viewed.is_oneself && self.can_ever(Act::Withdraw),
        }
    }
}

fn past(act: &Kept) -> PastAct<'_> {
    PastAct {
        deed: act.act.map(deed),
        manager: &act.manager,
        reason: act.reason.as_deref(),
        at: &act.at,
    }
}

fn deed(act: Act) -> Deed {
    match act {
        Act::Block => Deed::Block,
        Act::Admit => Deed::Admit,
        Act::EndSessions => Deed::EndSessions,
        Act::Withdraw => Deed::Withdraw,
    }
}

/// A value as it is read.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
    }
}
