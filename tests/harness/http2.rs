//! HTTP/2 in clear text with prior knowledge: a client that behaves, and frames for one that does not.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{HeaderMap, Request, Response, client::conn::http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::runtime::{Builder, Runtime};

use super::PATIENCE;

/// A connection of a client that behaves.
pub(crate) struct Http2 {
    runtime: Runtime,
    sender: http2::SendRequest<Full<Bytes>>,
}

/// A whole response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Http2 {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .expect("a runtime");
        let sender = runtime.block_on(async {
            let stream = tokio::net::TcpStream::connect(address)
                .await
                .expect("a connection");
            let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
                .await
                .expect("a handshake");
            runtime.spawn(connection);
            sender
        });
        Self { runtime, sender }
    }

    /// A request for `gateway.test`.
    pub(crate) fn request(method: &str, path: &str) -> hyper::http::request::Builder {
        Request::builder()
            .method(method)
            .uri(format!("http://gateway.test{path}"))
    }

    /// Sends all of them before it waits for the first answer.
    pub(crate) fn send_all(&self, requests: Vec<Request<Full<Bytes>>>) -> Vec<Answer> {
        let mut sender = self.sender.clone();
        let answers = async {
            sender.ready().await.expect("a connection");
            let sent: Vec<_> = requests
                .into_iter()
                .map(|request| self.runtime.spawn(sender.send_request(request)))
                .collect();
            let mut answers = Vec::new();
            for sent in sent {
                let response = sent.await.expect("a task").expect("a response");
                answers.push(whole(response).await);
            }
            answers
        };
        self.runtime
            .block_on(async { tokio::time::timeout(PATIENCE, answers).await })
            .expect("answers in time")
    }

    #[track_caller]
    pub(crate) fn send(&self, request: hyper::http::request::Builder, body: &[u8]) -> Answer {
        let request = request
            .body(Full::new(Bytes::copy_from_slice(body)))
            .expect("a request");
        self.send_all(vec![request]).remove(0)
    }

    /// Whether the gateway has said that it takes no further request on this connection.
    pub(crate) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

async fn whole(response: Response<hyper::body::Incoming>) -> Answer {
    let (head, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes().to_vec();
    Answer {
        status: head.status.as_u16(),
        headers: head.headers,
        body,
    }
}

/// A connection of frames.
pub(crate) struct Frames {
    stream: TcpStream,
}

/// One frame (RFC 9113 section 4.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;
pub(crate) const END_STREAM: u8 = 1;
pub(crate) const ACK: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

impl Frames {
    /// Connects, with empty settings.
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::with_settings(address, &[])
    }

    pub(crate) fn with_settings(address: SocketAddr, settings: &[u8]) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket option");
        stream
            .set_write_timeout(Some(PATIENCE))
            .expect("a socket option");
        let mut frames = Self { stream };
        frames
            .stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .expect("the preface");
        frames.send(SETTINGS, 0, 0, settings).expect("settings");
        frames
    }

    pub(crate) fn send(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> io::Result<()> {
        let length = u32::try_from(payload.len()).expect("short").to_be_bytes();
        let head = [&length[1..], &[kind, flags], &stream.to_be_bytes()].concat();
        self.stream.write_all(&[&head, payload].concat())
    }

    /// A request whose header list is exactly this.
    pub(crate) fn request(
        &mut self,
        stream: u32,
        flags: u8,
        fields: &[(&str, &str)],
    ) -> io::Result<()> {
        self.send(HEADERS, END_HEADERS | flags, stream, &literals(fields))
    }

    /// `None` at the end of the connection.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        let mut head = [0; 9];
        self.stream.read_exact(&mut head).ok()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        let mut payload = vec![0; length as usize];
        self.stream.read_exact(&mut payload).ok()?;
        let stream = u32::from_be_bytes([head[5] & 0x7F, head[6], head[7], head[8]]);
        Some(Frame {
            kind: head[3],
            flags: head[4],
            stream,
            payload,
        })
    }

    /// The first frame that is about a stream, or the end of the connection.
    pub(crate) fn frame_of(&mut self, stream: u32) -> Option<Frame> {
        while let Some(frame) = self.frame() {
            if frame.stream == stream || frame.kind == GOAWAY {
                return Some(frame);
            }
        }
        None
    }

    /// Reads until the connection ends, and says whether a GOAWAY came before.
    pub(crate) fn ends_with_goaway(&mut self) -> bool {
        let mut told = false;
        while let Some(frame) = self.frame() {
            told |= frame.kind == GOAWAY;
        }
        told
    }
}

/// Header fields without indexing or compression (RFC 7541 section 6.2.2).
pub(crate) fn literals(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut block = Vec::new();
    for (name, value) in fields {
        block.push(0);
        string(&mut block, name.as_bytes());
        string(&mut block, value.as_bytes());
    }
    block
}

fn string(block: &mut Vec<u8>, bytes: &[u8]) {
    let length = bytes.len();
    if length < 127 {
        block.push(u8::try_from(length).expect("short"));
    } else {
        block.push(127);
        let mut rest = length - 127;
        while rest >= 128 {
            block.push(u8::try_from(rest % 128).expect("seven bits") | 128);
            rest /= 128;
        }
        block.push(u8::try_from(rest).expect("seven bits"));
    }
    block.extend_from_slice(bytes);
}
