//! Asking the operators' listener of a gateway that runs.

use std::{
    fmt,
    io::{self, Read, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use anyhow::{Context, Result, bail};

use super::explain::read_token;
use crate::{
    app::{find_admin_token, read_admin_token},
    config::source::ProcessEnvironment,
    listener::BoundAddress,
    secret::Secret,
};

/// Longer than a look-up in the user database may take by default.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than any explanation.
const LARGEST_ANSWER: u64 = 1024 * 1024;

/// Where a gateway listens for operators.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address(BoundAddress);

/// A gateway's operators' listener, and what to show there.
#[derive(Debug)]
pub(super) struct Operators {
    address: Address,
    token: Option<Secret<String>>,
}

/// What it answered.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

trait Stream: Read + Write {}

impl<S: Read + Write> Stream for S {}

impl FromStr for Address {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(Self(BoundAddress::Unix(PathBuf::from(path))));
        }
        text.parse().map(BoundAddress::Ip).map(Self)
    }
}

impl From<BoundAddress> for Address {
    fn from(address: BoundAddress) -> Self {
        Self(address)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Operators {
    /// With the token of a file or of standard input (`-`), or else the one that the gateway has left on this machine.
    pub(super) fn at(address: &Address, token: Option<&Path>) -> Result<Self> {
        let token = match token {
            Some(path) if path == Path::new("-") => Some(Secret::new(read_token(path)?)),
            Some(path) => {
                let token = read_admin_token(path);
                Some(
                    token
                        .with_context(|| format!("cannot read a token from {}", path.display()))?,
                )
            }
            None => find_admin_token(&address.0, &ProcessEnvironment),
        };
        Ok(Self::with(address, token))
    }

    /// With this token.
    pub(super) fn with(address: &Address, token: Option<Secret<String>>) -> Self {
        Self {
            address: address.clone(),
            token,
        }
    }

    /// As anybody.
    pub(super) fn without_token(address: &Address) -> Self {
        Self::with(address, None)
    }

    pub(super) fn get(&self, path: &str) -> Result<Answer> {
        let address = &self.address;
        let answer = self.exchange(path);
        let answer = answer.with_context(|| format!("no answer from {address}"))?;
        let Some((head, body)) = answer.split_once("\r\n\r\n") else {
            bail!("{address} broke off its answer");
        };
        let status = head.split_ascii_whitespace().nth(1);
        let status = status.and_then(|status| status.parse().ok());
        Ok(Answer {
            status: status.with_context(|| format!("{address} does not speak HTTP"))?,
            body: body.to_owned(),
        })
    }

    fn exchange(&self, path: &str) -> io::Result<String> {
        let mut stream = self.connect()?;
        let host = match &self.address.0 {
            BoundAddress::Ip(address) => address.to_string(),
            BoundAddress::Unix(_) => "localhost".to_owned(),
        };
        let mut request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n");
        if let Some(token) = &self.token {
            request.push_str("Authorization: Bearer ");
            request.push_str(token.expose());
            request.push_str("\r\n");
        }
        request.push_str("Connection: close\r\n\r\n");
        let request = Secret::new(request);
        stream.write_all(request.expose().as_bytes())?;
        let mut answer = String::new();
        stream.take(LARGEST_ANSWER).read_to_string(&mut answer)?;
        Ok(answer)
    }

    fn connect(&self) -> io::Result<Box<dyn Stream>> {
        Ok(match &self.address.0 {
            BoundAddress::Ip(address) => Box::new(bounded(connect_to(*address)?)?),
            BoundAddress::Unix(path) => {
                let stream = UnixStream::connect(path)?;
                stream.set_read_timeout(Some(PATIENCE))?;
                stream.set_write_timeout(Some(PATIENCE))?;
                Box::new(stream)
            }
        })
    }
}

fn connect_to(address: SocketAddr) -> io::Result<TcpStream> {
    TcpStream::connect_timeout(&address, PATIENCE)
}

fn bounded(stream: TcpStream) -> io::Result<TcpStream> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}
