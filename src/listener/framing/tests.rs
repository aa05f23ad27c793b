//! The framing as a table: what is let through whole, what stops, and where.

use super::*;

const LIMITS: Limits = Limits {
    head: 1024,
    request_line: 256,
    fields: 8,
};

fn framing() -> Framing {
    Framing::new(LIMITS)
}

/// The outcome of bytes that arrive at once, after checking that it is the same when they arrive in any two pieces and
/// one by one.
fn scan(bytes: &[u8]) -> Result<u64, Stop> {
    let outcome = |pieces: &[&[u8]]| {
        let mut framing = framing();
        for piece in pieces {
            if let Err(Stopped { why, .. }) = framing.scan(piece) {
                return Err(why);
            }
        }
        Ok((framing.heads(), framing.is_between_requests()))
    };
    let whole = outcome(&[bytes]);
    for at in 1..bytes.len() {
        let (first, second) = bytes.split_at(at);
        assert_eq!(
            outcome(&[first, second]),
            whole,
            "cut at {at}: {}",
            bytes.escape_ascii()
        );
    }
    let single: Vec<&[u8]> = bytes.chunks(1).collect();
    assert_eq!(
        outcome(&single),
        whole,
        "byte by byte: {}",
        bytes.escape_ascii()
    );
    whole.map(|(heads, between)| {
        assert!(between, "not at its end: {}", bytes.escape_ascii());
        heads
    })
}

fn refused(bytes: impl AsRef<[u8]>) -> Violation {
    match scan(bytes.as_ref()) {
        Err(Stop::Refused(violation)) => violation,
        other => panic!("{other:?}: {}", bytes.as_ref().escape_ascii()),
    }
}

#[test]
fn whole_requests_pass() {
    let passes: [(&[u8], u64); 12] = [
        (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 1),
        (b"GET / HTTP/1.0\r\n\r\n", 1),
        (b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n\r\n", 1),
        (b"GET / HTTP/1.1\r\nA:\r\nB: \t x \t\r\nC:\x80\xff\r\n\r\n", 1),
        (b"POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\nGET / HTTP/1.1\r\n\r\n", 2),
        (b"POST / HTTP/1.1\r\nCONTENT-length:  5 \r\n\r\n\x00\r\n\r\nGET / HTTP/1.1\r\n\r\n", 2),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n0\r\n\r\n", 1),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n\r\n\r\n0\r\n0\r\n\r\n", 1),
        (b"POST / HTTP/1.1\r\ntransfer-encoding:chunked\r\n\r\nA;a=\"b\"\r\n0123456789\r\n00\r\nX: y\r\n\r\nGET / HTTP/1.1\r\n\r\n", 2),
        (b"GET http://a/b?c=d&e=[f] HTTP/1.1\r\n\r\n", 1),
        (b"OPTIONS * HTTP/1.1\r\n\r\n", 1),
        (b"M-SEARCH /a|b HTTP/1.1\r\n\r\n", 1),
    ];
    for (bytes, heads) in passes {
        assert_eq!(scan(bytes), Ok(heads), "{}", bytes.escape_ascii());
    }
}

#[test]
fn a_request_line_has_three_parts_and_single_spaces() {
    let lines = [
        "GET  / HTTP/1.1",
        "GET /  HTTP/1.1",
        "GET / HTTP/1.1 ",
        " GET / HTTP/1.1",
        "GET\t/ HTTP/1.1",
        "GET /\tHTTP/1.1",
        "GET /",
        "GET",
        "GET  HTTP/1.1",
        "GET / a HTTP/1.1",
        "G(T / HTTP/1.1",
        "GET / http/1.1",
        "GET / HTTP/1",
        "GET / HTTP/1.1x",
        "GET / HTTP/11.1",
        "GET / XTTP/1.1",
        "GET /\0 HTTP/1.1",
        "GET / HTTP/1.1\0",
        ": / HTTP/1.1",
        "GET /\x7f HTTP/1.1",
    ];
    for line in lines {
        assert_eq!(
            refused(format!("{line}\r\n\r\n")),
            Violation::RequestLine,
            "{line:?}"
        );
    }
    for version in ["HTTP/0.9", "HTTP/1.2", "HTTP/2.0", "HTTP/3.0", "HTTP/9.9"] {
        assert_eq!(
            refused(format!("GET / {version}\r\n\r\n")),
            Violation::Version
        );
    }
    assert_eq!(refused("GET /\u{e9} HTTP/1.1\r\n\r\n"), Violation::Target);
    for target in ["/<a>", "/a`b", "/?\"", "a:b/c", "http:///", "\u{e9}"] {
        assert_eq!(
            refused(format!("GET {target} HTTP/1.1\r\n\r\n")),
            Violation::Target,
            "{target}"
        );
    }
    assert_eq!(refused("GET /#a HTTP/1.1\r\n\r\n"), Violation::Fragment);
    assert_eq!(refused("GET / HTTP/1.1\n\r\n"), Violation::LineEnd);
    assert_eq!(refused("\nGET / HTTP/1.1\r\n\r\n"), Violation::LineEnd);
    assert_eq!(refused("\r\n".repeat(9)), Violation::RequestLine);
}

#[test]
fn a_field_line_is_a_token_a_colon_and_no_control_character() {
    let cases = [
        ("Host : a", Violation::FieldName),
        ("Host\t: a", Violation::FieldName),
        (": a", Violation::FieldName),
        ("Host", Violation::FieldName),
        ("Ho st: a", Violation::FieldName),
        ("Ho\0st: a", Violation::FieldName),
        ("Ho\u{e9}st: a", Violation::FieldName),
        ("\"Host\": a", Violation::FieldName),
        ("A(b): c", Violation::FieldName),
        (" Host: a", Violation::Folded),
        ("\tHost: a", Violation::Folded),
        ("A: b\r\n c", Violation::Folded),
        ("A: b\r\n\tc", Violation::Folded),
        ("A: b\r\n ", Violation::Folded),
        ("A: b\nC: d", Violation::LineEnd),
        ("A: b\rC: d", Violation::LineEnd),
        ("A: b\r", Violation::LineEnd),
        ("A: \0", Violation::FieldValue),
        ("A: \x0b", Violation::FieldValue),
        ("A: \x7f", Violation::FieldValue),
        ("A\r\n: b", Violation::FieldName),
        ("\rA: b", Violation::LineEnd),
    ];
    for (field, violation) in cases {
        let head = format!("GET / HTTP/1.1\r\n{field}\r\n\r\n");
        assert_eq!(refused(head), violation, "{field:?}");
    }
    assert_eq!(refused("GET / HTTP/1.1\r\nA: b\r\n\n"), Violation::LineEnd);
    assert_eq!(
        refused("GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n"),
        Violation::Hosts
    );
}

#[test]
fn a_message_has_one_framing() {
    let lengths = [
        "+1",
        "-1",
        "1,1",
        "1, 1",
        "",
        "0x1",
        "1 1",
        "1e1",
        "\u{ff11}",
        "18446744073709551616",
        "00000000000000000001",
        "1;",
        "1.0",
        "\"1\"",
    ];
    for length in lengths {
        let head = format!("POST / HTTP/1.1\r\nContent-Length: {length}\r\n\r\n");
        assert_eq!(refused(head), Violation::Length, "{length:?}");
    }
    let twice = [
        "1\r\nContent-Length: 1",
        "0\r\ncontent-length: 5",
        "5\r\nContent-length:0",
    ];
    for lengths in twice {
        let head = format!("POST / HTTP/1.1\r\nContent-Length: {lengths}\r\n\r\n");
        assert_eq!(refused(head), Violation::Length, "{lengths:?}");
    }
    let codings = [
        "xchunked",
        "chunked, identity",
        "identity",
        "chunked chunked",
        "chunked, chunked",
        "gzip, chunked",
        "chunked,",
        ",chunked",
        "",
        "chunked;q=1",
        "\"chunked\"",
        "chunked\r\nTransfer-Encoding: chunked",
        "chunked\r\nTransfer-Encoding: identity",
        "identity\r\nTransfer-Encoding: chunked",
    ];
    for coding in codings {
        let head = format!("POST / HTTP/1.1\r\nTransfer-Encoding: {coding}\r\n\r\n");
        assert_eq!(refused(head), Violation::Coding, "{coding:?}");
    }
    assert_eq!(
        refused("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"),
        Violation::Coding
    );
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
    ] {
        assert_eq!(
            refused(format!("POST / HTTP/1.1\r\n{fields}\r\n\r\n")),
            Violation::LengthAndCoding
        );
    }
}

#[test]
fn chunks_are_taken_to_the_letter() {
    let bodies = [
        "\r\n",
        "\n",
        " 5\r\n",
        "5 \r\n",
        "+5\r\n",
        "-5\r\n",
        "0x5\r\n",
        "5\n",
        "5\rx",
        "g\r\n",
        "00000000000000005\r\n",
        "fffffffffffffffff\r\n",
        "5;a\n",
        "5;a\0\r\n",
        "5\r\n01234\n",
        "5\r\n01234x",
        "5\r\n012345\r\n",
        "5\r\n01234\rx",
        ";a\r\n",
        "5,\r\n",
    ];
    for body in bodies {
        let message = format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n{body}");
        assert_eq!(refused(message), Violation::Chunk, "{body:?}");
    }
    let trailers = [
        "X\r\n\r\n",
        " X: y\r\n\r\n",
        "X: y\n\r\n",
        "\n",
        "X: y\r\n z\r\n\r\n",
        "X : y\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n",
    ];
    for trailer in trailers {
        let message =
            format!("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{trailer}");
        assert_eq!(refused(message), Violation::Trailer, "{trailer:?}");
    }
    let long = "a".repeat(1025);
    assert_eq!(
        refused(format!(
            "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;{long}\r\n"
        )),
        Violation::Chunk
    );
}

#[test]
fn limits_hold_before_a_line_has_ended() {
    assert_eq!(
        refused(format!("GET /{}", "a".repeat(300))),
        Violation::LongTarget
    );
    assert_eq!(
        refused(format!("GET / HTTP/1.1\r\nA: {}", "a".repeat(1100))),
        Violation::LargeHead
    );
    assert_eq!(
        refused(format!("GET / HTTP/1.1\r\n{}", "A: b\r\n".repeat(9))),
        Violation::ManyFields
    );
    let body = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
    assert_eq!(
        refused(format!("{body}A: {}", "a".repeat(17_000))),
        Violation::Trailer
    );
    assert_eq!(
        scan(format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(8)).as_bytes()),
        Ok(1)
    );
}

#[test]
fn garbage_is_refused_before_its_line_has_ended() {
    for bytes in [
        &b"\x16\x03\x01"[..],
        b"GET /x\x01y",
        b"G(T",
        b" ",
        b"GET / h",
        b"GET / HTTP/1.1 ",
    ] {
        assert_eq!(
            refused(bytes),
            Violation::RequestLine,
            "{}",
            bytes.escape_ascii()
        );
    }
    assert_eq!(refused("GET /a#"), Violation::Fragment);
    assert_eq!(refused("GET /\u{e9}"), Violation::Target);
}

#[test]
fn nothing_behind_a_violation_is_good() {
    let mut framing = framing();
    let stopped = framing.scan(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n");
    let why = Stop::Refused(Violation::LineEnd);
    assert_eq!(stopped, Err(Stopped { at: 34, why }));
    assert_eq!(
        framing.scan(b"GET / HTTP/1.1\r\n\r\n"),
        Err(Stopped { at: 0, why })
    );
    assert_eq!(framing.heads(), 1);
}

#[test]
fn a_connection_of_the_next_version_is_told_apart() {
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert_eq!(scan(preface), Err(Stop::Preface));
    assert_eq!(
        refused(b"GET / HTTP/1.1\r\n\r\nPRI * HTTP/2.0\r\n\r\n"),
        Violation::Version
    );
    assert_eq!(refused(b"\r\nPRI * HTTP/2.0\r\n\r\n"), Violation::Version);
}

#[test]
fn what_is_no_longer_http_passes() {
    let mut framing = framing();
    assert_eq!(framing.scan(b"GET / HTTP/1.1\r\n\r\n"), Ok(()));
    framing.leave();
    assert_eq!(framing.scan(b"\0\x81\n\n"), Ok(()));
}
