//! A user joins.

use serde_json::{Map, Value};

use super::{
    audit,
    source::{Making, Source, Unfit},
    terms::Terms,
};
use crate::{
    accounts::{AccountError, AccountRequest, Accounts, Answer, dialect::SignUpDialect},
    entropy::Entropy,
    member::{Member, MemberId},
    password::Weakness,
    secret::Secret,
    store::{CellValue, Inserted, NewMember, WriteError},
};

/// The longest login that is ever looked up.
const LONGEST_LOGIN: usize = 1024;

/// How users join.
#[derive(Debug)]
pub struct SignUp {
    /// What holds for everybody who joins.
    pub terms: Terms,
    /// The column of the login.
    pub login: String,
    /// The column of the password.
    pub password: String,
    /// The other columns.
    pub columns: Vec<(String, Source)>,
    /// What is agreed to.
    pub consents: Vec<Consent>,
}

/// Something that may be agreed to.
#[derive(Debug, Clone)]
pub struct Consent {
    /// The field that says so.
    pub field: String,
    /// Whether nobody joins without it.
    pub is_required: bool,
}

/// What somebody says who wants to join.
#[derive(Debug)]
pub struct Application {
    /// What they will log in with.
    pub login: String,
    /// The password.
    pub password: Secret<String>,
    /// The password again, where it is asked for twice.
    pub again: Option<Secret<String>>,
    /// What else they say, by what it is to the action; the login among it.
    pub fields: Map<String, Value>,
}

/// What has become of it.
#[derive(Debug)]
pub enum SignedUp {
    /// The user is there.
    Created(Box<Member>),
    /// The user is there and has to prove that the address is theirs.
    Pending(Box<Member>),
    /// Somebody else has the value of this column.
    Conflict(String),
    /// Who had the login has left too short a time ago.
    TooEarly,
    /// The password cannot be chosen.
    Weak(Weakness),
    /// Something is missing, or does not fit.
    Invalid(&'static str),
}

impl Accounts {
    pub(in crate::accounts) async fn sign_up(
        &self,
        dialect: &SignUpDialect,
        request: &AccountRequest,
    ) -> Result<Answer, AccountError> {
        let mut fields = match dialect.request.read(request, &dialect.invalid) {
            Ok(fields) => fields,
            Err(answer) => return Ok(*answer),
        };
        let password = fields.take_secret("password");
        let application = Application {
            login: fields.text("login").unwrap_or_default().to_owned(),
            password: password.unwrap_or_else(|| Secret::new(String::new())),
            again: fields.take_secret("password_again"),
            fields: fields
                .iter()
                .map(|(role, value)| (role.to_owned(), value.clone()))
                .collect(),
        };
        let login = application.login.clone();
        let done = self.take_in(application, request).await?;
        let values = |member: &Member| {
            let (id, user) = (member.id.to_json(), Value::Object(member.shown.clone()));
            move |name: &str| match name {
                "user" => Some(user.clone()),
                "user.id" => Some(id.clone()),
                "login" => Some(login.as_str().into()),
                _ => None,
            }
        };
        match done {
            SignedUp::Created(member) => dialect.created.fill("created", &values(&member)),
            SignedUp::Pending(member) => dialect.pending.fill("pending", &values(&member)),
            SignedUp::Conflict(_) => Ok(dialect.conflict.clone()),
            SignedUp::TooEarly => Ok(dialect.too_early.clone()),
            SignedUp::Weak(weakness) => dialect.weak_password.fill("weak_password", &|name| {
                (name == "reason").then(|| weakness.name().into())
            }),
            SignedUp::Invalid(_) => Ok(dialect.invalid.clone()),
        }
    }

    /// Makes a user, or says why there is none; an audit reads of it, and who has to prove an address is sent a code.
    pub(in crate::accounts) async fn take_in(
        &self,
        application: Application,
        request: &AccountRequest,
    ) -> Result<SignedUp, AccountError> {
        let done = self.join(application).await?;
        done.audit(request);
        if let (SignedUp::Pending(member), Some(codes)) = (&done, &self.codes) {
            codes.welcome(&member.id, request);
        }
        Ok(done)
    }

    /// Makes a user, or says why there is none.
    pub async fn join(&self, application: Application) -> Result<SignedUp, AccountError> {
        let plan = self.joining.sign_up.as_ref().zip(self.store.writer());
        let (plan, writer) = plan.ok_or(AccountError::NoEndpoint)?;
        if let Some(why) = plan.objection(&application) {
            return Ok(SignedUp::Invalid(why));
        }
        let checked = self
            .hashing
            .check_new(&application.password, &application.login);
        if let Err(weakness) = checked {
            return Ok(SignedUp::Weak(weakness));
        }
        let Application {
            login,
            password,
            fields,
            ..
        } = application;
        let stored = self.hashing.make(password).await?;
        let now = self.now();
        let mut making = Making {
            fields: &fields,
            now,
            utc_offset: writer.utc_offset(),
            entropy: &mut Entropy::from_os(),
        };
        let Ok(new) = plan.member((&login, stored), &mut making) else {
            return Ok(SignedUp::Invalid("value"));
        };
        match writer.insert(new).await {
            Ok(Inserted::Created(id)) => Ok(self.joined(plan, id).await),
            Ok(Inserted::Conflict(column)) => Ok(SignedUp::Conflict(column)),
            Ok(Inserted::TooEarly) => Ok(SignedUp::TooEarly),
            Err(WriteError::Duplicate) => Ok(SignedUp::Conflict(plan.login.clone())),
            Err(WriteError::Unfit) => Ok(SignedUp::Invalid("value")),
            Err(error) => Err(error.into()),
        }
    }

    /// The user is there, whatever the look at the row says.
    async fn joined(&self, plan: &SignUp, id: MemberId) -> SignedUp {
        let found = self.store.member_by_id(&id.to_string()).await;
        let member = found.ok().flatten().unwrap_or_else(|| Member {
            id,
            password: None,
            salt: None,
            state: plan.terms.unverified.clone(),
            shown: Map::new(),
        });
        let is_pending = plan.terms.is_unproven(&member);
        let member = Box::new(member);
        if is_pending {
            SignedUp::Pending(member)
        } else {
            SignedUp::Created(member)
        }
    }
}

impl SignUp {
    /// Why nobody can join like this, in a word.
    fn objection(&self, application: &Application) -> Option<&'static str> {
        let login = application.login.as_str();
        if login.is_empty() || login.len() > LONGEST_LOGIN || login.contains('\0') {
            return Some("login");
        }
        let differs = |again: &Secret<String>| *again != application.password;
        if application.again.as_ref().is_some_and(differs) {
            return Some("password_again");
        }
        let is_missing = |consent: &&Consent| {
            consent.is_required && !is_yes(application.fields.get(&consent.field))
        };
        let missing = self.consents.iter().find(is_missing);
        missing.map(|_| "consent")
    }

    fn member(
        &self,
        (login, stored): (&str, Secret<String>),
        making: &mut Making<'_>,
    ) -> Result<NewMember, Unfit> {
        let mut values = vec![(self.login.clone(), CellValue::text(login))];
        if self.password != self.login {
            values.push((self.password.clone(), CellValue::Text(stored)));
        }
        for (column, source) in &self.columns {
            if let Some(value) = making.value(source)? {
                values.push((column.clone(), value));
            }
        }
        Ok(self.terms.member(login, values, making))
    }
}

impl SignedUp {
    fn audit(&self, request: &AccountRequest) {
        let sender = &request.sender;
        match self {
            Self::Created(member) => audit::joined(&member.id, false, sender),
            Self::Pending(member) => audit::joined(&member.id, true, sender),
            Self::Conflict(_) => audit::refused("conflict", sender),
            Self::TooEarly => audit::refused("too_early", sender),
            Self::Weak(_) => audit::refused("weak_password", sender),
            Self::Invalid(why) => audit::refused(why, sender),
        }
    }
}

/// What forms send for a box that is ticked, and what programs say.
fn is_yes(value: Option<&Value>) -> bool {
    match value {
        Some(Value::Bool(truth)) => *truth,
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        Some(Value::String(text)) => {
            let words = ["true", "on", "yes", "y", "1", "agree"];
            words.iter().any(|word| text.eq_ignore_ascii_case(word))
        }
        None | Some(Value::Null | Value::Array(_) | Value::Object(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_a_yes_is_a_yes() {
        for yes in [
            json!(true),
            json!(1),
            json!("on"),
            json!("Y"),
            json!("TRUE"),
        ] {
            assert!(is_yes(Some(&yes)), "{yes}");
        }
        for no in [
            json!(false),
            json!(0),
            json!(2),
            json!("no"),
            json!(""),
            json!([true]),
            json!(null),
        ] {
            assert!(!is_yes(Some(&no)), "{no}");
        }
        assert!(!is_yes(None));
    }
}
