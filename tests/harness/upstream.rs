//! An origin that records what it sees, byte for byte, and answers what the test says.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread::{self, JoinHandle},
};

use socket2::{Domain, SockRef, Socket, Type};

use super::{PATIENCE, seen::Seen, watch::Watch};

type Answer = dyn Fn(&Seen, &mut Wire) -> After + Send + Sync;

/// What happens to the connection after an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    /// The next request may come.
    Keep,
    /// It is closed at once.
    Close,
}

/// The origin; its threads end with the process.
pub(crate) struct Upstream {
    address: SocketAddr,
    state: Watch<State>,
    answer: Arc<Answer>,
    accepting: Mutex<Option<Accepting>>,
    /// Keeps the port from everybody else while nothing listens on it.
    _reserved: Socket,
}

struct Accepting {
    listener: TcpListener,
    thread: JoinHandle<()>,
}

#[derive(Default)]
struct State {
    seen: Vec<Seen>,
    connections: Vec<Peer>,
}

struct Peer {
    stream: TcpStream,
    closed: bool,
}

/// The gateway's end of a connection.
pub(crate) struct Wire {
    stream: TcpStream,
}

impl Upstream {
    /// Answers every request with 200 and a little JSON.
    pub(crate) fn start() -> Self {
        Self::answering(|_, wire| {
            wire.respond(
                200,
                &["Content-Type: application/json"],
                br#"{"from":"upstream"}"#,
            )
        })
    }

    /// Answers every request with these bytes.
    pub(crate) fn saying(bytes: impl Into<Vec<u8>>, after: After) -> Self {
        let bytes = bytes.into();
        Self::answering(move |_, wire| {
            wire.send(&bytes);
            after
        })
    }

    /// Answers by a function, which is called when the whole request has arrived.
    pub(crate) fn answering(
        answer: impl Fn(&Seen, &mut Wire) -> After + Send + Sync + 'static,
    ) -> Self {
        let (reserved, address) = reserve();
        let upstream = Self {
            address,
            state: Watch::new(State::default()),
            answer: Arc::new(answer),
            accepting: Mutex::new(None),
            _reserved: reserved,
        };
        upstream.listen();
        upstream
    }

    /// Listens, for the first time or again.
    pub(crate) fn listen(&self) {
        let listener = TcpListener::bind(self.address).expect("the port is reserved");
        let kept = listener.try_clone().expect("a socket");
        let (state, answer) = (self.state.clone(), Arc::clone(&self.answer));
        let thread = thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (state, answer) = (state.clone(), Arc::clone(&answer));
                thread::spawn(move || serve(stream, &state, &*answer));
            }
        });
        let accepting = Accepting {
            listener: kept,
            thread,
        };
        *self.accepting.lock().expect("no panic") = Some(accepting);
    }

    /// Refuses connections and breaks those that there are, as a process that is killed does.
    pub(crate) fn kill(&self) {
        let accepting = self.accepting.lock().expect("no panic").take();
        if let Some(Accepting { listener, thread }) = accepting {
            let socket = SockRef::from(&listener);
            socket.shutdown(Shutdown::Both).expect("it listens");
            thread.join().expect("no panic");
        }
        self.close_connections();
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Everything that has arrived so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.state.read(|state| state.seen.clone())
    }

    /// The only request that has arrived, whole.
    #[track_caller]
    pub(crate) fn only(&self) -> Seen {
        let mut seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:?}");
        seen.remove(0)
    }

    /// Waits for a request that is as described.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, condition: impl Fn(&Seen) -> bool) {
        self.state
            .wait_for(what, |state| state.seen.iter().any(&condition));
    }

    /// Waits until the gateway has closed this connection.
    #[track_caller]
    pub(crate) fn wait_for_close(&self, connection: usize) {
        self.state.wait_for("the gateway to close", |state| {
            state
                .connections
                .get(connection)
                .is_some_and(|peer| peer.closed)
        });
    }

    /// How many connections the gateway has opened.
    pub(crate) fn connections(&self) -> usize {
        self.state.read(|state| state.connections.len())
    }

    /// Closes every connection from this side, as a server does with idle ones.
    pub(crate) fn close_connections(&self) {
        self.state.change(|state| {
            for peer in &state.connections {
                drop(peer.stream.shutdown(Shutdown::Both));
            }
        });
    }
}

impl Wire {
    /// Sends raw bytes; a gateway that has gone is the test's to notice.
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        drop(self.stream.write_all(bytes));
    }

    /// A response with `Content-Length`.
    pub(crate) fn respond(&mut self, status: u16, headers: &[&str], body: &[u8]) -> After {
        let mut head = format!(
            "HTTP/1.1 {status} Status\r\nContent-Length: {}\r\n",
            body.len()
        );
        for header in headers {
            head.push_str(header);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        self.send(&[head.as_bytes(), body].concat());
        After::Keep
    }

    /// The connection itself, when it is no longer HTTP.
    pub(crate) fn stream(&mut self) -> &mut TcpStream {
        &mut self.stream
    }

    /// Says nothing until the gateway closes.
    pub(crate) fn hang(&mut self) -> After {
        let mut rest = [0; 1024];
        while self.stream.read(&mut rest).is_ok_and(|count| count > 0) {}
        After::Close
    }
}

/// A port that nobody listens on and nobody else gets.
fn reserve() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("a socket option");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    socket.bind(&any.into()).expect("a port");
    let address = socket.local_addr().expect("an address").as_socket();
    (socket, address.expect("an address"))
}

fn serve(stream: TcpStream, state: &Watch<State>, answer: &Answer) {
    stream.set_nodelay(true).expect("a socket option");
    stream
        .set_read_timeout(Some(PATIENCE * 2))
        .expect("a socket option");
    let kept = stream.try_clone().expect("a socket");
    let connection = state.change(|state| {
        let closed = false;
        state.connections.push(Peer {
            stream: kept,
            closed,
        });
        state.connections.len() - 1
    });
    let mut reader = BufReader::with_capacity(64 * 1024, stream.try_clone().expect("a socket"));
    let mut wire = Wire { stream };
    // An error is the gateway going away: the record of the request says how far it came.
    while let Ok(Some(seen)) = receive(&mut reader, state, connection) {
        if answer(&seen, &mut wire) == After::Close {
            break;
        }
    }
    drop(wire.stream.shutdown(Shutdown::Both));
    state.change(|state| state.connections[connection].closed = true);
}

/// One request; `None` at the end of the connection.
fn receive(
    reader: &mut impl BufRead,
    state: &Watch<State>,
    connection: usize,
) -> io::Result<Option<Seen>> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let mut line = Vec::new();
        if reader.read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        head.push_str(&String::from_utf8_lossy(&line));
    }
    let seen = Seen {
        head,
        connection,
        ..Seen::default()
    };
    let chunked = seen.values("transfer-encoding") == ["chunked"];
    let length = seen
        .values("content-length")
        .first()
        .map_or(0, |text| text.parse().unwrap_or(0));
    let index = state.change(|state| {
        state.seen.push(seen);
        state.seen.len() - 1
    });
    if chunked {
        while let length @ 1.. = chunk_size(reader)? {
            take(reader, length, state, index)?;
            reader.read_until(b'\n', &mut Vec::new())?;
        }
        reader.read_until(b'\n', &mut Vec::new())?;
    } else {
        take(reader, length, state, index)?;
    }
    Ok(state.change(|state| {
        let seen = state.seen.get_mut(index)?;
        seen.whole = true;
        Some(seen.clone())
    }))
}

fn chunk_size(reader: &mut impl BufRead) -> io::Result<u64> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    u64::from_str_radix(line.trim(), 16).map_err(io::Error::other)
}

/// Records a piece of the body as it comes.
fn take(
    reader: &mut impl BufRead,
    mut length: u64,
    state: &Watch<State>,
    index: usize,
) -> io::Result<()> {
    const KEPT: usize = 1024 * 1024;
    while length > 0 {
        let available = reader.fill_buf()?;
        if available.is_empty() {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let count = available
            .len()
            .min(usize::try_from(length).unwrap_or(usize::MAX));
        state.change(|state| {
            let seen = &mut state.seen[index];
            seen.length += count as u64;
            let kept = count.min(KEPT.saturating_sub(seen.body.len()));
            seen.body.extend_from_slice(&available[..kept]);
        });
        reader.consume(count);
        length -= count as u64;
    }
    Ok(())
}
