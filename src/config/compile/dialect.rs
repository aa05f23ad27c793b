//! Dialect files, built-in and the operator's own.

use std::collections::{BTreeMap, HashMap};

use ::http::StatusCode;

use super::{Extent, Findings};
use crate::{
    accounts::{
        Answer, LOGIN_VALUES, REFRESH_VALUES,
        dialect::{
            AnswerTemplate, BUILT_IN, FieldSource, InvalidRequest, LoginDialect, RefreshDialect,
            RequestShape, Shape, StateCheck, VerifyDialect,
        },
        fastapi::{Field, FieldType},
    },
    config::{
        document::{Document, dialect as written},
        reading::places::key_step,
        reading::reader::read,
        source::{Environment, Source},
    },
    member::StateName,
};

/// All dialects by name; one with mistakes is there without content.
pub(super) struct Dialects(BTreeMap<String, Option<Dialect>>);

/// A compiled dialect.
#[derive(Default)]
pub(super) struct Dialect {
    pub(super) login: Option<LoginDialect>,
    pub(super) refresh: Option<RefreshDialect>,
    pub(super) verify: Option<VerifyDialect>,
}

impl Dialects {
    pub(super) fn names(&self) -> Vec<&str> {
        self.0.keys().map(String::as_str).collect()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// `None` also for one whose file has mistakes, which have been reported where they are.
    pub(super) fn find(&self, name: &str) -> Option<&Dialect> {
        self.0.get(name)?.as_ref()
    }
}

/// A dialect takes nothing from the environment: it is data, the same everywhere.
struct NoEnvironment;

impl Environment for NoEnvironment {
    fn get(&self, _name: &str) -> Option<String> {
        None
    }
}

pub(super) fn load_all(document: &Document, findings: &mut Findings<'_>) -> Dialects {
    let mut dialects = BTreeMap::new();
    for (name, text) in BUILT_IN {
        let source = Source::new(&format!("{name} (built in)"), text);
        dialects.insert(name.to_owned(), load(&source, findings));
    }
    for (name, file) in &document.dialects {
        let path = format!("dialects{}", key_step(name));
        if dialects.contains_key(name) {
            findings.mistake(
                &path,
                "a built-in dialect has this name",
                "choose another name",
            );
        }
        let source = Source::load(findings.files, &findings.resolve(file));
        let source = findings.take(source, &path, "name a readable dialect file");
        let dialect = source.and_then(|source| load(&source, findings));
        dialects.insert(name.clone(), dialect);
    }
    Dialects(dialects)
}

fn load(source: &Source, findings: &mut Findings<'_>) -> Option<Dialect> {
    let reading = read::<written::Dialect>(source, &NoEnvironment);
    findings.extend(reading.diagnostics);
    let document = reading.value?;
    let mut inner = Findings::new(
        &reading.places,
        Extent::Whole,
        findings.files,
        &findings.folder,
    );
    let dialect = compile(&document, &mut inner);
    let sound = !inner.has_mistakes();
    findings.extend(inner.into_diagnostics());
    sound.then_some(dialect)
}

fn compile(document: &written::Dialect, findings: &mut Findings<'_>) -> Dialect {
    let login = document.login.as_ref();
    let refresh = document.refresh.as_ref();
    let verify = document.verify.as_ref();
    Dialect {
        login: login.and_then(|login| compile_login(login, findings)),
        refresh: refresh.and_then(|refresh| compile_refresh(refresh, findings)),
        verify: verify.and_then(|verify| compile_verify(verify, findings)),
    }
}

fn compile_login(login: &written::Login, findings: &mut Findings<'_>) -> Option<LoginDialect> {
    let request = &login.request;
    let granted = template(&login.granted, "login.granted", &LOGIN_VALUES, findings);
    let refused = fixed(&login.refused, "login.refused", "refused", findings);
    let mut states = HashMap::new();
    for (name, answer) in &login.states {
        let path = format!("login.states{}", key_step(name));
        if let Some(answer) = fixed(answer, &path, "blocked", findings) {
            states.insert(StateName::new(name), answer);
        }
    }
    Some(LoginDialect {
        request: RequestShape {
            source: source(request.from),
            fields: vec![field(&request.login), field(&request.password)],
            invalid: invalid(request.invalid),
        },
        login_field: 0,
        password_field: 1,
        state_check: match login.states_reported {
            written::StatesReported::BeforePassword => StateCheck::BeforePassword,
            written::StatesReported::AfterPassword => StateCheck::AfterPassword,
        },
        granted: granted?,
        refused: refused?,
        states,
    })
}

fn compile_refresh(
    refresh: &written::Refresh,
    findings: &mut Findings<'_>,
) -> Option<RefreshDialect> {
    let granted = template(
        &refresh.granted,
        "refresh.granted",
        &REFRESH_VALUES,
        findings,
    );
    let refused = fixed(&refresh.refused, "refresh.refused", "refused", findings);
    Some(RefreshDialect {
        request: token_request(&refresh.request),
        granted: granted?,
        refused: refused?,
    })
}

fn compile_verify(verify: &written::Verify, findings: &mut Findings<'_>) -> Option<VerifyDialect> {
    let valid = fixed(&verify.valid, "verify.valid", "valid", findings);
    let invalid = fixed(&verify.invalid, "verify.invalid", "not_valid", findings);
    Some(VerifyDialect {
        request: token_request(&verify.request),
        valid: valid?,
        invalid: invalid?,
    })
}

fn token_request(request: &written::TokenRequest) -> RequestShape {
    RequestShape {
        source: source(request.from),
        fields: vec![field(&request.token)],
        invalid: invalid(request.invalid),
    }
}

fn source(from: written::From) -> FieldSource {
    match from {
        written::From::Query => FieldSource::Query,
        written::From::Json => FieldSource::Json,
        written::From::Form => FieldSource::Form,
    }
}

fn invalid(invalid: written::Invalid) -> InvalidRequest {
    match invalid {
        written::Invalid::Fastapi => InvalidRequest::FastApi,
        written::Invalid::Refused => InvalidRequest::Refused,
    }
}

fn field(field: &written::Field) -> Field {
    Field {
        name: field.name.clone(),
        field_type: match field.field_type {
            written::FieldType::Text => FieldType::Text,
            written::FieldType::Email => FieldType::Email,
        },
    }
}

fn template(
    answer: &written::Answer,
    path: &str,
    values: &[&str],
    findings: &mut Findings<'_>,
) -> Option<AnswerTemplate> {
    let status = status(answer, path, findings);
    let body = Shape::compile(&answer.body, values);
    let body = findings.take(
        body,
        &format!("{path}.body"),
        "use only the values that there are",
    );
    Some(AnswerTemplate {
        status: status?,
        body: body?,
    })
}

/// An answer without placeholders.
fn fixed(
    answer: &written::Answer,
    path: &str,
    outcome: &'static str,
    findings: &mut Findings<'_>,
) -> Option<Answer> {
    let template = template(answer, path, &[], findings)?;
    let body = template.body.fill(&|_| None);
    Some(Answer::json(template.status, &body, outcome))
}

fn status(answer: &written::Answer, path: &str, findings: &mut Findings<'_>) -> Option<StatusCode> {
    let status = Some(answer.status).filter(|status| (200..600).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or("no final answer has this status");
    findings.take(
        status,
        &format!("{path}.status"),
        "write a status from 200 to 599",
    )
}
