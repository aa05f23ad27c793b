//! What an answer of the application means, where its route says how that is read: the body is looked into, and stays.

use std::{future::poll_fn, pin::Pin};

use ::http::{HeaderMap, Response, StatusCode, header};
use bytes::{Bytes, BytesMut};
use http_body::Body as _;

use super::{
    body::{Body, BrokenOff},
    record::Record,
};
use crate::policy::statuses::StatusRules;

/// Looks into an answer on its way, if it is a small one in JSON. It waits for no more than it would have passed on.
pub(super) async fn read(
    response: &mut Response<Body>,
    rules: &StatusRules,
    record: &mut Record<'_>,
) {
    let length = response.body().size_hint().exact().unwrap_or_default();
    let status = response.status().as_u16();
    if !rules.look_into(status, length) || !is_plain_json(response.headers()) {
        return;
    }
    match collect(response.body_mut()).await {
        Ok(body) => {
            meant(&body, response, rules, record);
            *response.body_mut() = Body::own(body);
        }
        // The head goes on, as it would have, and what comes behind it breaks off.
        Err(error) => *response.body_mut() = Body::broken(error),
    }
}

/// The same where the body is at hand.
pub(super) fn meant(
    body: &[u8],
    response: &mut Response<Body>,
    rules: &StatusRules,
    record: &mut Record<'_>,
) {
    let Some(meant) = rules.meant(body) else {
        return;
    };
    let shown = rules.shown(meant);
    if let Some(shown) = shown.and_then(|shown| StatusCode::from_u16(shown).ok()) {
        *response.status_mut() = shown;
    }
    record.means(meant);
}

fn is_plain_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let essence = content_type.unwrap_or_default().split(';').next();
    let essence = essence.unwrap_or_default().trim().to_ascii_lowercase();
    let is_json = essence == "application/json" || essence.ends_with("+json");
    is_json && !headers.contains_key(header::CONTENT_ENCODING)
}

async fn collect(body: &mut Body) -> Result<Bytes, BrokenOff> {
    let mut collected = BytesMut::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut *body).poll_frame(context)).await {
        // Trailers come behind a body without a length, and such a one is not collected.
        if let Ok(data) = frame?.into_data() {
            collected.extend_from_slice(&data);
        }
    }
    Ok(collected.freeze())
}
