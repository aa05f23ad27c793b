//! Stage 1: one target, one Host, each in its one canonical form.

use std::{borrow::Cow, cell::RefCell};

use ::http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version, header, uri::PathAndQuery,
};

use super::{rejection::Rejection, stage::Received};
use crate::http::{
    header::{Occurrence, occurrence},
    host::{self, HostError},
    target::{Reading, TargetError, canonical_path_for},
};
use crate::listener::{
    Refusal,
    framing::{Limits, Violation},
};

/// The valid Host that was sent last, in its canonical form: mostly the next one is the same, and is valid then, too.
#[derive(Debug, Default)]
pub(super) struct LastHost(RefCell<Option<HeaderValue>>);

impl LastHost {
    fn is(&self, sent: &HeaderValue) -> bool {
        self.0.borrow().as_ref() == Some(sent)
    }

    fn keep(&self, sent: &HeaderValue) {
        // A copy: what was sent is a part of all that was read with it.
        *self.0.borrow_mut() = HeaderValue::from_bytes(sent.as_bytes()).ok();
    }
}

/// Checks Host and target and rewrites them to what is matched and forwarded.
pub(super) fn receive<B>(
    mut request: Box<Request<B>>,
    reading: Reading,
    last: &LastHost,
) -> Result<Received<B>, Rejection> {
    check_method(request.method())?;
    if request.version() == Version::HTTP_2 {
        join_cookies(request.headers_mut());
    }
    let host = host_value(&mut request, last)?;
    let uri = request.uri();
    check_form(uri, host.as_ref())?;
    if uri.query().is_some_and(|query| !query.is_ascii()) {
        return Err(TargetError::NotAscii.into());
    }
    let canonical = canonical_path_for(uri.path(), reading)?;
    let rewritten = match canonical {
        // In absolute form only the path and query go on: the authority has become the Host.
        Cow::Borrowed(_) if uri.authority().is_none() => None,
        Cow::Borrowed(path) => Some(with_query(path.to_owned(), uri.query())?),
        Cow::Owned(path) => Some(with_query(path, uri.query())?),
    };
    if let Some(path_and_query) = rewritten {
        *request.uri_mut() = Uri::from(path_and_query);
    }
    let folded = match reading.matched(request.uri().path()) {
        Cow::Borrowed(_) => None,
        Cow::Owned(folded) => Some(folded.into_boxed_str()),
    };
    Ok(Received {
        request,
        host,
        folded,
    })
}

/// What the framing of HTTP/1.1 refuses before there is a request. The library limits a header list of HTTP/2 by its
/// size alone, and takes targets beyond ASCII, names with a quotation mark and values with outer spaces.
pub(super) fn check_head<B>(request: &Request<B>, limits: Limits) -> Result<(), Rejection> {
    let target = request.uri().path_and_query();
    let target = target.map_or("", |target| target.as_str());
    let has_quote = |name: &HeaderName| name.as_str().contains('"');
    let violation = if request.headers().len() > limits.fields {
        Violation::ManyFields
    } else if target.len() > limits.request_line {
        Violation::LongTarget
    } else if !target.is_ascii() {
        Violation::Target
    } else if request.headers().keys().any(has_quote) {
        Violation::FieldName
    } else if request.headers().values().any(has_outer_space) {
        Violation::FieldValue
    } else {
        return Ok(());
    };
    Err(Refusal::Malformed(violation).into())
}

/// RFC 9113 section 8.2.1 forbids it; before HTTP/1.1 it would be cut off.
fn has_outer_space(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let is_space = |byte: Option<&u8>| byte.is_some_and(|byte| matches!(byte, b' ' | b'\t'));
    is_space(bytes.first()) || is_space(bytes.last())
}

/// Methods are compared by exact case (RFC 9110 section 9.1), but some upstreams fold them: `delete` would miss the
/// route for `DELETE` here and still delete there.
fn check_method(method: &Method) -> Result<(), Rejection> {
    if method
        .as_str()
        .bytes()
        .any(|byte| byte.is_ascii_lowercase())
    {
        return Err(Rejection::Method);
    }
    Ok(())
}

/// HTTP/2 lets a client split its cookies over several fields; before HTTP/1.1 they have to be one (RFC 9113 section
/// 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let Occurrence::Repeated(_) = occurrence(headers, &header::COOKIE) else {
        return;
    };
    let crumbs: Vec<&[u8]> = headers
        .get_all(header::COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    // What was put together from values is one.
    if let Ok(joined) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(header::COOKIE, joined);
    }
}

/// Whether the Host is a valid one.
pub(super) fn check_host<B>(request: &Request<B>) -> Result<(), HostError> {
    host::validated(request.headers(), request.uri(), request.version()).map(drop)
}

/// The valid Host; one that was not in its canonical form is put into it.
fn host_value<B>(
    request: &mut Request<B>,
    last: &LastHost,
) -> Result<Option<HeaderValue>, HostError> {
    if let Occurrence::Once(sent) = occurrence(request.headers(), &header::HOST)
        && last.is(sent)
    {
        return Ok(Some(sent.clone()));
    }
    let valid = host::validated(request.headers(), request.uri(), request.version())?;
    let value = match valid {
        None => return Ok(None),
        Some(Cow::Borrowed(text)) => match request.headers().get(header::HOST) {
            Some(sent) => {
                last.keep(sent);
                return Ok(Some(sent.clone()));
            }
            None => to_value(text)?,
        },
        Some(Cow::Owned(text)) => to_value(&text)?,
    };
    request.headers_mut().insert(header::HOST, value.clone());
    Ok(Some(value))
}

fn to_value(text: &str) -> Result<HeaderValue, HostError> {
    HeaderValue::from_str(text).map_err(|_| HostError::Malformed)
}

/// Origin form, or absolute form with the authority that the Host names (RFC 9112 section 3.2).
fn check_form(uri: &Uri, host: Option<&HeaderValue>) -> Result<(), TargetError> {
    let Some(authority) = uri.authority() else {
        return Ok(());
    };
    if !matches!(uri.scheme_str(), Some("http" | "https")) {
        return Err(TargetError::Form);
    }
    let host = host.map_or(&b""[..], HeaderValue::as_bytes);
    if authority.as_str().as_bytes().eq_ignore_ascii_case(host) {
        Ok(())
    } else {
        Err(TargetError::Authority)
    }
}

fn with_query(mut path: String, query: Option<&str>) -> Result<PathAndQuery, TargetError> {
    if let Some(query) = query {
        path.push('?');
        path.push_str(query);
    }
    PathAndQuery::try_from(path).map_err(|_| TargetError::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive_line(uri: &str, host: &str) -> Result<(String, Option<String>), String> {
        let request = Request::builder().uri(uri).header("host", host).body(());
        let request = Box::new(request.expect("a request"));
        let last = LastHost::default();
        let received = receive(request, Reading::default(), &last).map_err(|r| r.to_string())?;
        let host = received
            .host
            .as_ref()
            .map(|host| host.to_str().expect("text").to_owned());
        Ok((received.request.uri().to_string(), host))
    }

    #[test]
    fn what_is_matched_is_what_is_forwarded() {
        let both = |uri: &str, host: &str| Ok((uri.to_owned(), Some(host.to_owned())));
        assert_eq!(
            receive_line("/a%2db?x=%2F..&y", "A.example"),
            both("/a-b?x=%2F..&y", "a.example")
        );
        assert_eq!(
            receive_line("http://A.example/a?b", "a.EXAMPLE"),
            both("/a?b", "a.example")
        );
        assert_eq!(
            receive_line("http://a.example?x=/admin", "a.example"),
            both("/?x=/admin", "a.example")
        );
        assert_eq!(
            receive_line("http://a.example", "a.example"),
            both("/", "a.example")
        );
    }

    #[test]
    fn a_host_is_judged_by_itself_whatever_was_sent_before() {
        let last = LastHost::default();
        let receive = |host: &str| {
            let request = Request::builder().uri("/").header("host", host).body(());
            let request = Box::new(request.expect("a request"));
            let received = receive(request, Reading::default(), &last).ok()?;
            Some(received.host_text().to_owned())
        };
        for (sent, host) in [
            ("a.example", Some("a.example")),
            ("a.example", Some("a.example")),
            ("A.example", Some("a.example")),
            ("a.example,b", None),
            ("b.example", Some("b.example")),
            ("B.EXAMPLE", Some("b.example")),
            ("", None),
            ("a.example", Some("a.example")),
        ] {
            assert_eq!(receive(sent).as_deref(), host, "{sent}");
        }
    }

    #[test]
    fn an_absolute_target_has_to_agree_with_the_host() {
        for uri in [
            "http://other/a",
            "http://user@a.example/",
            "ftp://a.example/",
            "a.example:443",
        ] {
            assert!(receive_line(uri, "a.example").is_err(), "{uri}");
        }
    }
}
