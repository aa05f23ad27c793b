//! Where a document comes from: a file, standard input, or an application that runs.

use std::{io::Read, path::Path, time::Duration};

use ::http::Uri;
use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::{
    app::control_runtime,
    clock::Clock,
    config::{
        reading::reader::read,
        source::{Environment, Source},
    },
    fetch::{FetchError, Wanted, read_document},
};

/// Far more than the largest document of an application.
const LARGEST: usize = 16 * 1024 * 1024;

/// What an application is asked for.
const DOCUMENT: Wanted = Wanted {
    accept: "application/json",
    largest: LARGEST,
    // FastAPI makes its document when it is first asked for.
    patience: Duration::from_secs(20),
};

/// The document as text. `ca` is what a server's certificate is verified by, instead of the system's authorities.
pub(super) fn obtain(source: &str, ca: Option<&Path>) -> Result<String> {
    let bytes = if source == "-" {
        limited(std::io::stdin())?
    } else if source.starts_with("http://") || source.starts_with("https://") {
        fetch(source, ca)?
    } else if source.contains("://") {
        bail!(
            "only http://, https:// and files are read here; fetch it with another program and pass it on with -"
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
    reader.take(LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > LARGEST {
        bail!("the document has more than 16 MiB");
    }
    Ok(bytes)
}

/// Over the client that fetches the keys of issuers: bounded, verified, and led nowhere else.
fn fetch(url: &str, ca: Option<&Path>) -> Result<Vec<u8>> {
    let uri: Uri = url.parse().with_context(|| format!("{url} is no URL"))?;
    let runtime = control_runtime().context("cannot start the control runtime")?;
    let ca = ca.map(Path::to_path_buf);
    let answer = runtime.block_on(read_document(&uri, ca, DOCUMENT, Clock));
    match answer {
        Ok(document) => Ok(document),
        Err(FetchError::Status(status)) if status.is_redirection() => bail!(
            "{url} answered {status}, which leads elsewhere; name the place where the document is"
        ),
        Err(FetchError::Status(status)) => bail!("{url} answered {status}"),
        Err(error) => bail!("no document from {url}: {}", error.whole()),
    }
}
