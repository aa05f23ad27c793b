//! Heads of responses: what they say, how their bodies end, and what is refused.

use hyper::ext::ReasonPhrase;
use proptest::prelude::*;

use super::*;

fn get(bytes: &str) -> Result<Option<Head>, BadHead> {
    read(bytes.as_bytes(), &Method::GET, &mut KnownLines::default())
}

fn head(bytes: &str) -> Head {
    get(bytes).expect("a good head").expect("a whole head")
}

fn framing(fields: &str) -> Result<Framing, BadHead> {
    get(&format!("HTTP/1.1 200 OK\r\n{fields}\r\n")).map(|head| head.expect("a whole head").framing)
}

fn reuse(bytes: &str) -> Reuse {
    head(bytes).reuse
}

#[test]
fn a_head_keeps_its_fields_and_leaves_the_rest() {
    let bytes = "HTTP/1.1 201 Created\r\nServer: a\r\nSet-Cookie: b=1\r\nset-cookie: c=\u{e9}\r\nContent-Length: 2\r\n\r\nhi";
    let head = head(bytes);
    assert_eq!(head.response.status(), StatusCode::CREATED);
    assert_eq!(head.response.headers()["server"], "a");
    let cookies = head.response.headers().get_all("set-cookie").iter();
    let cookies: Vec<&[u8]> = cookies.map(HeaderValue::as_bytes).collect();
    assert_eq!(cookies, [&b"b=1"[..], "c=\u{e9}".as_bytes()]);
    assert_eq!(head.framing, Framing::Length(2));
    assert_eq!(head.rest, "hi");
    assert!(head.response.extensions().is_empty());
}

#[test]
fn an_unusual_reason_goes_on() {
    let head = head("HTTP/1.1 404 Nobody Here\r\n\r\n");
    let reason = head.response.extensions().get::<ReasonPhrase>();
    assert_eq!(reason.expect("a reason").as_bytes(), b"Nobody Here");
}

#[test]
fn a_head_is_not_complete_before_its_last_byte() {
    let bytes =
        "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    for cut in 0..bytes.len() {
        let head = get(&bytes[..cut]).expect("a beginning");
        assert!(head.is_none(), "cut at {cut}");
    }
    assert!(head(bytes).response.headers().get("link").is_none());
}

#[test]
fn a_switch_of_protocols_ends_the_http_of_a_connection() {
    let bytes = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 101 Switching Protocols\r\n\
                 Upgrade: a\r\nContent-Length: 9\r\n\r\nHTTP/1.1 200 OK\r\n\r\n";
    let head = head(bytes);
    assert_eq!(head.response.status(), StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(head.framing, Framing::Length(0));
    assert_eq!(head.rest, "HTTP/1.1 200 OK\r\n\r\n");
}

#[test]
fn lengths_have_to_be_plain_and_equal() {
    let once = head("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(once.framing, Framing::Length(5));
    let lengths = once.response.headers().get_all("content-length");
    assert_eq!(lengths.iter().count(), 1);
    for bad in ["", "+5", "-5", "5,5", "5 5", "0x5", "18446744073709551616"] {
        let framing = framing(&format!("Content-Length: {bad}\r\n"));
        assert_eq!(framing, Err(BadHead::ContentLength), "{bad:?}");
    }
    let differing = framing("Content-Length: 5\r\nContent-Length: 6\r\n");
    assert_eq!(differing, Err(BadHead::ContentLength));
}

#[test]
fn only_one_chunked_coding_is_understood() {
    assert_eq!(
        framing("Transfer-Encoding: Chunked\r\n"),
        Ok(Framing::Chunked)
    );
    for bad in [
        "gzip",
        "gzip, chunked",
        "chunked, chunked",
        "xchunked",
        "",
        "identity",
    ] {
        let framing = framing(&format!("Transfer-Encoding: {bad}\r\n"));
        assert_eq!(framing, Err(BadHead::TransferEncoding), "{bad:?}");
    }
    let twice = framing("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
    assert_eq!(twice, Err(BadHead::TransferEncoding));
    let old = get("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(old.expect_err("refused"), BadHead::TransferEncoding);
}

#[test]
fn a_length_beside_a_coding_is_refused() {
    let (length, coding) = ("Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n");
    for both in [format!("{length}{coding}"), format!("{coding}{length}")] {
        assert_eq!(framing(&both), Err(BadHead::TwoFramings), "{both:?}");
    }
}

#[test]
fn some_responses_have_no_body_whatever_they_say() {
    let bytes = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n";
    let answer = read(bytes, &Method::HEAD, &mut KnownLines::default())
        .expect("good")
        .expect("whole");
    assert_eq!(
        (answer.framing, answer.reuse),
        (Framing::Length(0), Reuse::Allowed)
    );
    assert_eq!(answer.response.headers()["content-length"], "5");
    for (status, reuse) in [
        ("204 No Content", Reuse::Forbidden),
        ("304 Not Modified", Reuse::Allowed),
    ] {
        let bytes = format!("HTTP/1.1 {status}\r\nContent-Length: 5\r\n\r\n");
        let answer = head(&bytes);
        assert_eq!(
            (answer.framing, answer.reuse),
            (Framing::Length(0), reuse),
            "{status}"
        );
    }
}

#[test]
fn a_body_that_cannot_be_costs_the_connection() {
    for (announced, kept) in [
        ("", Reuse::Allowed),
        ("Content-Length: 0\r\n", Reuse::Allowed),
        ("Content-Length: 4\r\n", Reuse::Forbidden),
        ("Transfer-Encoding: chunked\r\n", Reuse::Forbidden),
    ] {
        let bytes = format!("HTTP/1.1 204 No Content\r\n{announced}\r\n");
        assert_eq!(reuse(&bytes), kept, "{announced:?}");
    }
}

#[test]
fn a_line_that_ends_otherwise_than_with_cr_lf_is_refused() {
    let good =
        "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200\r\nA:\r\nB: c \t\r\nD: e\r\n\r\n";
    assert_eq!(head(good).response.headers().len(), 3);
    for (place, _) in good.match_indices("\r\n") {
        let (before, after) = good.split_at(place);
        let bad = format!("{before}{}", &after[1..]);
        assert_eq!(
            get(&bad).expect_err("refused"),
            BadHead::Line(BadLine::End),
            "{bad:?}"
        );
    }
}

#[test]
fn a_status_that_http_does_not_have_is_refused_by_its_own_name() {
    for status in ["000", "099", "600", "999"] {
        let error = get(&format!("HTTP/1.1 {status} Odd\r\n\r\n")).expect_err("refused");
        assert_eq!(error, BadHead::Status, "{status}");
    }
    assert_eq!(head("HTTP/1.1 599 Odd\r\n\r\n").response.status(), 599);
}

#[test]
fn without_a_length_the_body_lasts_until_the_close() {
    assert_eq!(framing("Server: a\r\n"), Ok(Framing::UntilClose));
}

#[test]
fn a_connection_is_used_again_only_when_both_may() {
    assert_eq!(reuse("HTTP/1.1 200 OK\r\n\r\n"), Reuse::Allowed);
    assert_eq!(reuse("HTTP/1.0 200 OK\r\n\r\n"), Reuse::Forbidden);
    let closing = "HTTP/1.1 200 OK\r\nConnection: Keep-Alive, Close\r\n\r\n";
    assert_eq!(reuse(closing), Reuse::Forbidden);
    let closing = "HTTP/1.1 200 OK\r\nConnection: close\r\nConnection: keep-alive\r\n\r\n";
    assert_eq!(reuse(closing), Reuse::Forbidden);
    let keeping = "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n";
    assert_eq!(reuse(keeping), Reuse::Allowed);
}

#[test]
fn fields_that_a_connection_names_stay_known() {
    let head = head("HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\n\r\n");
    assert_eq!(head.response.headers()["connection"], "keep-alive, X-Hop");
    assert!(
        !self::head("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
            .response
            .headers()
            .contains_key("connection")
    );
}

#[test]
fn what_is_not_a_response_is_refused() {
    for bytes in [
        "SSH-2.0-OpenSSH\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n",
        "HTTP/2 200\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1 099 Low\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n",
        "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
    ] {
        assert!(get(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_head_has_at_most_a_hundred_fields() {
    let with = |count| format!("HTTP/1.1 200 OK\r\n{}\r\n", "A: b\r\n".repeat(count));
    assert_eq!(
        head(&with(FIELD_LIMIT)).response.headers().len(),
        FIELD_LIMIT
    );
    let error = get(&with(FIELD_LIMIT + 1)).expect_err("refused");
    assert_eq!(error, BadHead::ManyFields);
}

/// What can be told apart of two heads.
fn seen(head: Result<Option<Head>, BadHead>) -> Result<Option<String>, BadHead> {
    head.map(|head| head.map(|head| format!("{head:?}")))
}

#[test]
fn lines_that_are_known_mean_what_they_meant() {
    let mut known = KnownLines::default();
    let cookies = format!("Set-Cookie: a=1\r\nSet-Cookie: b={}\r\n", "c".repeat(300));
    for fields in [
        "Server: a\r\nContent-Length: 1\r\n",
        "Server: a\r\nContent-Length: 2\r\n",
        "Content-Length: 2\r\nServer: a\r\n",
        "Content-Length: 2\r\n",
        &cookies,
        &cookies,
        "Content-Length: 2\r\nContent-Length: 3\r\n",
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
        "Transfer-Encoding: chunked\r\nConnection: close\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
        "Connection: close\r\n",
        "Connection: close, Server\r\nServer: a\r\n",
        "",
    ] {
        for status in [
            "200 OK",
            "404 Nobody Here",
            "204 No Content",
            "100 Continue",
        ] {
            let bytes = format!("HTTP/1.1 {status}\r\n{fields}\r\nrest");
            let again = read(bytes.as_bytes(), &Method::GET, &mut known);
            assert_eq!(seen(again), seen(get(&bytes)), "{bytes:?}");
        }
    }
}

#[test]
fn no_cookie_and_no_long_line_is_remembered() {
    let mut known = KnownLines::default();
    let long = "x".repeat(300);
    let bytes = format!("HTTP/1.1 200 OK\r\nSet-Cookie: secret\r\nA: {long}\r\nB: c\r\n\r\n");
    read(bytes.as_bytes(), &Method::GET, &mut known).expect("a good head");
    let shown = format!("{known:?}");
    assert!(
        !shown.contains("secret") && !shown.contains(&long),
        "{shown}"
    );
    assert!(known.field(2, b"B: c\r\n").is_some());
}

/// Lines of heads, most of them good, and few enough to come again.
fn lines() -> impl Strategy<Value = Vec<&'static str>> {
    let line = prop::sample::select(vec![
        "Server: a\r\n",
        "Date: today\r\n",
        "Content-Length: 1\r\n",
        "Content-Length: 12\r\n",
        "Connection: close\r\n",
        "Set-Cookie: a\r\n",
        "A : b\r\n",
        "A: b\n",
        "A:\r\n",
        "Transfer-Encoding: chunked\r\n",
    ]);
    prop::collection::vec(line, 0..6)
}

proptest! {
    #[test]
    fn what_was_read_before_changes_no_reading(heads in prop::collection::vec((lines(), 0..80_usize), 1..8)) {
        let mut known = KnownLines::default();
        for (lines, cut) in heads {
            let whole = format!("HTTP/1.1 200 OK\r\n{}\r\n", lines.concat());
            let bytes = whole.get(..whole.len().saturating_sub(cut)).unwrap_or(&whole);
            let again = read(bytes.as_bytes(), &Method::GET, &mut known);
            prop_assert_eq!(seen(again), seen(get(bytes)));
        }
    }

    /// The library that reads responses elsewhere finds the same fields in what is read here.
    #[test]
    fn fields_are_those_that_another_parser_finds(lines in lines()) {
        let bytes = format!("HTTP/1.1 200 OK\r\n{}\r\n", lines.concat());
        let mut fields = [httparse::EMPTY_HEADER; 8];
        let mut parsed = httparse::Response::new(&mut fields);
        if let Ok(Some(head)) = get(&bytes) {
            prop_assert!(parsed.parse(bytes.as_bytes()).expect("a good head").is_complete());
            for (name, value) in head.response.headers() {
                let same = |field: &&httparse::Header<'_>| name == field.name && value == field.value;
                prop_assert!(parsed.headers.iter().any(|field| same(&field)), "{name}");
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut response = b"HTTP/1.1 200 OK\r\n".to_vec();
        response.extend_from_slice(&bytes);
        let mut known = KnownLines::default();
        drop(read(&response, &Method::GET, &mut known));
        drop(read(&bytes, &Method::HEAD, &mut known));
    }
}
