//! The gateway as a whole: whatever a client writes on a connection, the upstream gets nothing but its requests, one for
//! one, authorised, cleaned and framed by the gateway.
//!
//! The first four bytes are how the rest is cut.

#![no_main]

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{LazyLock, Mutex},
    thread,
    time::Duration,
};

use libfuzzer_sys::fuzz_target;
use sidegate::{
    app::{App, control_runtime},
    config::{
        load::load_source,
        source::{Disk, ProcessEnvironment, Source},
    },
    http::target::canonical_path,
    listener::{
        BoundAddress,
        framing::{Framing, Limits},
    },
};
use sidegate_fuzz::{
    messages::{Message, messages},
    pieces,
};
use tokio::signal::unix::{SignalKind, signal};

/// Its tokens are in the seeds and in the dictionary: subject 42, until 2100.
const CONFIGURATION: &str = r#"
cores: 1
listeners: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
logs: { level: error, access: refusals }
limits: { header_size: 16KiB }
upstreams: { api: { endpoints: ["UPSTREAM"] } }
tokens: { access: { algorithm: HS256, secret: "an-access-secret-of-thirty-two-bytes-0", lifetime: 30d } }
routes:
  - { match: "/public/**", access: public }
  - { match: "/optional/**", access: optional }
  - { match: "/users/{user_id}/**", access: required, require: { subject_is: user_id } }
  - { match: "/**", access: required }
"#;

const SUBJECT: &[u8] = b"42";

/// As the configuration has it.
const LIMITS: Limits = Limits {
    head: 16 * 1024,
    request_line: 16 * 1024,
    fields: 100,
};

/// Longer than any answer takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(8);

static GATEWAY: LazyLock<SocketAddr> = LazyLock::new(start);

/// What the upstream has got.
static FORWARDED: Mutex<Vec<Message>> = Mutex::new(Vec::new());

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
    let forwarded = std::mem::take(&mut *FORWARDED.lock().expect("a lock"));
    let sent = SENT.lock().expect("a lock");
    for request in &forwarded {
        assert!(
            sent.iter().flatten().any(|sent| is_same(sent, request)),
            "nobody sent {request:?}"
        );
        check(request);
    }
});

/// Sends the pieces and waits for an answer to each message, or for the end of the connection.
fn talk(pieces: &[&[u8]], sent: &[Message]) {
    let mut stream = TcpStream::connect(*GATEWAY).expect("a connection");
    let socket = socket2::SockRef::from(&stream);
    // Thousands of connections a second would use up the ports.
    socket.set_linger(Some(Duration::ZERO)).expect("an option");
    stream.set_nodelay(true).expect("an option");
    stream.set_read_timeout(Some(PATIENCE)).expect("an option");
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
        match stream.read(&mut buffer) {
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
        let named = |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case("content-length");
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
    let authority = sent.target.split_once("://").map(|(_, rest)| rest);
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

/// What holds for every request that the gateway lets through.
fn check(request: &Message) {
    let one = |name: &str| {
        let mut values = request.values(name);
        let value = values.next().map(<[u8]>::to_vec);
        assert!(values.next().is_none(), "{name} twice: {request:?}");
        value
    };
    assert!(one("host").is_some(), "{request:?}");
    assert!(one("x-request-id").is_some(), "{request:?}");
    assert_eq!(one("x-forwarded-for").as_deref(), Some(&b"127.0.0.1"[..]));
    let user = one("x-user-id");
    assert!(user.as_deref().is_none_or(|user| user == SUBJECT));
    let ours = ["x-user-id", "x-request-id", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host"];
    let hop = ["keep-alive", "te", "trailer", "expect", "proxy-authorization", "proxy-connection"];
    // Of the hop, only a wish to switch protocols goes on.
    let switch = (one("connection"), one("upgrade"));
    assert!(
        matches!(&switch, (None, None)) || matches!(&switch, (Some(option), Some(_)) if option.eq_ignore_ascii_case(b"upgrade")),
        "{request:?}"
    );
    for (name, _) in &request.fields {
        assert!(!hop.contains(&name.as_str()), "{name}: {request:?}");
        let folded = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let disguised = folded != *name && (ours.contains(&folded.as_str()) || folded == "content-length");
        assert!(!disguised, "{name}: {request:?}");
    }
    let path = request.target.split('?').next().expect("a path");
    assert_eq!(canonical_path(path).as_deref(), Ok(path));
    let segments: Vec<&str> = path.split('/').collect();
    match segments[1] {
        "public" => assert!(user.is_none(), "{request:?}"),
        "optional" => {}
        "users" if segments.len() > 2 && !segments[2].is_empty() => {
            assert!(user.is_some() && segments[2].as_bytes() == SUBJECT, "{request:?}");
        }
        _ => assert!(user.is_some(), "{request:?}"),
    }
}

fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("an upstream");
    let upstream = format!("http://{}", listener.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(|| serve(stream));
        }
    });
    let text = CONFIGURATION.replace("UPSTREAM", &upstream);
    let source = Source::new("gateway.yaml", &text);
    let loaded = load_source(&source, Path::new("."), &Disk, &ProcessEnvironment);
    let compiled = loaded.compiled.unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let control = control_runtime().expect("a runtime");
    {
        // A program with a `main` of its own is not ended by a client that has gone.
        let _entered = control.enter();
        std::mem::forget(signal(SignalKind::pipe()).expect("a signal"));
    }
    let app = App::start(compiled, control).expect("a gateway");
    let BoundAddress::Ip(address) = app.addresses[0] else {
        unreachable!("the listener has an address");
    };
    // It is never stopped.
    std::mem::forget(app);
    address
}

/// One connection of the gateway's: every request is noted and gets an empty answer.
fn serve(mut stream: TcpStream) {
    let mut input = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => input.extend_from_slice(&buffer[..read]),
        }
        let found = messages(&input);
        let answers = b"HTTP/1.1 204 No Content\r\n\r\n".repeat(found.complete.len());
        let left = found.rest.to_vec();
        FORWARDED.lock().expect("a lock").extend(found.complete);
        input = left;
        if stream.write_all(&answers).is_err() {
            return;
        }
    }
}
