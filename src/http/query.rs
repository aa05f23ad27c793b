//! One parameter of a query: what it says, and the query without it.
//!
//! Names and values are compared as an application reads them: percent-decoded, with `+` for a space.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The decoded values of every parameter with this name.
pub fn values<'a>(query: &'a str, name: &'a str) -> impl Iterator<Item = Vec<u8>> + 'a {
    let pairs = query.split('&').map(split);
    let named = pairs.filter(move |(other, _)| *decoded(other) == *name.as_bytes());
    named.map(|(_, value)| decoded(value).into_owned())
}

/// The query without them; what stays is byte for byte what it was. `None` when nothing is left.
pub fn without(query: &str, name: &str) -> Option<String> {
    let pairs = query.split('&');
    let kept = pairs.filter(|pair| *decoded(split(pair).0) != *name.as_bytes());
    let kept: Vec<&str> = kept.collect();
    (!kept.is_empty()).then(|| kept.join("&"))
}

fn split(pair: &str) -> (&str, &str) {
    pair.split_once('=').unwrap_or((pair, ""))
}

fn decoded(text: &str) -> Cow<'_, [u8]> {
    if text.contains('+') {
        let spaced = text.replace('+', " ");
        return Cow::Owned(percent_decode_str(&spaced).collect());
    }
    percent_decode_str(text).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(query: &str) -> Vec<String> {
        let values = values(query, "token");
        values
            .map(|value| String::from_utf8(value).unwrap())
            .collect()
    }

    #[test]
    fn a_parameter_is_found_as_an_application_finds_it() {
        assert_eq!(found("token=a.b.c"), ["a.b.c"]);
        assert_eq!(found("x=1&token=a&y&token=b&"), ["a", "b"]);
        assert_eq!(found("%74oken=a%2Eb"), ["a.b"]);
        assert_eq!(found("token"), [""]);
        assert_eq!(found("token=a=b"), ["a=b"]);
        assert_eq!(found("token=a+b"), ["a b"]);
        assert!(found("tokens=a&Token=b&xtoken=c&").is_empty());
        assert!(found("").is_empty());
    }

    #[test]
    fn what_stays_is_what_it_was() {
        let without = |query| without(query, "token");
        assert_eq!(without("token=a"), None);
        assert_eq!(without("token=a&tok%65n=b"), None);
        assert_eq!(without("x=%2f&token=a&&y").as_deref(), Some("x=%2f&&y"));
        assert_eq!(without("x=1").as_deref(), Some("x=1"));
    }
}
