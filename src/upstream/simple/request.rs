//! The head of a request as bytes.

use ::http::{HeaderName, Method, Request, header};

use crate::upstream::Fields;

/// Writes the head to the end of `out`: origin-form, HTTP/1.1, the headers in the order of the map, then `fields`.
pub(super) fn write<B>(request: &Request<B>, fields: &dyn Fields, out: &mut Vec<u8>) {
    let target = request.uri().path_and_query();
    out.extend_from_slice(request.method().as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(target.map_or("/", |target| target.as_str()).as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    let mut says_length = expects_length(request.method());
    for (name, value) in request.headers() {
        // There is no body, so whatever was written, and however often, means zero.
        if name == header::CONTENT_LENGTH {
            says_length = true;
            continue;
        }
        write_field(name, value.as_bytes(), out);
    }
    fields.visit(&mut |name, value| write_field(name, value, out));
    if says_length {
        out.extend_from_slice(b"content-length: 0\r\n");
    }
    out.extend_from_slice(b"\r\n");
}

fn write_field(name: &HeaderName, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name.as_str().as_bytes());
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// RFC 9110 section 8.6: these methods have a meaning for a body, so its absence is said.
fn expects_length(method: &Method) -> bool {
    matches!(*method, Method::POST | Method::PUT | Method::PATCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Identity;

    impl Fields for Identity {
        fn visit(&self, send: &mut dyn FnMut(&HeaderName, &[u8])) {
            send(&HeaderName::from_static("x-user-id"), b"42");
        }
    }

    fn written(request: ::http::request::Builder) -> String {
        let mut out = Vec::new();
        write(&request.body(()).expect("a request"), &Identity, &mut out);
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn a_head_is_written_in_origin_form_and_in_order() {
        let request = Request::get("http://example.test/items/7?q=a%20b")
            .header("Host", "example.test")
            .header("Accept", "a")
            .header("Accept", "b");
        assert_eq!(
            written(request),
            "GET /items/7?q=a%20b HTTP/1.1\r\nhost: example.test\r\naccept: a\r\naccept: b\r\nx-user-id: 42\r\n\r\n"
        );
    }

    #[test]
    fn a_method_that_may_have_a_body_says_that_there_is_none() {
        assert_eq!(
            written(Request::post("/logout")),
            "POST /logout HTTP/1.1\r\nx-user-id: 42\r\ncontent-length: 0\r\n\r\n"
        );
        assert_eq!(
            written(Request::delete("/items/7")),
            "DELETE /items/7 HTTP/1.1\r\nx-user-id: 42\r\n\r\n"
        );
    }

    #[test]
    fn a_clients_own_length_of_zero_is_said_once() {
        let request = Request::get("/")
            .header("Content-Length", "0")
            .header("Content-Length", "00")
            .header("Accept", "a");
        assert_eq!(
            written(request),
            "GET / HTTP/1.1\r\naccept: a\r\nx-user-id: 42\r\ncontent-length: 0\r\n\r\n"
        );
    }
}
