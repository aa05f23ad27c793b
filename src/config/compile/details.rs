//! Forms of pages whose fields are what the configuration maps: to join, and to change what is known of oneself.

use indexmap::IndexMap;

use super::{Findings, user_tables};
use crate::{
    accounts::{
        Endpoint, Joining, Source,
        dialect::{InvalidRequest, RequestShape},
        fastapi::{Field, FieldType, Place, Presence},
        pages::{Asked, EditPage, Pages, SignUpPage, Spoken},
    },
    config::{
        document::{
            Document,
            pages::{self as written, InputType, Text},
        },
        reading::places::key_step,
    },
    pages::{Kind, KnownField, Language},
    store::WriteAction,
};

/// What the fields of a sign-up are to the action besides what is written elsewhere.
const OF_SIGN_UP: [&str; 3] = ["login", "password", "password_again"];

/// Names that fields of all forms have already.
const OF_FORMS: [&str; 2] = ["language", "csrf_token"];

/// The pages, with the forms for which there is what they need.
pub(super) fn compile(
    pages: Option<Pages>,
    document: &Document,
    (endpoints, joining): (Option<&[Endpoint]>, &Joining),
    findings: &mut Findings<'_>,
) -> Option<Pages> {
    let (written, endpoints) = (document.pages.as_ref()?, endpoints?);
    let mut forms = Forms {
        fields: &written.fields,
        offered: &written.languages,
        findings,
        asked: Vec::new(),
    };
    let sign_up = forms.sign_up(endpoints, joining);
    let may_write = user_tables::may_write(document, WriteAction::Profile);
    let edit = if may_write {
        forms.edit(endpoints, joining)
    } else {
        None
    };
    forms.check();
    Some(Pages {
        sign_up,
        edit,
        ..pages?
    })
}

struct Forms<'a, 'f> {
    fields: &'a IndexMap<String, written::Field>,
    offered: &'a [written::Language],
    findings: &'a mut Findings<'f>,
    /// What is asked for anywhere, by what it is to the action.
    asked: Vec<String>,
}

/// What is known of a field before the operator says anything of it.
struct Wanted<'a> {
    role: &'a str,
    rule: Field,
    /// Names that may say what it is.
    names: [&'a str; 3],
    is_box: bool,
    is_required: bool,
}

impl Forms<'_, '_> {
    fn sign_up(&mut self, endpoints: &[Endpoint], joining: &Joining) -> Option<SignUpPage> {
        let plan = joining.sign_up.as_ref()?;
        let mut places = endpoints.iter().enumerate();
        let (endpoint, shape) = places.find_map(|(place, endpoint)| {
            let Endpoint::SignUp(dialect) = endpoint else {
                return None;
            };
            Some((place, &dialect.request))
        })?;
        let mut wanted: Vec<Wanted<'_>> = OF_SIGN_UP
            .iter()
            .map(|role| {
                let column = if *role == "login" { &plan.login } else { "" };
                let wanted = Wanted::of(role, column, shape);
                Wanted {
                    is_required: true,
                    ..wanted
                }
            })
            .collect();
        let is_consent = |role: &str| plan.consents.iter().any(|it| it.field == role);
        for (column, role) in fields(&plan.columns) {
            let is_there = wanted.iter().any(|it| it.role == role);
            if !is_there && !is_consent(role) {
                wanted.push(Wanted::of(role, column, shape));
            }
        }
        wanted.extend(plan.consents.iter().map(|consent| Wanted {
            is_box: true,
            is_required: consent.is_required,
            ..Wanted::of(&consent.field, "", shape)
        }));
        let fields = wanted.into_iter().map(|it| self.asked(it)).collect();
        Some(SignUpPage { endpoint, fields })
    }

    fn edit(&mut self, endpoints: &[Endpoint], joining: &Joining) -> Option<EditPage> {
        const CURRENT: &str = "current_password";
        let plan = joining.profile.as_ref()?;
        let mut places = endpoints.iter().enumerate();
        let route = places.find_map(|(place, endpoint)| {
            let Endpoint::ChangeProfile(dialect) = endpoint else {
                return None;
            };
            Some((place, &dialect.request))
        });
        let none = RequestShape {
            roles: Vec::new(),
            fields: Vec::new(),
            invalid: InvalidRequest::Refused,
        };
        let shape = route.map_or(&none, |(_, shape)| shape);
        let mut asked = Vec::new();
        for (column, role) in whole(&plan.columns) {
            if !asked
                .iter()
                .any(|(_, it): &(_, Wanted<'_>)| it.role == role)
            {
                let wanted = Wanted::of(role, column, shape);
                asked.push((Some(column.to_owned()), wanted));
            }
        }
        let proves = shape.field(CURRENT);
        if proves.is_some_and(|field| field.presence == Presence::Required) {
            asked.push((None, Wanted::of(CURRENT, "", shape)));
        }
        let (columns, wanted): (Vec<_>, Vec<_>) = asked.into_iter().unzip();
        Some(EditPage {
            endpoint: route.map(|(place, _)| place),
            fields: wanted.into_iter().map(|it| self.asked(it)).collect(),
            columns,
        })
    }

    fn asked(&mut self, wanted: Wanted<'_>) -> Asked {
        let role = wanted.role;
        let is_new = !self.asked.iter().any(|asked| asked == role);
        if is_new {
            self.asked.push(role.to_owned());
        }
        let written = self.fields.get(role);
        let mut names = wanted.names.into_iter();
        let known = names.find_map(KnownField::of);
        let label = self.label(written, known, (role, is_new));
        let kind = wanted.kind(written, known);
        let autocomplete = written.and_then(|it| it.autocomplete.as_deref());
        let known_to_browsers = match (role, known) {
            // What somebody logs in with, whatever it is.
            ("login", _) => "username",
            (_, Some(known)) => known.autocomplete,
            (_, None) => "",
        };
        Asked {
            role: role.into(),
            name: if OF_FORMS.contains(&role) {
                format!("own_{role}").into()
            } else {
                role.into()
            },
            label,
            hint: written.and_then(|it| it.hint.as_ref()).map(spoken),
            link: written.and_then(|it| it.link.as_deref()).map(Into::into),
            kind,
            autocomplete: autocomplete.unwrap_or(known_to_browsers).into(),
            is_required: wanted.is_required,
            rule: wanted.rule,
        }
    }

    fn label(
        &mut self,
        written: Option<&written::Field>,
        known: Option<KnownField>,
        (role, is_new): (&str, bool),
    ) -> Spoken {
        if let Some(label) = written.and_then(|it| it.label.as_ref()) {
            return spoken(label);
        }
        if let Some(known) = known {
            return Spoken {
                korean: known.label(Language::Korean).into(),
                english: known.label(Language::English).into(),
            };
        }
        let message = format!("users read `{role}` beside a field, since nothing says what it is");
        let languages = self.offered.iter().map(|language| match language {
            written::Language::Ko => "ko: …",
            written::Language::En => "en: …",
        });
        let languages: Vec<&str> = languages.collect();
        let languages = languages.join(", ");
        let fix = format!("add `fields: {{ {role}: {{ label: {{ {languages} }} }} }}`");
        if is_new {
            self.findings.warning("pages", &message, &fix);
        }
        Spoken {
            korean: role.into(),
            english: role.into(),
        }
    }

    /// What is written of fields that there are not, and what cannot be meant.
    fn check(&mut self) {
        let asked = std::mem::take(&mut self.asked);
        let asked: Vec<&str> = asked.iter().map(String::as_str).collect();
        for (role, field) in self.fields {
            let path = format!("pages.fields{}", key_step(role));
            if !asked.contains(&role.as_str()) {
                let fix = if asked.is_empty() {
                    "configure a sign-up or `profile`, or leave it out".to_owned()
                } else {
                    format!("use {}", asked.join(", "))
                };
                let message = "no form asks for such a field";
                self.findings.unknown(&path, message, &asked, &fix);
            }
            let texts = [("label", &field.label), ("hint", &field.hint)];
            for (key, text) in texts {
                let Some(text) = text else { continue };
                self.check_text(text, &format!("{path}.{key}"));
            }
            let is_link = |link: &str| {
                link.starts_with("https://") || (link.starts_with('/') && !link.starts_with("//"))
            };
            if field.link.as_deref().is_some_and(|link| !is_link(link)) {
                let fix = "write an address that begins with https:// or with /";
                self.findings
                    .mistake(&format!("{path}.link"), "no page is there", fix);
            }
            let token =
                |it: char| it.is_ascii_lowercase() || it.is_ascii_digit() || " -".contains(it);
            let is_odd = |tokens: &str| tokens.is_empty() || !tokens.chars().all(token);
            if field.autocomplete.as_deref().is_some_and(is_odd) {
                let path = format!("{path}.autocomplete");
                let fix = "write one of HTML's words, such as nickname, tel, bday or off";
                self.findings
                    .mistake(&path, "no browser knows such a word", fix);
            }
        }
    }

    fn check_text(&mut self, text: &Text, path: &str) {
        for language in self.offered {
            let (said, name) = match language {
                written::Language::Ko => (&text.ko, "ko"),
                written::Language::En => (&text.en, "en"),
            };
            if said.as_deref().is_none_or(|said| said.trim().is_empty()) {
                let message = format!("pages are in `{name}` as well, and this is not");
                let fix = format!("add `{name}: …`");
                self.findings.mistake(path, &message, &fix);
            }
        }
    }
}

impl<'a> Wanted<'a> {
    /// By what the dialect says of it. What it does not read may be left empty.
    fn of(role: &'a str, column: &'a str, shape: &'a RequestShape) -> Self {
        let field = shape.field(role);
        let read = field.cloned().unwrap_or_else(|| Field {
            presence: Presence::Optional,
            ..Field::text(Place::Form, role)
        });
        let name = field.map_or("", |field| field.name.as_str());
        Self {
            role,
            names: match role {
                "login" if read.field_type == FieldType::Email => ["email", "", ""],
                // Other names say more than this one.
                "login" => [name, column, role],
                _ => [role, name, column],
            },
            is_box: read.field_type == FieldType::Boolean,
            is_required: read.presence == Presence::Required
                && read.field_type != FieldType::Boolean,
            rule: read,
        }
    }

    fn kind(&self, written: Option<&written::Field>, known: Option<KnownField>) -> Kind {
        if self.is_box {
            return Kind::Box;
        }
        if matches!(
            self.role,
            "password" | "password_again" | "current_password"
        ) {
            return Kind::Password;
        }
        match (written.and_then(|it| it.input), self.rule.field_type) {
            (Some(InputType::Text), _) => Kind::Text,
            (Some(InputType::Email), _) | (None, FieldType::Email) => Kind::Email,
            (Some(InputType::Tel), _) => Kind::Phone,
            (Some(InputType::Url), _) => Kind::Address,
            (Some(InputType::Date), _) | (None, FieldType::Date) => Kind::Date,
            (Some(InputType::Number), _) | (None, FieldType::Integer) => Kind::Number,
            (None, FieldType::Number) => Kind::Decimal,
            (None, FieldType::Text | FieldType::Boolean | FieldType::Json) => {
                match known.map(|known| known.kind) {
                    // Whoever logs in with an e-mail address need not have one of a shape that browsers know.
                    Some(Kind::Email) if self.role == "login" => Kind::Text,
                    Some(Kind::Box | Kind::Password) | None => Kind::Text,
                    Some(kind) => kind,
                }
            }
        }
    }
}

/// The columns whose values are fields, and the fields.
fn fields(columns: &[(String, Source)]) -> impl Iterator<Item = (&str, &str)> {
    columns.iter().flat_map(|(column, source)| {
        // What is made of several fields says nothing of one of them.
        let column = match source.fields().len() {
            1 => column.as_str(),
            _ => "",
        };
        let roles = source.fields().into_iter();
        roles.map(move |role| (column, role))
    })
}

/// Those that are one field's alone: what was made of several is not taken apart again.
fn whole(columns: &[(String, Source)]) -> impl Iterator<Item = (&str, &str)> {
    columns.iter().filter_map(|(column, source)| {
        let Source::Field(role) = source else {
            return None;
        };
        Some((column.as_str(), role.as_str()))
    })
}

/// A text in each language; where it is not said in one, nobody reads it in that.
fn spoken(text: &Text) -> Spoken {
    let (korean, english) = (text.ko.as_deref(), text.en.as_deref());
    Spoken {
        korean: korean.or(english).unwrap_or_default().into(),
        english: english.or(korean).unwrap_or_default().into(),
    }
}
