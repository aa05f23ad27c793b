//! A gateway that runs in this process, between the clients of a target and an upstream that notes what it gets.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    sync::{LazyLock, Mutex},
    thread,
    time::Duration,
};

use sidegate::{
    app::{App, control_runtime},
    config::{
        load::load_source,
        source::{Disk, ProcessEnvironment, Source},
    },
    http::target::canonical_path,
    listener::BoundAddress,
};
use tokio::signal::unix::{SignalKind, signal};

use crate::messages::{Message, messages};

/// Its tokens are in the seeds and in the dictionary: subject 42, until 2100.
const CONFIGURATION: &str = r#"
cores: 1
listeners: [{ address: 127.0.0.1:0 }]
admin: { address: 127.0.0.1:0 }
logs: { level: error, access: refusals }
limits: { header_size: 16KiB }
upstreams: { api: { endpoints: ["UPSTREAM"], ejection: { failures: 0 } } }
tokens: { access: { algorithm: HS256, secret: "an-access-secret-of-thirty-two-bytes-0", lifetime: 30d } }
routes:
  - { match: "/public/**", access: public }
  - { match: "/optional/**", access: optional }
  - { match: "/users/{user_id}/**", access: required, require: { subject_is: user_id } }
  - { match: "/**", access: required }
"#;

const SUBJECT: &[u8] = b"42";

/// Longer than any answer takes, even on a busy machine.
const PATIENCE: Duration = Duration::from_secs(8);

static GATEWAY: LazyLock<SocketAddr> = LazyLock::new(start);

/// What the upstream has got.
static FORWARDED: Mutex<Vec<Message>> = Mutex::new(Vec::new());

/// What the upstream says to requests for [`SCRIPTED`].
static SCRIPT: Mutex<Option<Script>> = Mutex::new(None);

/// What the upstream says to requests for [`MARKED`]: nobody can guess it.
pub static MARK: LazyLock<String> = LazyLock::new(|| {
    let random = RandomState::new().build_hasher().finish();
    format!("{random:016x}")
});

pub const SCRIPTED: &str = "/public/scripted";
pub const MARKED: &str = "/public/marked";

/// An answer, byte by byte.
#[derive(Debug, Clone)]
pub struct Script {
    pub pieces: Vec<Vec<u8>>,
    /// Whether the connection ends with it.
    pub closes: bool,
}

/// From now on the upstream says this to requests for [`SCRIPTED`].
pub fn answer_with(script: Script) {
    *SCRIPT.lock().expect("a lock") = Some(script);
}

/// A new connection to the gateway.
pub fn connect() -> TcpStream {
    let stream = TcpStream::connect(*GATEWAY).expect("a connection");
    let socket = socket2::SockRef::from(&stream);
    // Thousands of connections a second would use up the ports.
    socket.set_linger(Some(Duration::ZERO)).expect("an option");
    stream.set_nodelay(true).expect("an option");
    stream.set_read_timeout(Some(PATIENCE)).expect("an option");
    stream
}

/// Reads what there is. A read is broken off by the alarm of a fuzzer that looks whether an input takes too long.
pub fn read(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match stream.read(buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => return read,
        }
    }
}

/// What the upstream has got since the last call.
pub fn forwarded() -> Vec<Message> {
    std::mem::take(&mut *FORWARDED.lock().expect("a lock"))
}

/// What holds for every request that the gateway lets through.
pub fn check(request: &Message) {
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
    let ours = [
        "x-user-id",
        "x-request-id",
        "x-forwarded-for",
        "x-forwarded-proto",
        "x-forwarded-host",
    ];
    let hop = [
        "keep-alive",
        "te",
        "trailer",
        "expect",
        "proxy-authorization",
        "proxy-connection",
    ];
    // Of the hop, only a wish to switch protocols goes on.
    let switch = (one("connection"), one("upgrade"));
    assert!(
        matches!(&switch, (None, None))
            || matches!(&switch, (Some(option), Some(_)) if option.eq_ignore_ascii_case(b"upgrade")),
        "{request:?}"
    );
    for (name, _) in &request.fields {
        assert!(!hop.contains(&name.as_str()), "{name}: {request:?}");
        let folded = name.replace(|c: char| !c.is_ascii_alphanumeric(), "-");
        let disguised =
            folded != *name && (ours.contains(&folded.as_str()) || folded == "content-length");
        assert!(!disguised, "{name}: {request:?}");
    }
    let path = request.target.split('?').next().expect("a path");
    assert_eq!(canonical_path(path).as_deref(), Ok(path));
    let segments: Vec<&str> = path.split('/').collect();
    match segments[1] {
        "public" => assert!(user.is_none(), "{request:?}"),
        "optional" => {}
        "users" if segments.len() > 2 && !segments[2].is_empty() => {
            assert!(
                user.is_some() && segments[2].as_bytes() == SUBJECT,
                "{request:?}"
            );
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
    let compiled = loaded
        .compiled
        .unwrap_or_else(|| panic!("{:?}", loaded.diagnostics));
    let control = control_runtime().expect("a runtime");
    {
        // A program with a `main` of its own is not ended by a client that has gone.
        let _entered = control.enter();
        std::mem::forget(signal(SignalKind::pipe()).expect("a signal"));
    }
    let app = App::start(compiled, None, control).expect("a gateway");
    let BoundAddress::Ip(address) = app.addresses[0] else {
        unreachable!("the listener has an address");
    };
    // It is never stopped.
    std::mem::forget(app);
    address
}

/// One connection of the gateway's: every request is noted and answered.
fn serve(mut stream: TcpStream) {
    stream.set_nodelay(true).expect("an option");
    let mut input = Vec::new();
    let mut buffer = [0; 16 * 1024];
    loop {
        match read(&mut stream, &mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => input.extend_from_slice(&buffer[..read]),
        }
        let found = messages(&input);
        let left = found.rest.to_vec();
        for request in found.complete {
            let script = answer_to(&request.target);
            FORWARDED.lock().expect("a lock").push(request);
            for piece in &script.pieces {
                if stream.write_all(piece).is_err() {
                    return;
                }
            }
            if script.closes {
                return;
            }
        }
        input = left;
    }
}

fn answer_to(target: &str) -> Script {
    let script = SCRIPT.lock().expect("a lock").clone();
    if let Some(script) = script.filter(|_| target == SCRIPTED) {
        return script;
    }
    let usual = match target {
        MARKED => format!("HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{}", *MARK),
        _ => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
    };
    Script {
        pieces: vec![usual.into_bytes()],
        closes: false,
    }
}
