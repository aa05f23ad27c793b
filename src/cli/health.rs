//! `sidegate health`: for a container's health check, where there is neither a shell nor curl.

use std::path::PathBuf;

use anyhow::{Result, bail};
use serde_json::Value;

use super::{
    Outcome,
    operators::{Address, Operators},
    report,
};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// The operators' listener of the gateway to ask: an address, or unix: and a path.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9901")]
    admin: Address,
    /// A file with the operators' token; without it, the one that the gateway has left. Reasons are told only with it.
    #[arg(long, value_name = "FILE")]
    admin_token: Option<PathBuf>,
}

/// Fails, with exit code 1, when the gateway is not ready: container engines know no other code for that.
pub(super) fn health(arguments: &Arguments) -> Result<Outcome> {
    let admin = &arguments.admin;
    let operators = Operators::at(admin, arguments.admin_token.as_deref())?;
    let mut answer = operators.get("/ready")?;
    // A file that another process has left must not make a gateway look unwell.
    if answer.status == 401 {
        answer = Operators::without_token(admin).get("/ready")?;
    }
    match answer.status {
        200 => report("ready"),
        503 => bail!("not ready: {}", reasons(&answer.body)),
        _ => bail!("{admin} is not the operators' listener of a sidegate"),
    }
    Ok(Outcome::Success)
}

/// The reasons in one line, or the body as it is.
fn reasons(body: &str) -> String {
    let parsed: Option<Value> = serde_json::from_str(body).ok();
    let reasons = parsed
        .as_ref()
        .and_then(|report| report.get("reasons")?.as_array());
    let texts = reasons.map(|reasons| reasons.iter().filter_map(Value::as_str).collect::<Vec<_>>());
    match (texts, &parsed) {
        (Some(texts), _) => texts.join("; "),
        (None, Some(_)) => "the reasons are told to those who have the operators' token".to_owned(),
        (None, None) => body.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read, Write},
        net::TcpListener,
        thread,
    };

    use super::*;

    fn arguments(admin: std::net::SocketAddr) -> Arguments {
        Arguments {
            admin: admin.to_string().parse().unwrap(),
            admin_token: None,
        }
    }

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
        let verdict = health(&arguments(admin)).map_err(|error| format!("{error:#}"));
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
    fn without_the_token_it_is_only_known_that_it_is_not() {
        let answer = "HTTP/1.1 503 Service Unavailable\r\n\r\n{\"ready\":false}\n";
        let verdict = verdict(answer).unwrap_err();
        assert!(verdict.contains("operators' token"), "{verdict}");
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
        assert!(health(&arguments(admin)).is_err());
    }
}
