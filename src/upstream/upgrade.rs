//! Asking for another protocol than HTTP on a connection (RFC 9110 section 7.8).

use ::http::{HeaderMap, HeaderName, HeaderValue, Response, header};
use bytes::Bytes;

use super::{Fields, Relay, Stream};

/// What comes of asking for another protocol.
#[derive(Debug)]
pub enum Switched<B = Relay> {
    /// The upstream has taken it up: the connection is no longer HTTP.
    Switched {
        /// The 101 and its fields, those of the hop included.
        response: Response<()>,
        /// The connection.
        stream: Stream,
        /// What came behind the 101, which is already of the other protocol.
        early: Bytes,
    },
    /// It has answered in HTTP instead.
    Response(Response<B>),
}

impl<B> Switched<B> {
    pub(super) fn map<T>(self, body: impl FnOnce(B) -> T) -> Switched<T> {
        match self {
            Self::Switched {
                response,
                stream,
                early,
            } => Switched::Switched {
                response,
                stream,
                early,
            },
            Self::Response(response) => Switched::Response(response.map(body)),
        }
    }
}

/// Fields, and those that ask for another protocol.
#[derive(Clone, Copy)]
pub(super) struct Upgrading<'a> {
    pub(super) fields: &'a dyn Fields,
    /// The protocols that are asked for.
    pub(super) protocol: &'a HeaderValue,
}

impl Fields for Upgrading<'_> {
    fn visit(&self, send: &mut dyn FnMut(&HeaderName, &[u8])) {
        self.fields.visit(send);
        send(&header::CONNECTION, b"upgrade");
        send(&header::UPGRADE, self.protocol.as_bytes());
    }
}

impl Upgrading<'_> {
    /// Whether a 101 names only what was asked for, and something.
    pub(super) fn named(&self, headers: &HeaderMap) -> bool {
        let mut named = headers.get_all(header::UPGRADE).iter().flat_map(protocols);
        let is_asked =
            |named: &[u8]| protocols(self.protocol).any(|asked| asked.eq_ignore_ascii_case(named));
        named.next().is_some_and(is_asked) && named.all(is_asked)
    }
}

fn protocols(value: &HeaderValue) -> impl Iterator<Item = &[u8]> {
    let listed = value.as_bytes().split(|&byte| byte == b',');
    listed
        .map(<[u8]>::trim_ascii)
        .filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Fields for Nothing {
        fn visit(&self, _: &mut dyn FnMut(&HeaderName, &[u8])) {}
    }

    #[test]
    fn only_what_was_asked_for_is_taken_up() {
        let upgrading = Upgrading {
            fields: &Nothing,
            protocol: &HeaderValue::from_static("websocket, foo/2"),
        };
        for (values, expected) in [
            (&["WebSocket"][..], true),
            (&["foo/2, websocket"], true),
            (&["foo/2", "websocket"], true),
            (&[], false),
            (&[""], false),
            (&["foo"], false),
            (&["websocket, h2c"], false),
            (&["websocket", "h2c"], false),
        ] {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::UPGRADE, HeaderValue::from_static(value));
            }
            assert_eq!(upgrading.named(&headers), expected, "{values:?}");
        }
    }
}
