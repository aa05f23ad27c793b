//! What is known of a member, changed by that member.

use std::borrow::Cow;

use ::http::StatusCode;
use serde_json::{Map, Value};

use super::{
    Visit,
    asked::{Asked, Typed, blame},
    asker::Asker,
};
use crate::{
    accounts::{
        AccountError, After, Answer, Endpoint, Oneself, ProfileChange, ProfileChanged,
        dialect::ChangeProfileDialect,
    },
    pages::{About, Details, Kind, Message, NotTaken, Page, Wrong},
    secret::Secret,
};

/// The password that there is, where it is asked for.
const CURRENT: &str = "current_password";

/// The page on which members change what is known of them.
#[derive(Debug)]
pub struct EditPage {
    /// The route that does the same, whose rules hold here, if there is one.
    pub endpoint: Option<usize>,
    /// What is asked for.
    pub fields: Vec<Asked>,
    /// The column of each field; none of the password.
    pub columns: Vec<Option<String>>,
}

/// What a field holds: its column's text, where it has one.
type Held = Vec<Option<Secret<String>>>;

/// The form, with what the row says.
pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let Some(page) = &visit.pages.edit else {
        return Ok(visit.message(Message::NotFound));
    };
    let Some(asker) = visit.asker().await? else {
        return Ok(visit.go_to_login());
    };
    let held = visit.held(page, &asker).await?;
    let fields = page.fields.iter().zip(&held);
    let shown: Vec<Cow<'_, str>> = fields
        .map(|(field, held)| shown(field, held.as_ref()))
        .collect();
    let inputs = page.fields.iter().zip(&shown);
    let inputs = inputs.map(|(field, shown)| field.input(visit.language, shown));
    let details = Details {
        about: About::Profile,
        inputs: inputs.collect(),
        refused: None,
    };
    let answer = visit.page(StatusCode::OK, &Page::Details(details), "page");
    Ok(asker.kept_in(answer))
}

/// The form was sent.
pub(super) async fn sent(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let Some(page) = &visit.pages.edit else {
        return Ok(visit.message(Message::NotFound));
    };
    if !visit.is_our_form() {
        return Ok(visit.message(Message::Expired));
    }
    let Some(asker) = visit.asker().await? else {
        return Ok(visit.go_to_login());
    };
    let held = visit.held(page, &asker).await?;
    let mut typed = visit.typed(&page.fields);
    leave_what_stays(&mut typed, &held);
    if typed.iter().any(|field| field.value.is_err()) {
        let again = visit.edit_again(&typed, NotTaken::Fields, "invalid");
        return Ok(asker.kept_in(again));
    }
    let oneself = Oneself {
        member: asker.member.clone(),
        session: asker.session.clone(),
    };
    let request = visit.as_asked_by(&asker);
    let after = (After::GoesOn, &request);
    let change = change(&typed);
    let changed = visit.accounts.change_profile(&oneself, change, after).await;
    let changed = changed.map_err(|error| {
        let refused = match error.outcome().status {
            StatusCode::TOO_MANY_REQUESTS => NotTaken::Later,
            _ => NotTaken::Unavailable,
        };
        visit.failed_with(error, &visit.edit_page(&typed, refused))
    })?;
    Ok(asker.kept_in(visit.edited(page, typed, changed)))
}

/// What is not changed is not looked at: it may be older than its rules.
fn leave_what_stays(typed: &mut [Typed<'_>], held: &Held) {
    for (field, held) in typed.iter_mut().zip(held) {
        let shown = shown(field.asked, held.as_ref());
        let is_same = match field.asked.kind {
            Kind::Password => false,
            Kind::Box => field.text.is_empty() == shown.is_empty(),
            Kind::Text
            | Kind::Email
            | Kind::Phone
            | Kind::Address
            | Kind::Date
            | Kind::Number
            | Kind::Decimal => field.text == shown,
        };
        if is_same {
            field.stays = true;
            field.value = Ok(Value::Null);
        }
    }
}

/// What is to be written; an emptied field becomes NULL.
fn change(typed: &[Typed<'_>]) -> ProfileChange {
    let mut fields = Map::new();
    let mut current = None;
    for field in typed.iter().filter(|field| !field.stays) {
        let Ok(value) = &field.value else { continue };
        if field.is(CURRENT) {
            current = value.as_str().map(|text| Secret::new(text.to_owned()));
        } else {
            fields.insert(field.asked.role.to_string(), value.clone());
        }
    }
    ProfileChange {
        fields,
        current,
        password: None,
    }
}

/// What a field shows of what its column has, as browsers have it: in one line.
fn shown<'h>(asked: &Asked, held: Option<&'h Secret<String>>) -> Cow<'h, str> {
    let text = held.map_or("", |text| text.expose().as_str());
    match asked.kind {
        Kind::Password => "".into(),
        Kind::Box if ["", "0", "false", "N", "n", "no"].contains(&text) => "".into(),
        Kind::Box => "yes".into(),
        Kind::Date => text.strip_suffix(" 00:00:00").unwrap_or(text).into(),
        Kind::Text | Kind::Email | Kind::Phone | Kind::Address | Kind::Number | Kind::Decimal => {
            if text.contains(['\r', '\n']) {
                text.replace(['\r', '\n'], "").into()
            } else {
                text.into()
            }
        }
    }
}

impl Visit<'_> {
    async fn held(&self, page: &EditPage, asker: &Asker) -> Result<Held, AccountError> {
        let store = &self.accounts.store;
        let id = asker.member.id.to_string();
        let mut held = Vec::with_capacity(page.columns.len());
        for column in &page.columns {
            held.push(match column {
                Some(column) => {
                    let reading = store.reading(column)?;
                    let row = store.read_by_id(&reading, &id).await?;
                    row.and_then(|(_, text)| text)
                }
                None => None,
            });
        }
        Ok(held)
    }

    fn edited(
        &self,
        page: &EditPage,
        mut typed: Vec<Typed<'_>>,
        changed: ProfileChanged,
    ) -> Answer {
        let mut at = |role: Option<&str>, wrong, otherwise| {
            if role.is_some_and(|role| blame(&mut typed, role, wrong)) {
                NotTaken::Fields
            } else {
                otherwise
            }
        };
        let (refused, outcome) = match changed {
            ProfileChanged::Done(..) => {
                let mut answer = self.go("/profile?done=profile-changed");
                answer.outcome = "changed";
                return answer;
            }
            ProfileChanged::Conflict(column) if self.says_conflicts(page) => {
                let role = page.role_of(&column);
                (at(role, Wrong::Taken, NotTaken::Taken), "conflict")
            }
            ProfileChanged::Conflict(_) => (NotTaken::Unfit, "conflict"),
            ProfileChanged::Invalid | ProfileChanged::Weak(_) => (NotTaken::Unfit, "invalid"),
            ProfileChanged::WrongPassword => {
                let refused = at(Some(CURRENT), Wrong::WrongPassword, NotTaken::Unfit);
                (refused, "refused")
            }
            ProfileChanged::Outrun => (NotTaken::Outrun, "refused"),
        };
        self.edit_again(&typed, refused, outcome)
    }

    /// Whether the route of the action tells a conflict from what does not fit.
    fn says_conflicts(&self, page: &EditPage) -> bool {
        let endpoint = page.endpoint.and_then(|it| self.accounts.endpoints.get(it));
        let Some(Endpoint::ChangeProfile(dialect)) = endpoint else {
            return true;
        };
        let ChangeProfileDialect {
            conflict, invalid, ..
        } = &**dialect;
        !conflict.looks_like(invalid)
    }

    fn edit_again(&self, typed: &[Typed<'_>], refused: NotTaken, outcome: &'static str) -> Answer {
        let status = match outcome {
            "conflict" => StatusCode::CONFLICT,
            "refused" => StatusCode::FORBIDDEN,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        self.page(status, &self.edit_page(typed, refused), outcome)
    }

    fn edit_page<'a>(&self, typed: &[Typed<'a>], refused: NotTaken) -> Page<'a> {
        let inputs = typed.iter().map(|field| field.input(self.language));
        Page::Details(Details {
            about: About::Profile,
            inputs: inputs.collect(),
            refused: Some(refused),
        })
    }
}

impl EditPage {
    /// The field of a column.
    fn role_of(&self, column: &str) -> Option<&str> {
        let columns = self.columns.iter().zip(&self.fields);
        let mut of_column = columns.filter(|(known, _)| known.as_deref() == Some(column));
        of_column.next().map(|(_, field)| &*field.role)
    }
}
