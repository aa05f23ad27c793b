//! A client that sends bytes and reads what comes back, with nothing between.

use std::{
    fmt::Write as _,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
};

use serde_json::Value;

use super::PATIENCE;

/// Where to connect.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Client {
    address: SocketAddr,
}

/// A request in words.
#[derive(Debug, Clone)]
pub(crate) struct Request {
    method: String,
    target: String,
    host: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// A connection for one request after another.
#[derive(Debug)]
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
}

/// A response as it came.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    pub(crate) version: String,
    pub(crate) status: u16,
    /// In their order, spelled as they came.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether the body was as long as its framing promised.
    pub(crate) whole: bool,
}

impl Client {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self { address }
    }

    pub(crate) fn connect(self) -> Connection {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_nodelay(true).expect("a socket option");
        stream
            .set_read_timeout(Some(PATIENCE))
            .expect("a socket option");
        stream
            .set_write_timeout(Some(PATIENCE))
            .expect("a socket option");
        Connection {
            reader: BufReader::new(stream),
        }
    }

    /// One request on a connection of its own.
    #[track_caller]
    pub(crate) fn send(self, request: &Request) -> Response {
        self.connect().send(request)
    }

    /// These bytes, and the first response to them.
    #[track_caller]
    pub(crate) fn raw(self, bytes: impl AsRef<[u8]>) -> Response {
        let mut connection = self.connect();
        connection.write(bytes);
        connection.response()
    }
}

impl Request {
    pub(crate) fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            host: "gateway.test".to_owned(),
            headers: Vec::new(),
            body: None,
        }
    }

    pub(crate) fn get(target: &str) -> Self {
        Self::new("GET", target)
    }

    pub(crate) fn post(target: &str) -> Self {
        Self::new("POST", target)
    }

    pub(crate) fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    pub(crate) fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn token(self, token: &str) -> Self {
        self.header("Authorization", &format!("Bearer {token}"))
    }

    pub(crate) fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("Content-Type", "application/json")
            .body(body.to_string())
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut text = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            self.method, self.target, self.host
        );
        for (name, value) in &self.headers {
            write!(text, "{name}: {value}\r\n").expect("a text grows");
        }
        if let Some(body) = &self.body {
            write!(text, "Content-Length: {}\r\n", body.len()).expect("a text grows");
        }
        text.push_str("\r\n");
        [text.as_bytes(), self.body.as_deref().unwrap_or_default()].concat()
    }
}

impl Connection {
    #[track_caller]
    pub(crate) fn send(&mut self, request: &Request) -> Response {
        self.write(request.bytes());
        self.response_to(&request.method)
    }

    #[track_caller]
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_write(bytes).expect("the gateway reads");
    }

    /// The socket itself.
    pub(crate) fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    pub(crate) fn try_write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes.as_ref())
    }

    #[track_caller]
    pub(crate) fn response(&mut self) -> Response {
        self.response_to("GET")
    }

    #[track_caller]
    pub(crate) fn response_to(&mut self, method: &str) -> Response {
        let mut response = self.head();
        self.body_of(&mut response, method);
        response
    }

    /// The head alone; the body is left to be read.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Response {
        self.try_head()
            .expect("a response head")
            .expect("a response, not the end of the connection")
    }

    /// `None` where the connection ends instead.
    pub(crate) fn try_head(&mut self) -> io::Result<Option<Response>> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let mut words = line.split(' ');
        let version = words.next().unwrap_or_default().to_owned();
        let status = words.next().and_then(|word| word.trim().parse().ok());
        let status = status.ok_or_else(|| io::Error::other(line.clone()))?;
        let mut headers = Vec::new();
        loop {
            let mut bytes = Vec::new();
            self.reader.read_until(b'\n', &mut bytes)?;
            let line = String::from_utf8_lossy(&bytes);
            let Some((name, value)) = line.trim_end().split_once(':') else {
                break;
            };
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
        Ok(Some(Response {
            version,
            status,
            headers,
            body: Vec::new(),
            whole: false,
        }))
    }

    /// Reads the body that belongs to this head.
    pub(crate) fn body_of(&mut self, response: &mut Response, method: &str) {
        if method == "HEAD" || matches!(response.status, 100..=199 | 204 | 304) {
            response.whole = true;
        } else if response.header("transfer-encoding") == Some("chunked") {
            response.whole = self.chunks(&mut response.body).is_ok();
        } else if let Some(length) = response.header("content-length") {
            let length: u64 = length.parse().expect("a length");
            let read = self
                .reader
                .by_ref()
                .take(length)
                .read_to_end(&mut response.body);
            response.whole = read.is_ok() && response.body.len() as u64 == length;
        } else {
            response.whole = self.reader.read_to_end(&mut response.body).is_ok();
        }
    }

    fn chunks(&mut self, body: &mut Vec<u8>) -> io::Result<()> {
        while let Some(piece) = self.chunk()? {
            body.extend_from_slice(&piece);
        }
        Ok(())
    }

    /// One chunk of a chunked body; `None` after the last.
    pub(crate) fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        let size = usize::from_str_radix(line.trim(), 16).map_err(io::Error::other)?;
        let mut piece = vec![0; size + 2];
        self.reader.read_exact(&mut piece)?;
        piece.truncate(size);
        Ok((size > 0).then_some(piece))
    }

    /// Exactly this many bytes.
    #[track_caller]
    pub(crate) fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.reader.read_exact(&mut bytes).expect("bytes");
        bytes
    }

    /// Reads and counts `count` bytes without keeping them.
    pub(crate) fn skip(&mut self, count: u64) -> u64 {
        io::copy(&mut self.reader.by_ref().take(count), &mut io::sink()).unwrap_or(0)
    }

    /// Says that nothing more will come, and reads whatever there is until the gateway closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        // A gateway that has closed already does not mind.
        drop(self.stream().shutdown(Shutdown::Write));
        let mut rest = Vec::new();
        drop(self.reader.read_to_end(&mut rest));
        rest
    }

    /// Waits until the gateway closes; false when it says something more, or nothing for too long.
    pub(crate) fn ends(&mut self) -> bool {
        match self.reader.read(&mut [0; 64]) {
            Ok(count) => count == 0,
            Err(error) => error.kind() == io::ErrorKind::ConnectionReset,
        }
    }
}

impl Response {
    /// The first header of this name, in any case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.values(name).first().copied()
    }

    pub(crate) fn values(&self, name: &str) -> Vec<&str> {
        let found = self
            .headers
            .iter()
            .filter(|(found, _)| found.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str()).collect()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", self.text()))
    }
}
