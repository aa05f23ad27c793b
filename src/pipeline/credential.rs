//! Stage 3: the token that the request carries, where its route reads tokens at all.
//!
//! Absent and malformed are different things: another scheme's credentials are none of ours, but `Bearer` followed by
//! something that is no token is a bad token.

use ::http::{HeaderMap, HeaderValue, Uri, header, uri::PathAndQuery};

use super::{
    rejection::Rejection,
    stage::{Credential, Presented, Routed, SentBy},
};
use crate::{
    http::{
        cookie,
        header::{Occurrence, occurrence},
        query,
        target::TargetError,
    },
    policy::route::{Access, QueryToken, TokenPlaces},
};

const SCHEME: &[u8] = b"bearer";

/// Takes the token out of `Authorization` (RFC 6750 section 2.1).
pub(super) fn extract<B>(mut routed: Routed<'_, B>) -> Result<Presented<'_, B>, Rejection> {
    let credential = match routed.route.access {
        Access::Public => Credential::Absent,
        Access::Optional | Access::Required => {
            let request = &mut routed.received.request;
            let usual = from_headers(request.headers())?;
            match &routed.route.token_places {
                None => usual,
                Some(places) => {
                    let usual = match &places.query {
                        None => usual,
                        Some(place) => from_query(usual, place, request.uri_mut())?,
                    };
                    from_further_places(usual, places, request.headers_mut())?
                }
            }
        }
    };
    Ok(Presented { routed, credential })
}

pub(super) fn from_headers(headers: &HeaderMap) -> Result<Credential, Rejection> {
    match occurrence(headers, &header::AUTHORIZATION) {
        Occurrence::Absent => Ok(Credential::Absent),
        Occurrence::Once(value) => Ok(from_value(value)),
        Occurrence::Repeated(first) => {
            let mut values = headers.get_all(header::AUTHORIZATION).iter();
            if values.any(|other| other != first) {
                return Err(Rejection::ConflictingTokens);
            }
            Ok(from_value(first))
        }
    }
}

fn from_value(value: &HeaderValue) -> Credential {
    let bytes = value.as_bytes();
    let Some((scheme, rest)) = bytes.split_at_checked(SCHEME.len()) else {
        return Credential::Absent;
    };
    let spaces = rest.iter().take_while(|&&byte| byte == b' ').count();
    // Another token character makes it another scheme; anything else is our scheme with a broken value.
    let longer = rest.first().is_some_and(|&byte| is_token_character(byte));
    if !scheme.eq_ignore_ascii_case(SCHEME) || longer {
        return Credential::Absent;
    }
    Credential::Bearer {
        value: value.clone(),
        start: SCHEME.len() + spaces,
        end: value.len(),
        sent_by: SentBy::Program,
    }
}

/// The one token of all places: RFC 6750 section 2 forbids a client to use more than one.
fn from_further_places(
    usual: Credential,
    places: &TokenPlaces,
    headers: &mut HeaderMap,
) -> Result<Credential, Rejection> {
    let mut found = usual;
    if let Some(word) = &places.websocket_protocol {
        found = from_websocket_protocol(found, headers, word)?;
    }
    if let Some(place) = &places.cookie {
        for cookie in cookie::values(headers, &place.name) {
            let other = Credential::Bearer {
                value: cookie.field.clone(),
                start: cookie.range.start,
                end: cookie.range.end,
                sent_by: SentBy::Browser,
            };
            found = agreed(found, other)?;
        }
    }
    Ok(found)
}

fn agreed(first: Credential, second: Credential) -> Result<Credential, Rejection> {
    match (first.token(), second.token()) {
        (None, _) => Ok(second),
        (_, None) => Ok(first),
        (Some(one), Some(other)) if one == other => Ok(first),
        (Some(_), Some(_)) => Err(Rejection::ConflictingTokens),
    }
}

/// Takes the parameter out of the query, so that the upstream's logs do not get it, unless the upstream has to.
fn from_query(
    usual: Credential,
    place: &QueryToken,
    uri: &mut Uri,
) -> Result<Credential, Rejection> {
    let Some(query) = uri.query() else {
        return Ok(usual);
    };
    let mut found = usual;
    let mut is_there = false;
    for value in query::values(query, &place.name) {
        is_there = true;
        // What no header can carry is no token either: an empty one is refused as that.
        let mut value = HeaderValue::from_bytes(&value).unwrap_or(HeaderValue::from_static(""));
        value.set_sensitive(true);
        let other = Credential::Bearer {
            start: 0,
            end: value.len(),
            value,
            sent_by: SentBy::Url,
        };
        // Wherever else it is, it is in the URL.
        found = agreed(other, found)?;
    }
    if is_there && !place.forwarded {
        let path = uri.path();
        let target = match query::without(query, &place.name) {
            Some(rest) => format!("{path}?{rest}"),
            None => path.to_owned(),
        };
        let target = PathAndQuery::try_from(target).map_err(|_| TargetError::Form)?;
        *uri = Uri::from(target);
    }
    Ok(found)
}

/// Takes every token that stands behind `word` out of the list of protocols: none of them is for the upstream.
fn from_websocket_protocol(
    usual: Credential,
    headers: &mut HeaderMap,
    word: &str,
) -> Result<Credential, Rejection> {
    let lines = headers.get_all(header::SEC_WEBSOCKET_PROTOCOL).iter();
    let lines: Vec<&[u8]> = lines.map(HeaderValue::as_bytes).collect();
    let joined = lines.join(&b","[..]);
    let mut protocols = joined.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut found = usual;
    let mut is_there = false;
    while let Some(protocol) = protocols.next() {
        if protocol != word.as_bytes() {
            kept.push(protocol);
            continue;
        }
        let token = protocols.next().unwrap_or_default();
        let Ok(value) = HeaderValue::from_bytes(token) else {
            continue;
        };
        let other = Credential::Bearer {
            start: 0,
            end: value.len(),
            value,
            sent_by: SentBy::Program,
        };
        found = agreed(found, other)?;
        // The upstream may choose the word, as the protocol that is spoken.
        if !is_there {
            kept.push(protocol);
        }
        is_there = true;
    }
    if is_there && let Ok(kept) = HeaderValue::from_bytes(&kept.join(&b", "[..])) {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, kept);
    }
    Ok(found)
}

/// RFC 9110 section 5.6.2.
fn is_token_character(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(values: &[&'static str]) -> Result<Option<String>, Rejection> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_static(value));
        }
        let credential = from_headers(&headers)?;
        let token = credential.token();
        Ok(token.map(|token| String::from_utf8_lossy(token).into_owned()))
    }

    #[test]
    fn the_scheme_is_read_in_any_case() {
        for value in ["Bearer a.b.c", "bearer a.b.c", "BEARER   a.b.c"] {
            assert_eq!(found(&[value]).ok().flatten().as_deref(), Some("a.b.c"));
        }
        assert_eq!(found(&["Bearer"]).ok().flatten().as_deref(), Some(""));
        assert_eq!(found(&["Bearer "]).ok().flatten().as_deref(), Some(""));
    }

    #[test]
    fn a_broken_value_is_not_an_absent_token() {
        for value in [
            "Bearer\ta.b.c",
            "Bearer=a.b.c",
            "Bearer,a.b.c",
            "Bearer\"a\"",
        ] {
            assert!(found(&[value]).expect("no conflict").is_some(), "{value}");
        }
    }

    #[test]
    fn other_schemes_are_no_token_of_ours() {
        for value in ["Basic eDp5", "a.b.c", "BearerX a.b.c", "Bear", ""] {
            assert_eq!(found(&[value]).expect("no conflict"), None, "{value}");
        }
        assert_eq!(found(&[]).expect("no conflict"), None);
    }

    #[test]
    fn two_different_tokens_are_a_conflict() {
        assert!(found(&["Bearer a.b.c", "Bearer a.b.c"]).is_ok());
        assert!(found(&["Bearer a.b.c", "Bearer d.e.f"]).is_err());
        assert!(found(&["Bearer a.b.c", "Basic eDp5"]).is_err());
    }
}
