//! What refusals look like.

use std::sync::Arc;

use ::http::StatusCode;
use bytes::Bytes;
use serde_json::json;

use super::Findings;
use crate::{
    config::document::routes::{CustomRefusal, Refusals},
    policy::refusal::{FixedAnswer, RefusalTemplate},
};

pub(super) fn compile(
    refusals: &Refusals,
    path: &str,
    findings: &mut Findings<'_>,
) -> Arc<RefusalTemplate> {
    Arc::new(match refusals {
        Refusals::Problem => RefusalTemplate::default(),
        Refusals::Fastapi => fastapi(),
        Refusals::Custom(custom) => {
            let mut one = |refusal: &Option<CustomRefusal>, key: &str| {
                let path = format!("{path}.custom.{key}");
                refusal
                    .as_ref()
                    .and_then(|refusal| fixed(refusal, &path, findings))
            };
            RefusalTemplate {
                missing_token: one(&custom.missing_token, "missing_token"),
                invalid_token: one(&custom.invalid_token, "invalid_token"),
                forbidden: one(&custom.forbidden, "forbidden"),
                rate_limited: one(&custom.rate_limited, "rate_limited"),
                not_found: one(&custom.not_found, "not_found"),
                method_not_allowed: one(&custom.method_not_allowed, "method_not_allowed"),
            }
        }
    })
}

fn fixed(refusal: &CustomRefusal, path: &str, findings: &mut Findings<'_>) -> Option<FixedAnswer> {
    let status = Some(refusal.status).filter(|status| (400..600).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    let status = status.ok_or("a refusal has a status of its own");
    let status = findings.take(
        status,
        &format!("{path}.status"),
        "write a status from 400 to 599",
    )?;
    let (content_type, body) = match (&refusal.body, &refusal.html) {
        (Some(body), None) => ("application/json", body.to_string()),
        (None, Some(html)) => ("text/html; charset=utf-8", html.clone()),
        (None, None) | (Some(_), Some(_)) => {
            let fix = "write either `body`, which is JSON, or `html`";
            findings.mistake(path, "a refusal says one thing", fix);
            return None;
        }
    };
    Some(FixedAnswer {
        status,
        content_type,
        body: Bytes::from(body),
    })
}

/// What FastAPI's own classes and its tutorial's `get_current_user` answer.
fn fastapi() -> RefusalTemplate {
    let detail = |status: StatusCode, detail: &str| {
        Some(FixedAnswer {
            status,
            content_type: "application/json",
            body: Bytes::from(json!({ "detail": detail }).to_string()),
        })
    };
    RefusalTemplate {
        missing_token: detail(StatusCode::UNAUTHORIZED, "Not authenticated"),
        invalid_token: detail(StatusCode::UNAUTHORIZED, "Could not validate credentials"),
        forbidden: detail(StatusCode::FORBIDDEN, "Forbidden"),
        rate_limited: detail(StatusCode::TOO_MANY_REQUESTS, "Too Many Requests"),
        not_found: detail(StatusCode::NOT_FOUND, "Not Found"),
        method_not_allowed: detail(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed"),
    }
}
