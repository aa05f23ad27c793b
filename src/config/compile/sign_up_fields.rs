//! Whether what a sign-up writes is what its dialect reads.

use super::Findings;
use crate::{
    accounts::dialect::SignUpDialect,
    config::{
        document::{
            Document,
            sign_up::{ColumnValue, Consent},
        },
        reading::{places::key_step, suggestion::nearest},
    },
    template::Template,
};

/// A field that no request can have is a misspelling, or belongs to another route's dialect.
pub(super) fn check(
    document: &Document,
    dialect: &SignUpDialect,
    path: &str,
    findings: &mut Findings<'_>,
) {
    let Some(sign_up) = &document.sign_up else {
        return;
    };
    let roles: Vec<&str> = dialect.request.roles.iter().map(|role| &**role).collect();
    let path = format!("{path}.dialect");
    for (column, value) in &sign_up.columns {
        for field in fields(value).iter().filter(|it| !roles.contains(&&***it)) {
            let column = key_step(column);
            let message =
                format!("it has no field `{field}`, of which `sign_up.columns{column}` is made");
            let meant = nearest(field, &roles);
            let meant = meant.map_or_else(String::new, |it| format!("did you mean `{it}`? "));
            let fix = format!("{meant}add the field to the dialect, or leave the column out");
            findings.warning(&path, &message, &fix);
        }
    }
    for (field, consent) in &sign_up.consents {
        if *consent == Consent::Required && !roles.contains(&field.as_str()) {
            let message =
                format!("it has no field `{field}`, and nobody can join without that consent");
            findings.mistake(&path, &message, "add the field to the dialect");
        }
    }
}

fn fields(value: &ColumnValue) -> Vec<String> {
    let templates = [&value.text, &value.date].into_iter().flatten();
    // One that cannot be read is reported where it stands.
    let templates = templates.filter_map(|text| Template::parse(text).ok());
    let composed = templates.flat_map(|template| {
        let names: Vec<String> = template.placeholders().map(str::to_owned).collect();
        names
    });
    value.field.iter().cloned().chain(composed).collect()
}
