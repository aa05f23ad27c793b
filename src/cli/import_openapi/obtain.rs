//! Where a document comes from: a file, standard input, or an application that runs, over HTTP in clear text.

use std::{
    io::{Read, Write},
    net::{TcpStream, ToSocketAddrs},
    path::Path,
    time::{Duration, Instant},
};

use ::http::Uri;
use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    clock::Clock,
    config::{
        reading::reader::read,
        source::{Environment, Source},
    },
};

/// Far more than the largest document of an application.
const LARGEST: u64 = 16 * 1024 * 1024;

/// `FastAPI` makes its document when it is first asked for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The document as text.
pub(super) fn obtain(source: &str) -> Result<String> {
    let bytes = if source == "-" {
        limited(std::io::stdin())?
    } else if source.starts_with("http://") {
        fetch(source)?
    } else if source.contains("://") {
        bail!(
            "only http:// and files are read here; fetch it with another program and pass it on with -"
        );
    } else {
        let file = std::fs::File::open(Path::new(source));
        limited(file.with_context(|| format!("cannot open {source}"))?)?
    };
    String::from_utf8(bytes).with_context(|| format!("{source} is not UTF-8 text"))
}

/// The document as a value: JSON, or else YAML.
pub(super) fn parse(name: &str, text: &str) -> Result<Value> {
    let json = match serde_json::from_str(text) {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    if text.trim_start().starts_with(['{', '[']) {
        return Err(json).with_context(|| format!("{name} is no JSON"));
    }
    let reading = read::<Value>(&Source::new(name, text), &Literal);
    if let Some(mistake) = reading.diagnostics.first() {
        bail!("{mistake}");
    }
    reading.value.with_context(|| format!("{name} is empty"))
}

/// Leaves every `${NAME}` in a text: the document is somebody else's, and means no variables of ours.
struct Literal;

impl Environment for Literal {
    fn get(&self, name: &str) -> Option<String> {
        Some(format!("${{{name}}}"))
    }
}

fn limited(reader: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        bail!("the document has more than 16 MiB");
    }
    Ok(bytes)
}

fn fetch(url: &str) -> Result<Vec<u8>> {
    let uri: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let authority = uri.authority().context("the URL names no host")?;
    let answer = exchange(authority.host(), authority.port_u16().unwrap_or(80), &uri);
    let answer = answer.with_context(|| format!("no document from {url}"))?;
    let end = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n");
    let (head, body) = end
        .and_then(|end| answer.split_at_checked(end + 4))
        .context("the answer broke off")?;
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    if status != Some("200") {
        bail!(
            "{url} answered {}",
            status.unwrap_or("something else than HTTP").escape_debug()
        );
    }
    let field = |name: &str| {
        head.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field
                .eq_ignore_ascii_case(name)
                .then(|| value.trim().to_owned())
        })
    };
    if field("transfer-encoding").is_some() || field("content-encoding").is_some() {
        bail!("{url} answered in a coding that was not asked for");
    }
    let length: Option<usize> = field("content-length").and_then(|value| value.parse().ok());
    if length.is_some_and(|length| length != body.len()) {
        bail!("the answer broke off");
    }
    Ok(body.to_vec())
}

/// In HTTP/1.0, whose answers end with their connection and are in no coding.
fn exchange(host: &str, port: u16, uri: &Uri) -> Result<Vec<u8>> {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let mut refused = None;
    let mut connected = None;
    for address in (bare, port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, PATIENCE) {
            Ok(stream) => {
                connected = Some(stream);
                break;
            }
            Err(error) => refused = Some(error),
        }
    }
    let mut stream = match (connected, refused) {
        (Some(stream), _) => stream,
        (None, Some(error)) => return Err(error.into()),
        (None, None) => bail!("the host has no address"),
    };
    stream.set_write_timeout(Some(PATIENCE))?;
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let request =
        format!("GET {target} HTTP/1.0\r\nHost: {host}:{port}\r\nAccept: application/json\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    limited(Until {
        stream,
        end: Clock.instant() + PATIENCE,
    })
}

/// A stream that is read for so long and no longer, however slowly it gives.
struct Until {
    stream: TcpStream,
    end: Instant,
}

impl Read for Until {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let left = self.end.saturating_duration_since(Clock.instant());
        if left.is_zero() {
            return Err(std::io::ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buffer)
    }
}
