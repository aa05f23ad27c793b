//! Somebody joins.
//!
//! A page tells no more of who is there than the route of the action does: where that answers a conflict as it answers a
//! success, so does the page.

use ::http::StatusCode;
use serde_json::Value;

use super::{
    Visit,
    asked::{Asked, Typed, blame, values},
};
use crate::{
    accounts::{
        AccountError, AccountRequest, Answer, Application, Endpoint, SignUp, SignedUp,
        dialect::SignUpDialect,
    },
    member::code::{Form, Purpose},
    pages::{About, Asks, Details, Message, NotTaken, Page, PasswordHint, Weak, Wrong},
    password::Weakness,
    secret::Secret,
};

/// The login, the password, and the password again: what a form has besides what is written elsewhere.
const OWN: [&str; 3] = ["login", "password", "password_again"];

/// The page on which users join.
#[derive(Debug)]
pub struct SignUpPage {
    /// The route that does the same, whose rules hold here.
    pub endpoint: usize,
    /// What is asked for.
    pub fields: Vec<Asked>,
}

/// What the page does, and what it does it by.
struct Joining<'a> {
    page: &'a SignUpPage,
    dialect: &'a SignUpDialect,
    plan: &'a SignUp,
}

/// What somebody is told who does not join.
enum Told {
    /// The same as whoever joins.
    Joined,
    /// Somebody has this.
    Taken,
    /// Whoever had it left a short time ago.
    TooEarly,
    /// That something does not fit.
    Invalid,
}

/// The form, for whoever is not logged in.
pub(super) async fn show(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let Some(joining) = Joining::of(visit) else {
        return Ok(visit.message(Message::NotFound));
    };
    if let Some(asker) = visit.asker().await? {
        return Ok(asker.kept_in(visit.go("/profile")));
    }
    let fields = joining.page.fields.iter();
    let inputs = fields.map(|field| field.input(visit.language, ""));
    let mut details = Details {
        about: About::SignUp,
        inputs: inputs.collect(),
        refused: None,
    };
    visit.with_hint(&mut details);
    Ok(visit.page(StatusCode::OK, &Page::Details(details), "page"))
}

/// The form was sent.
pub(super) async fn sent(visit: &Visit<'_>) -> Result<Answer, AccountError> {
    let Some(joining) = Joining::of(visit) else {
        return Ok(visit.message(Message::NotFound));
    };
    if visit.page.sent.is_err() {
        return Ok(visit.message(Message::Expired));
    }
    let mut typed = visit.typed(&joining.page.fields);
    let Some(applied) = application(&mut typed) else {
        return Ok(visit.joining_again(&typed, NotTaken::Fields, "invalid"));
    };
    let request = AccountRequest {
        languages: visit.asking().languages,
        ..visit.request.clone()
    };
    let done = visit.accounts.take_in(applied, &request).await;
    let done = done.map_err(|error| {
        let page = visit.joining_page(&typed, NotTaken::Unavailable);
        visit.failed_with(error, &page)
    })?;
    joining.answer(visit, (typed, done))
}

impl<'a> Joining<'a> {
    fn of(visit: &Visit<'a>) -> Option<Self> {
        let page = visit.pages.sign_up.as_ref()?;
        let Some(Endpoint::SignUp(dialect)) = visit.accounts.endpoints.get(page.endpoint) else {
            return None;
        };
        Some(Self {
            page,
            dialect,
            plan: visit.accounts.joining.sign_up.as_ref()?,
        })
    }

    fn answer(
        &self,
        visit: &Visit<'_>,
        (mut typed, done): (Vec<Typed<'_>>, SignedUp),
    ) -> Result<Answer, AccountError> {
        let refused = match done {
            SignedUp::Created(_) => return Ok(visit.joined(false, "created")),
            SignedUp::Pending(_) => return Ok(visit.joined(true, "pending")),
            SignedUp::Weak(weakness) => {
                blame(&mut typed, "password", weak(weakness));
                return Ok(visit.joining_again(&typed, NotTaken::Fields, "weak_password"));
            }
            SignedUp::Invalid("login") => {
                blame(&mut typed, "login", Wrong::Unfit);
                return Ok(visit.joining_again(&typed, NotTaken::Fields, "invalid"));
            }
            SignedUp::Invalid(_) => {
                return Ok(visit.joining_again(&typed, NotTaken::Unfit, "invalid"));
            }
            SignedUp::Conflict(column) => (
                self.told(&self.dialect.conflict)?,
                self.role_of(&column),
                "conflict",
            ),
            SignedUp::TooEarly => (self.told(&self.dialect.too_early)?, "login", "too_early"),
        };
        let (told, role, outcome) = refused;
        let wrong = match told {
            Told::Joined => return Ok(visit.joined(self.plan.terms.unverified.is_some(), outcome)),
            Told::Invalid => return Ok(visit.joining_again(&typed, NotTaken::Unfit, outcome)),
            Told::Taken => Wrong::Taken,
            Told::TooEarly => Wrong::TooEarly,
        };
        let refused = if blame(&mut typed, role, wrong) {
            NotTaken::Fields
        } else {
            NotTaken::Taken
        };
        Ok(visit.joining_again(&typed, refused, outcome))
    }

    /// What may be said of a refusal: what tells the route's answer to it from its other ones.
    fn told(&self, refused: &Answer) -> Result<Told, AccountError> {
        let success = match self.plan.terms.unverified {
            Some(_) => &self.dialect.pending,
            None => &self.dialect.created,
        };
        let success = success.fill("", &|_| None)?;
        Ok(if refused.looks_like(&success) {
            Told::Joined
        } else if refused.looks_like(&self.dialect.invalid) {
            Told::Invalid
        } else if refused.looks_like(&self.dialect.conflict) {
            Told::Taken
        } else {
            Told::TooEarly
        })
    }

    /// The field whose value a column has.
    fn role_of(&self, column: &str) -> &str {
        let mut columns = self.plan.columns.iter();
        let found = columns.find(|(name, _)| name == column);
        let found = found.and_then(|(_, source)| source.fields().first().copied());
        found.unwrap_or("login")
    }
}

impl Visit<'_> {
    /// To where it goes on for somebody who has joined.
    fn joined(&self, is_pending: bool, outcome: &'static str) -> Answer {
        let sent = self.form_of(Purpose::Verify).filter(|_| is_pending);
        let mut answer = self.go(match sent {
            Some(Form::Typed { .. }) => Asks::ToProve.path(),
            Some(Form::Link) => "/sent",
            None => "/login?done=signed-up",
        });
        answer.outcome = outcome;
        answer
    }

    fn joining_again(
        &self,
        typed: &[Typed<'_>],
        refused: NotTaken,
        outcome: &'static str,
    ) -> Answer {
        let status = match outcome {
            "conflict" | "too_early" => StatusCode::CONFLICT,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        self.page(status, &self.joining_page(typed, refused), outcome)
    }

    fn joining_page<'a>(&self, typed: &[Typed<'a>], refused: NotTaken) -> Page<'a> {
        let inputs = typed.iter().map(|field| field.input(self.language));
        let mut details = Details {
            about: About::SignUp,
            inputs: inputs.collect(),
            refused: Some(refused),
        };
        self.with_hint(&mut details);
        Page::Details(details)
    }

    /// Says what a password has to be like, where the operator says nothing of it.
    fn with_hint(&self, details: &mut Details<'_>) {
        let rules = self.accounts.hashing.rules();
        let hint = PasswordHint {
            min: rules.min,
            kinds: rules.classes,
        };
        let mut inputs = details.inputs.iter_mut();
        let password = inputs.find(|input| input.name == "password");
        if let Some(password) = password.filter(|input| input.hint.is_none()) {
            password.hint = Some(hint.said(self.language).into());
        }
    }
}

/// What somebody says who wants to join; nothing where something is wrong with it, which the fields say then.
fn application(typed: &mut [Typed<'_>]) -> Option<Application> {
    let secret = |role: &str| {
        let value = typed.iter().find(|field| field.is(role))?.value.as_ref();
        let text = value.ok()?.as_str()?;
        Some(Secret::new(text.to_owned()))
    };
    let (password, again) = (secret("password"), secret("password_again"));
    if password.is_some() && again.is_some() && password != again {
        blame(typed, "password_again", Wrong::Differs);
    }
    if typed.iter().any(|field| field.value.is_err()) {
        return None;
    }
    let mut fields = values(typed);
    let login = fields.get("login").and_then(Value::as_str)?.to_owned();
    fields.retain(|role, _| role == "login" || !OWN.contains(&role.as_str()));
    Some(Application {
        login,
        password: password?,
        again,
        fields,
    })
}

/// What is said of a password that nobody may choose.
fn weak(weakness: Weakness) -> Wrong {
    let number = |it| i64::try_from(it).unwrap_or(i64::MAX);
    match weakness {
        Weakness::Short(least) => Wrong::TooShort(number(least)),
        Weakness::Long(most) => Wrong::TooLong(number(most)),
        Weakness::Plain(kinds) => Wrong::Weak(Weak::Plain(kinds)),
        Weakness::Login => Wrong::Weak(Weak::Login),
        Weakness::ManyBytes(_) | Weakness::Nul => Wrong::Weak(Weak::Other),
    }
}
