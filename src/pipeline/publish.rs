//! The answer to whoever asks for the public keys of what the gateway signs (RFC 7517 section 5). It is the same for
//! everybody.

use ::http::{HeaderMap, HeaderValue, Response, StatusCode, header};

use super::{body::Body, live::Live, record::Record, rejection::Rejection, stage::Prepared};
use crate::{
    clock::UnixSeconds,
    token::publication::{KeySetText, Publication},
};

pub(super) fn answer<B>(
    prepared: &Prepared<'_, B>,
    live: &Live,
    now: UnixSeconds,
    record: &mut Record<'_>,
) -> Result<Response<Body>, Rejection> {
    let publication = live.publication.as_ref();
    let publication: &Publication = publication.ok_or(Rejection::Misrouted)?;
    let set = publication.at(now);
    record.set_outcome("keys");
    let is_known = knows(prepared.request.headers(), &set.tag);
    let mut response = if is_known {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        whole(&set)
    };
    let headers = response.headers_mut();
    let kept = format!("public, max-age={}", set.max_age.as_secs());
    for (name, value) in [(header::CACHE_CONTROL, kept), (header::ETAG, set.tag)] {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(name, value);
        }
    }
    if let Some(cors) = prepared.route.cors.as_deref() {
        cors.decorate(record.origin(), headers);
    }
    Ok(response)
}

fn whole(set: &KeySetText) -> Response<Body> {
    let mut response = Response::new(Body::own(set.text.clone().into()));
    let content_type = HeaderValue::from_static("application/jwk-set+json");
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    response
}

/// Whether the client has the set already (RFC 9110 section 13.1.2).
fn knows(headers: &HeaderMap, tag: &str) -> bool {
    let lists = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = lists
        .filter_map(|list| list.to_str().ok())
        .flat_map(|list| list.split(','))
        .map(str::trim);
    tags.any(|known| known == "*" || known.strip_prefix("W/").unwrap_or(known) == tag)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_is_known_by_its_tag_in_any_place_of_a_list() {
        let knows = |lists: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for list in lists {
                headers.append(header::IF_NONE_MATCH, HeaderValue::from_static(list));
            }
            knows(&headers, "\"a1\"")
        };
        for lists in [
            &["\"a1\""][..],
            &["W/\"a1\""],
            &["\"b\", \"a1\""],
            &["\"b\"", "\"a1\""],
            &["*"],
        ] {
            assert!(knows(lists), "{lists:?}");
        }
        for lists in [&[][..], &["a1"], &["\"a\""], &["\"A1\""]] {
            assert!(!knows(lists), "{lists:?}");
        }
    }
}
