//! The gateway as a whole: whatever a client writes on a connection, the upstream gets nothing but its requests, one for
//! one, authorised, cleaned and framed by the gateway.
//!
//! The first four bytes are how the rest is cut.

#![no_main]

use std::{
    io::{self, Write},
    sync::Mutex,
};

use libfuzzer_sys::fuzz_target;
use sidegate::{
    http::target::canonical_path,
    listener::framing::{Framing, Limits},
};
use sidegate_fuzz::{
    gateway,
    messages::{Message, messages},
    pieces,
};

/// As the configuration has it.
const LIMITS: Limits = Limits {
    head: 16 * 1024,
    request_line: 16 * 1024,
    fields: 100,
};

/// What the clients have sent, now and just before: a request may arrive after its client is gone.
static SENT: Mutex<[Vec<Message>; 2]> = Mutex::new([Vec::new(), Vec::new()]);

fuzz_target!(|data: &[u8]| {
    let Some((lengths, bytes)) = data.split_first_chunk::<4>() else {
        return;
    };
    let mut framing = Framing::new(LIMITS);
    let passed = match framing.scan(bytes) {
        Ok(()) => bytes,
        Err(stopped) => &bytes[..stopped.at],
    };
    let sent = messages(passed).complete;
    {
        let mut before = SENT.lock().expect("a lock");
        before.swap(0, 1);
        before[1].clone_from(&sent);
    }
    talk(&pieces(bytes, lengths), &sent);
    let forwarded = gateway::forwarded();
    let sent = SENT.lock().expect("a lock");
    for request in &forwarded {
        assert!(
            sent.iter().flatten().any(|sent| is_same(sent, request)),
            "nobody sent {request:?}"
        );
        gateway::check(request);
    }
});

/// Sends the pieces and waits for an answer to each message, or for the end of the connection.
fn talk(pieces: &[&[u8]], sent: &[Message]) {
    let mut stream = gateway::connect();
    for piece in pieces {
        // Closed already, as a connection is that was refused.
        if stream.write_all(piece).is_err() {
            return;
        }
    }
    let end = sent.iter().position(|message| message.closes);
    let awaited = &sent[..end.map_or(sent.len(), |end| end + 1)];
    let mut answers = Vec::new();
    let mut buffer = [0; 4096];
    while count(&answers, awaited) < awaited.len() {
        match gateway::read(&mut stream, &mut buffer) {
            Ok(0) => return,
            Ok(read) => answers.extend_from_slice(&buffer[..read]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("no answer"),
            Err(_) => return,
        }
    }
}

/// How many final answers there are to these requests.
fn count(mut answers: &[u8], requests: &[Message]) -> usize {
    let mut counted = 0;
    while let Some(request) = requests.get(counted) {
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut head = httparse::Response::new(&mut fields);
        let Ok(httparse::Status::Complete(length)) = head.parse(answers) else {
            return counted;
        };
        let status = head.code.expect("a status");
        let bodiless = request.method == "HEAD" || status < 200 || status == 204;
        let named =
            |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case("content-length");
        let body = head.headers.iter().find(named).filter(|_| !bodiless);
        let body = body.map_or(0, |field| {
            let digits = std::str::from_utf8(field.value).expect("digits");
            digits.parse::<usize>().expect("a length")
        });
        let Some(rest) = answers.get(length + body..) else {
            return counted;
        };
        answers = rest;
        counted += usize::from(status >= 200);
    }
    counted
}

/// Whether the upstream got what this client sent.
fn is_same(sent: &Message, forwarded: &Message) -> bool {
    let absolute = sent.target.split_once("://");
    let absolute = absolute.filter(|_| !sent.target.starts_with('/'));
    let authority = absolute.map(|(_, rest)| rest);
    let target = authority.map_or(sent.target.clone(), |rest| {
        let path = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
        let slash = if path.starts_with('/') { "" } else { "/" };
        format!("{slash}{path}")
    });
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (&*target, String::new()),
    };
    canonical_path(path).is_ok_and(|path| format!("{path}{query}") == forwarded.target)
        && sent.method == forwarded.method
        && sent.body == forwarded.body
}
