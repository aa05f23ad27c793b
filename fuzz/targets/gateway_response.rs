//! The gateway as a whole before an upstream that says anything: the client gets one well-formed answer to its request,
//! and the next request gets its own.
//!
//! The first byte is the method, the next four are how the rest is cut. An upstream that has not said a whole answer
//! closes its connection.

#![no_main]

use std::{
    io::{self, Write},
    net::TcpStream,
};

use libfuzzer_sys::fuzz_target;
use sidegate_fuzz::{
    gateway::{self, MARK, MARKED, SCRIPTED, Script},
    pieces,
    responses::{Read, Response, response},
};

fuzz_target!(|data: &[u8]| {
    let Some((&[method, ref lengths @ ..], script)) = data.split_first_chunk::<5>() else {
        return;
    };
    let (method, request) = match method {
        b'H' => ("HEAD", request("HEAD", "")),
        b'P' => ("POST", request("POST", "hello")),
        _ => ("GET", request("GET", "")),
    };
    let said = response(script, method, false);
    gateway::answer_with(Script {
        pieces: cut(script, lengths, &said),
        closes: !matches!(said, Read::Whole(_)),
    });
    let mut client = gateway::connect();
    client.write_all(request.as_bytes()).expect("a request");
    let answer = answer(&mut client, method);
    if let Some(answer) = &answer {
        check(answer, &response(script, method, true));
    }
    if answer.is_none_or(|answer| answer.closes) {
        assert_eq!(
            gateway::read(&mut client, &mut [0]).unwrap_or(0),
            0,
            "more than an answer"
        );
        client = gateway::connect();
    }
    client
        .write_all(
            self::request("GET", "")
                .replace(SCRIPTED, MARKED)
                .as_bytes(),
        )
        .expect("a request");
    let marked = self::answer(&mut client, "GET").expect("an answer");
    assert_eq!(marked.status, 200);
    assert_eq!(
        marked.body,
        MARK.as_bytes(),
        "the answer to another request"
    );
    drop(gateway::forwarded());
});

/// What follows a whole answer comes together with its end. Nobody can tell what comes later, when the next request has
/// gone out, from the answer to that.
fn cut(script: &[u8], lengths: &[u8], said: &Read) -> Vec<Vec<u8>> {
    let end = match said {
        Read::Whole(answer) => answer.length,
        Read::Unfinished | Read::Malformed(_) => script.len(),
    };
    let (answer, behind) = script.split_at(end);
    let cut = pieces(answer, lengths).into_iter().map(<[u8]>::to_vec);
    let mut cut: Vec<Vec<u8>> = cut.collect();
    if let Some(last) = cut.last_mut() {
        last.extend_from_slice(behind);
    }
    cut
}

fn request(method: &str, body: &str) -> String {
    let length = match body.len() {
        0 => String::new(),
        length => format!("Content-Length: {length}\r\n"),
    };
    format!("{method} {SCRIPTED} HTTP/1.1\r\nHost: a\r\n{length}\r\n{body}")
}

/// A whole answer, or `None` where the connection ends within it.
fn answer(client: &mut TcpStream, method: &str) -> Option<Response> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        let read = match gateway::read(client, &mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                panic!("no answer behind {:?}", String::from_utf8_lossy(&bytes))
            }
            read => read.unwrap_or(0),
        };
        bytes.extend_from_slice(&buffer[..read]);
        match response(&bytes, method, read == 0) {
            Read::Whole(response) => {
                assert_eq!(response.length, bytes.len(), "more than an answer");
                return Some(response);
            }
            Read::Unfinished if read == 0 => return None,
            Read::Unfinished => {}
            Read::Malformed(what) => panic!("{what}: {:?}", String::from_utf8_lossy(&bytes)),
        }
    }
}

fn check(answer: &Response, script: &Read) {
    let hop = [
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "proxy-authenticate",
    ];
    for (name, value) in &answer.fields {
        assert!(!hop.contains(&name.as_str()), "{name}");
        assert!(!value.iter().any(|byte| b"\r\n\0".contains(byte)));
    }
    assert_ne!(answer.status, 101, "nobody asked to switch");
    let is_own = answer
        .fields
        .iter()
        .any(|(name, value)| name == "content-type" && value == b"application/problem+json");
    if is_own && answer.status >= 500 {
        return;
    }
    match script {
        Read::Whole(said) => {
            assert_eq!(answer.status, said.status);
            assert_eq!(answer.body, said.body);
        }
        Read::Unfinished => panic!("whole, although the upstream had not finished: {answer:?}"),
        // Where the gateway is more lenient than the reader here, what it says is well-formed.
        Read::Malformed(_) => {}
    }
}
