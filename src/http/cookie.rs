//! Cookies of a request (RFC 6265 section 4.2): read, and taken out.

use std::ops::Range;

use ::http::{HeaderMap, HeaderValue, header};

/// One value of a cookie.
#[derive(Debug, Clone)]
pub struct Cookie<'a> {
    /// The field it stands in.
    pub field: &'a HeaderValue,
    /// Where in it.
    pub range: Range<usize>,
}

impl Cookie<'_> {
    /// The value, without quotes.
    pub fn bytes(&self) -> &[u8] {
        let value = self.field.as_bytes().get(self.range.clone());
        value.unwrap_or_default()
    }
}

/// Every value that a cookie of this name has. A client that is led to send two leaves it to the reader which counts,
/// so the reader should want but one.
pub fn values<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = Cookie<'a>> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(move |field| values_in(field, name))
}

/// Takes every cookie of this name out; what stays keeps its bytes and its order.
pub fn remove(headers: &mut HeaderMap, name: &str) {
    if values(headers, name).next().is_none() {
        return;
    }
    let fields = headers.get_all(header::COOKIE).iter();
    let pairs = fields.flat_map(|field| field.as_bytes().split(|&byte| byte == b';'));
    let kept = pairs.filter(|pair| !is_named(pair, name));
    let kept: Vec<&[u8]> = kept.map(<[u8]>::trim_ascii_start).collect();
    let left = HeaderValue::from_bytes(&kept.join(&b"; "[..]));
    match left.ok().filter(|left| !left.is_empty()) {
        Some(left) => headers.insert(header::COOKIE, left),
        None => headers.remove(header::COOKIE),
    };
}

/// Puts one cookie in the place of every one of its name.
pub fn replace(headers: &mut HeaderMap, name: &str, value: &str) {
    remove(headers, name);
    let left = headers
        .get(header::COOKIE)
        .map_or(&b""[..], HeaderValue::as_bytes);
    let pair = format!("{name}={value}");
    let all = if left.is_empty() {
        pair.into_bytes()
    } else {
        [left, pair.as_bytes()].join(&b"; "[..])
    };
    if let Ok(mut all) = HeaderValue::from_bytes(&all) {
        all.set_sensitive(true);
        headers.insert(header::COOKIE, all);
    }
}

/// Whether a pair has this name; one without `=` is a name to some and a value to others.
fn is_named(pair: &[u8], name: &str) -> bool {
    value_of(pair, name).is_some() || trimmed(pair).1 == name.as_bytes()
}

fn values_in<'a>(field: &'a HeaderValue, name: &'a str) -> impl Iterator<Item = Cookie<'a>> {
    let mut at = 0;
    let pairs = field.as_bytes().split(|&byte| byte == b';');
    pairs.filter_map(move |pair| {
        let start = at;
        at += pair.len() + 1;
        let range = value_of(pair, name)?;
        let range = start + range.start..start + range.end;
        Some(Cookie { field, range })
    })
}

/// Where the value stands in `name=value`.
fn value_of(pair: &[u8], name: &str) -> Option<Range<usize>> {
    let equals = memchr::memchr(b'=', pair)?;
    let (written, value) = pair.split_at_checked(equals)?;
    if trimmed(written).1 != name.as_bytes() {
        return None;
    }
    let (space, value) = trimmed(value.get(1..)?);
    let start = equals + 1 + space;
    if let Some(inner) = unquoted(value) {
        return Some(start + 1..start + 1 + inner.len());
    }
    Some(start..start + value.len())
}

/// How much space stands before a text, and the text without the space around it. Readers that take bytes for Latin-1
/// know two more spaces than ASCII has.
fn trimmed(text: &[u8]) -> (usize, &[u8]) {
    let is_space = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, 0x85 | 0xA0);
    let start = text.iter().take_while(|byte| is_space(byte)).count();
    let text = text.get(start..).unwrap_or_default();
    let end = text.iter().rev().take_while(|byte| is_space(byte)).count();
    (start, text.get(..text.len() - end).unwrap_or_default())
}

fn unquoted(value: &[u8]) -> Option<&[u8]> {
    value.strip_prefix(b"\"")?.strip_suffix(b"\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_does_not_hide_behind_a_space_of_latin_1() {
        for field in [&b"t=a;\xA0t=b"[..], b"t=a; t\x85=b", b"t=a; t=\xA0b\x85"] {
            let mut headers = HeaderMap::new();
            let field = HeaderValue::from_bytes(field).expect("a value");
            headers.insert(header::COOKIE, field);
            let found: Vec<Cookie<'_>> = values(&headers, "t").collect();
            let found: Vec<&[u8]> = found.iter().map(Cookie::bytes).collect();
            assert_eq!(found, [b"a", b"b"]);
        }
    }

    fn found(fields: &[&'static str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(header::COOKIE, HeaderValue::from_static(field));
        }
        values(&headers, "t")
            .map(|cookie| String::from_utf8_lossy(cookie.bytes()).into_owned())
            .collect()
    }

    fn left(fields: &[&'static str], change: impl Fn(&mut HeaderMap)) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(header::COOKIE, HeaderValue::from_static(field));
        }
        change(&mut headers);
        let left = headers.get_all(header::COOKIE).iter();
        left.map(|field| field.to_str().expect("a text").to_owned())
            .collect()
    }

    #[test]
    fn a_cookie_is_taken_out_wherever_it_stands_and_the_others_stay() {
        for (fields, expected) in [
            (&["t=a"][..], &[][..]),
            (&["x=1; t=a; y=2"], &["x=1; y=2"]),
            (&["t=a; x=\"1\";t=b ; t"], &["x=\"1\""]),
            (&["x=1", "t=a; y=2"], &["x=1; y=2"]),
            (&["x=1;y=2", "tt=a; T=2"], &["x=1;y=2", "tt=a; T=2"]),
        ] {
            let found = left(fields, |headers| remove(headers, "t"));
            assert_eq!(found, expected, "{fields:?}");
        }
    }

    #[test]
    fn a_cookie_takes_the_place_of_those_of_its_name() {
        for (fields, expected) in [
            (&[][..], "t=n"),
            (&["t=a"], "t=n"),
            (&["t=a; x=1", "t=b"], "x=1; t=n"),
        ] {
            let found = left(fields, |headers| replace(headers, "t", "n"));
            assert_eq!(found, [expected], "{fields:?}");
        }
    }

    #[test]
    fn a_cookie_is_found_by_its_whole_name() {
        for (fields, expected) in [
            (&["t=a"][..], &["a"][..]),
            (&["x=1; t=a; y=2"], &["a"]),
            (&["x=1;t=a"], &["a"]),
            (&[" t = a "], &["a"]),
            (&["t=\"a\""], &["a"]),
            (&["t=a=b="], &["a=b="]),
            (&["t="], &[""]),
            (&["T=a; xt=b; tx=c; t"], &[]),
            (&["t=a; t=b"], &["a", "b"]),
            (&["t=a", "t=b"], &["a", "b"]),
            (&[], &[]),
        ] {
            assert_eq!(found(fields), expected, "{fields:?}");
        }
    }
}
