//! CORS headers of the gateway's own answers.

use std::{sync::Arc, time::Duration};

use ::http::{HeaderName, HeaderValue, Method, Uri};

use super::Findings;
use crate::{
    config::document::routes::{Cors, Credentials},
    policy::cors::{self, CorsPolicy, Origins},
};

pub(super) fn compile(
    cors: Option<&Cors>,
    path: &str,
    findings: &mut Findings<'_>,
) -> Option<Arc<CorsPolicy>> {
    let cors = cors?;
    let origins = origins(cors, path, findings);
    let methods = cors.methods.iter().enumerate();
    for (index, method) in methods {
        let path = format!("{path}.methods[{index}]");
        findings.take(
            Method::from_bytes(method.as_bytes()),
            &path,
            "write a method such as GET",
        );
    }
    let headers = cors.headers.as_ref();
    let headers = headers.and_then(|names| names_of(names, &format!("{path}.headers"), findings));
    let exposed = names_of(&cors.expose, &format!("{path}.expose"), findings);
    let max_age: Duration = cors.max_age.into();
    Some(Arc::new(CorsPolicy {
        origins,
        methods: HeaderValue::try_from(cors.methods.join(", ")).ok()?,
        headers,
        exposed,
        credentials: match cors.credentials {
            Credentials::Allow => cors::Credentials::Allow,
            Credentials::Omit => cors::Credentials::Omit,
        },
        max_age: HeaderValue::from(max_age.as_secs()),
    }))
}

fn origins(cors: &Cors, path: &str, findings: &mut Findings<'_>) -> Origins {
    if cors.origins.iter().any(|origin| origin == "*") {
        if cors.credentials == Credentials::Allow {
            let fix = "list the origins, or leave credentials out";
            findings.mistake(
                &format!("{path}.origins"),
                "browsers refuse * together with credentials",
                fix,
            );
        }
        return Origins::Any;
    }
    let listed = cors
        .origins
        .iter()
        .enumerate()
        .filter_map(|(index, origin)| {
            let path = format!("{path}.origins[{index}]");
            let fix = "write scheme, host and port only, such as https://app.example.com";
            findings.take(self::origin(origin), &path, fix)
        });
    Origins::Listed(listed.collect())
}

fn origin(text: &str) -> Result<HeaderValue, &'static str> {
    let uri: Uri = text.parse().map_err(|_| "this is not an origin")?;
    let whole = uri.scheme().is_some() && uri.authority().is_some();
    if !whole || text.ends_with('/') || uri.path() != "/" || uri.query().is_some() {
        return Err("this is not an origin");
    }
    HeaderValue::from_str(text).map_err(|_| "this is not an origin")
}

fn names_of(names: &[String], path: &str, findings: &mut Findings<'_>) -> Option<HeaderValue> {
    for (index, name) in names.iter().enumerate() {
        let path = format!("{path}[{index}]");
        findings.take(
            HeaderName::from_bytes(name.as_bytes()),
            &path,
            "write a header's name",
        );
    }
    if names.is_empty() {
        return None;
    }
    HeaderValue::try_from(names.join(", ")).ok()
}
