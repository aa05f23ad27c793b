//! The gateway as a whole, spoken to in HTTP/2: what RFC 9113 calls malformed reaches no upstream, and what does is the
//! client's request, one for one.
//!
//! The input is records that end with the byte 0x1D. Their first byte says what they are: the fields of a request (`H`,
//! or `E` where nothing follows), data (`D`, or `F` for the last), trailers (`T`), a reset (`R`), a raw frame (`X`).
//! Fields end with 0x1E, a name with the first `: `; every other byte may stand in either. Each request gets a number as
//! its last field, by which it is known at the upstream.

#![no_main]

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::TcpStream,
    sync::{
        Mutex,
        atomic::{AtomicU32, Ordering},
    },
};

use libfuzzer_sys::fuzz_target;
use sidegate::http::target::canonical_path;
use sidegate_fuzz::{gateway, messages::Message};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// A request as its client meant it.
#[derive(Debug, Clone, Default)]
struct Stream {
    number: u32,
    fields: Vec<(Vec<u8>, Vec<u8>)>,
    body: Vec<u8>,
    ended: bool,
    /// Trailers that no client may send, frames behind the end: it need not be answered, and may be.
    disturbed: bool,
}

/// What the clients have sent and the upstream has not got, by number. A request may arrive when its client is gone.
static SENT: Mutex<BTreeMap<u32, Stream>> = Mutex::new(BTreeMap::new());

/// How long a request is remembered.
const REMEMBERED: u32 = 10_000;

static NUMBER: AtomicU32 = AtomicU32::new(1);

const NUMBER_FIELD: &str = "x-number";

fuzz_target!(|data: &[u8]| {
    let mut bytes = PREFACE.to_vec();
    let mut streams: Vec<Stream> = Vec::new();
    let mut disturbed = false;
    let records = data
        .split(|&byte| byte == 0x1D)
        .filter_map(<[u8]>::split_first);
    for (&kind, record) in records.take(40) {
        disturbed |= add(kind, record, &mut streams, &mut bytes);
    }
    {
        let mut sent = SENT.lock().expect("a lock");
        sent.extend(streams.iter().map(|stream| (stream.number, stream.clone())));
        let newest = sent.last_key_value().map_or(0, |(number, _)| *number);
        *sent = sent.split_off(&newest.saturating_sub(REMEMBERED));
    }
    talk(&bytes, &streams, disturbed);
    let mut sent = SENT.lock().expect("a lock");
    for request in gateway::forwarded() {
        let mut numbers = request.values(NUMBER_FIELD);
        let number = numbers
            .next()
            .and_then(|text| std::str::from_utf8(text).ok()?.parse().ok());
        let stream = number
            .and_then(|number| sent.remove(&number))
            .expect("a request that was sent, once");
        assert!(
            is_same(&stream, &request),
            "{request:?} was made of {stream:?}"
        );
        assert!(
            is_well_formed(&stream),
            "{request:?} was made of {stream:?}"
        );
        gateway::check(&request);
    }
});

/// Writes the frames of a record; whether it may end the connection.
fn add(kind: u8, record: &[u8], streams: &mut Vec<Stream>, bytes: &mut Vec<u8>) -> bool {
    let number = |streams: &Vec<Stream>| u32::try_from(streams.len() * 2).expect("few") - 1;
    match kind {
        b'H' | b'E' => {
            let fields = fields(record);
            let flags = END_HEADERS | if kind == b'E' { END_STREAM } else { 0 };
            let number_sent = NUMBER.fetch_add(1, Ordering::Relaxed);
            let mut numbered = fields.clone();
            numbered.push((NUMBER_FIELD.into(), number_sent.to_string().into()));
            let block = block(&numbered);
            streams.push(Stream {
                number: number_sent,
                fields,
                ended: kind == b'E',
                ..Stream::default()
            });
            frame(HEADERS, flags, number(streams), &block, bytes);
            return false;
        }
        b'X' => {
            let (head, payload) = record.split_at(record.len().min(3));
            let &[kind, flags, stream] = head else {
                return false;
            };
            // Those would make requests without a number.
            if ![DATA, HEADERS, CONTINUATION].contains(&kind) {
                frame(kind, flags, u32::from(stream), payload, bytes);
            }
            return true;
        }
        _ => {}
    }
    let Some(stream) = streams.last_mut() else {
        return false;
    };
    let late = stream.ended;
    stream.disturbed |= late;
    match kind {
        b'D' | b'F' => {
            // Behind its end nothing is the request's, which may have gone on already.
            if !late {
                stream.body.extend_from_slice(record);
            }
            stream.ended |= kind == b'F';
            let flags = u8::from(kind == b'F');
            frame(DATA, flags, number(streams), record, bytes);
        }
        b'T' => {
            let trailers = fields(record);
            stream.disturbed |= trailers.iter().any(|(name, value)| !is_field(name, value));
            stream.ended = true;
            let block = block(&trailers);
            frame(
                HEADERS,
                END_HEADERS | END_STREAM,
                number(streams),
                &block,
                bytes,
            );
        }
        b'R' => {
            stream.disturbed = true;
            frame(RST_STREAM, 0, number(streams), &[0, 0, 0, 8], bytes);
        }
        _ => return false,
    }
    late
}

fn fields(record: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let lines = record
        .split(|&byte| byte == 0x1E)
        .filter(|line| !line.is_empty());
    let field = |line: &[u8]| {
        let colon = line.windows(2).skip(1).position(|two| two == b": ");
        let colon = colon.map_or(line.len(), |at| at + 1);
        let value = line.get(colon + 2..).unwrap_or_default();
        (line[..colon].to_vec(), value.to_vec())
    };
    lines.take(60).map(field).collect()
}

/// Fields as literals that are not indexed (RFC 7541 section 6.2.2).
fn block(fields: &[(Vec<u8>, Vec<u8>)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        for text in [name, value] {
            length(text.len(), &mut block);
            block.extend_from_slice(text);
        }
    }
    block
}

fn length(mut length: usize, block: &mut Vec<u8>) {
    if length < 127 {
        block.push(u8::try_from(length).expect("seven bits"));
        return;
    }
    block.push(127);
    length -= 127;
    while length >= 128 {
        block.push(u8::try_from(length % 128).expect("seven bits") | 128);
        length /= 128;
    }
    block.push(u8::try_from(length).expect("seven bits"));
}

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8], bytes: &mut Vec<u8>) {
    let length = u32::try_from(payload.len())
        .expect("a short one")
        .to_be_bytes();
    bytes.extend_from_slice(&length[1..]);
    bytes.extend_from_slice(&[kind, flags]);
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
}

/// Waits until every stream that has ended is answered, or the connection ends.
fn talk(bytes: &[u8], streams: &[Stream], disturbed: bool) {
    let mut stream = gateway::connect();
    if stream.write_all(bytes).is_err() {
        return;
    }
    let mut open: BTreeMap<u32, ()> = BTreeMap::new();
    for (number, request) in (1..).step_by(2).zip(streams) {
        if request.ended && !request.disturbed && !disturbed {
            open.insert(number, ());
        }
    }
    while !open.is_empty() {
        match read_frame(&mut stream) {
            Ok((GOAWAY, ..)) => return,
            Ok((RST_STREAM, _, number)) => drop(open.remove(&number)),
            Ok((DATA | HEADERS, flags, number)) if flags & END_STREAM != 0 => {
                open.remove(&number);
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => panic!("no answer"),
            Err(_) => return,
        }
    }
}

fn read_frame(stream: &mut TcpStream) -> io::Result<(u8, u8, u32)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    let [high, middle, low, kind, flags, number @ ..] = head;
    let mut payload = vec![0; u32::from_be_bytes([0, high, middle, low]) as usize];
    stream.read_exact(&mut payload)?;
    Ok((kind, flags, u32::from_be_bytes(number) & 0x7FFF_FFFF))
}

fn is_same(sent: &Stream, forwarded: &Message) -> bool {
    let value = |name: &[u8]| {
        let field = sent.fields.iter().find(|(field, _)| field == name);
        field.map(|(_, value)| String::from_utf8_lossy(value).into_owned())
    };
    let (Some(method), Some(target)) = (value(b":method"), value(b":path")) else {
        return false;
    };
    // The library cuts a fragment off before anybody can see it. What is matched is what goes on all the same.
    let target = target.split('#').next().unwrap_or_default();
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, format!("?{query}")),
        None => (target, String::new()),
    };
    canonical_path(path).is_ok_and(|path| format!("{path}{query}") == forwarded.target)
        && method == forwarded.method
        && sent.body == forwarded.body
}

/// RFC 9113 sections 8.2 and 8.3, as far as a request can break them.
fn is_well_formed(stream: &Stream) -> bool {
    let pseudo = |(name, _): &&(Vec<u8>, Vec<u8>)| name.starts_with(b":");
    let first_regular = stream.fields.iter().position(|field| !pseudo(&field));
    let (control, regular) = stream
        .fields
        .split_at(first_regular.unwrap_or(stream.fields.len()));
    let count = |wanted: &[u8]| control.iter().filter(|(name, _)| name == wanted).count();
    let known = [&b":method"[..], b":scheme", b":path", b":authority"];
    let control_is_good = control.iter().all(|(name, _)| known.contains(&&name[..]))
        && count(b":method") == 1
        && count(b":scheme") == 1
        && count(b":path") == 1
        && count(b":authority") <= 1;
    control_is_good
        && regular.iter().all(|(name, value)| is_field(name, value))
        && has_its_host(control, regular)
        && has_its_length(regular, stream.body.len())
}

fn is_field(name: &[u8], value: &[u8]) -> bool {
    let token = |byte: &u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"!#$%&'*+-.^_`|~".contains(byte)
    };
    let of_the_hop = [
        &b"connection"[..],
        b"keep-alive",
        b"proxy-connection",
        b"transfer-encoding",
        b"upgrade",
    ];
    !name.is_empty()
        && name.iter().all(token)
        && !of_the_hop.contains(&name)
        && (name != b"te" || value == b"trailers")
        && !value.iter().any(|byte| b"\r\n\0".contains(byte))
}

/// One host, whoever names it.
fn has_its_host(control: &[(Vec<u8>, Vec<u8>)], regular: &[(Vec<u8>, Vec<u8>)]) -> bool {
    let authority = control.iter().filter(|(name, _)| name == b":authority");
    let hosts = regular.iter().filter(|(name, _)| name == b"host");
    let mut hosts = authority
        .chain(hosts)
        .map(|(_, value)| value.to_ascii_lowercase());
    let first = hosts.next();
    first.is_some_and(|first| hosts.all(|host| host == first))
}

fn has_its_length(regular: &[(Vec<u8>, Vec<u8>)], length: usize) -> bool {
    let mut lengths = regular.iter().filter(|(name, _)| name == b"content-length");
    lengths.all(|(_, value)| {
        let digits = std::str::from_utf8(value).ok();
        digits.and_then(|digits| digits.parse().ok()) == Some(length)
    })
}
