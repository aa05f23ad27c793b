//! `sidegate health`: for a container's health check, where there is neither a shell nor curl.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use super::{Outcome, report};

/// Longer than a look-up in the user database may take by default.
const PATIENCE: Duration = Duration::from_secs(5);

/// More than any list of reasons.
const LARGEST_ANSWER: u64 = 64 * 1024;

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The operators' listener of the gateway to ask.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9901")]
    admin: SocketAddr,
}

/// Fails, with exit code 1, when the gateway is not ready: container engines know no other code for that.
pub(super) fn health(arguments: &Arguments) -> Result<Outcome> {
    let admin = arguments.admin;
    let answer = ask(admin).with_context(|| format!("no answer from {admin}"))?;
    let Some((head, body)) = answer.split_once("\r\n\r\n") else {
        bail!("{admin} broke off its answer");
    };
    match head.split_ascii_whitespace().nth(1) {
        Some("200") => report("ready"),
        Some("503") => bail!("not ready: {}", reasons(body)),
        _ => bail!("{admin} is not the operators' listener of a sidegate"),
    }
    Ok(Outcome::Success)
}

fn ask(admin: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&admin, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let request = format!("GET /ready HTTP/1.1\r\nHost: {admin}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.take(LARGEST_ANSWER).read_to_string(&mut answer)?;
    Ok(answer)
}

/// The reasons in one line, or the body as it is.
fn reasons(body: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(body).ok();
    let reasons = parsed
        .as_ref()
        .and_then(|report| report.get("reasons")?.as_array());
    let texts = reasons.map(|reasons| reasons.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    texts.map_or_else(|| body.trim().to_owned(), |texts| texts.join("; "))
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    /// What is said of a listener that gives this answer.
    fn verdict(answer: &'static str) -> Result<Outcome, String> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let admin = listener.local_addr().unwrap();
        let serving = thread::spawn(move || {
            let (mut stream, _peer) = listener.accept().unwrap();
            let mut request = [0; 1024];
            let length = stream.read(&mut request).unwrap();
            assert!(request[..length].starts_with(b"GET /ready HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let verdict = health(&Arguments { admin }).map_err(|error| format!("{error:#}"));
        serving.join().unwrap();
        verdict
    }

    #[test]
    fn a_ready_gateway_is_healthy() {
        let answer = "HTTP/1.1 200 OK\r\n\r\n{\"ready\":true,\"reasons\":[]}\n";
        assert_eq!(verdict(answer), Ok(Outcome::Success));
    }

    #[test]
    fn one_that_is_not_ready_says_why() {
        let answer =
            "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"ready\":false,\"reasons\":[\"a\",\"b\"]}\n";
        assert_eq!(verdict(answer), Err("not ready: a; b".to_owned()));
    }

    #[test]
    fn whatever_else_answers_is_no_gateway() {
        assert!(verdict("HTTP/1.1 404 Not Found\r\n\r\n").is_err());
        assert!(verdict("SSH-2.0-x\r\n\r\n").is_err());
        assert!(verdict("HTTP/1.1 200 OK\r\n").is_err());
        assert!(verdict("").is_err());
    }

    #[test]
    fn nobody_there_is_unhealthy() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let admin = listener.local_addr().unwrap();
        drop(listener);
        assert!(health(&Arguments { admin }).is_err());
    }
}
