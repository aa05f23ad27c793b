//! Who may ask what: the token, and protection from pages in a browser.
//!
//! A sidecar shares its loopback address with the monolith and with everything else on the machine, and a page in an
//! operator's browser can reach it too: by a name that suddenly leads to 127.0.0.1, or by a form. So a Host has to be
//! an address or a listed name, and an Origin the same.

use std::{net::IpAddr, time::Duration};

use ::http::{HeaderMap, HeaderValue, header};

use super::settings::{MetricsAccess, Settings};
use crate::secret::Secret;

/// How long the answer to a wrong token takes. Together with the limit of connections this bounds how fast anybody can
/// guess; a right token is never made to wait.
pub(super) const PENALTY: Duration = Duration::from_secs(1);

/// What is asked of operators.
#[derive(Debug)]
pub struct Access {
    token: Option<Secret<String>>,
    metrics: MetricsAccess,
    hosts: Vec<String>,
}

/// How a connection comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Over an address.
    Network,
    /// Over a file: there is no name that could lead astray.
    File,
}

/// What a request has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    /// No token.
    Nothing,
    /// The token.
    Token,
    /// Something else.
    WrongToken,
}

/// Why a request is not even looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Suspicion {
    #[error("the Host is neither an address nor localhost; list it under admin.hosts")]
    Host,
    #[error("the request comes from a page of another origin")]
    Origin,
}

impl Access {
    /// Without a token nothing that needs one is answered.
    pub fn new(settings: &Settings, token: Option<Secret<String>>) -> Self {
        Self {
            token,
            metrics: settings.metrics,
            hosts: settings.hosts.clone(),
        }
    }

    pub(super) fn metrics(&self) -> MetricsAccess {
        self.metrics
    }

    /// What the request shows in `Authorization`.
    pub(super) fn shown(&self, headers: &HeaderMap) -> Shown {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (Some(value), None) = (values.next(), values.next()) else {
            return if headers.contains_key(header::AUTHORIZATION) {
                Shown::WrongToken
            } else {
                Shown::Nothing
            };
        };
        let given = bearer(value).map(|token| Secret::new(token.to_owned()));
        // Secrets are compared in constant time.
        match (given, &self.token) {
            (Some(given), Some(token)) if given == *token => Shown::Token,
            (Some(_) | None, _) => Shown::WrongToken,
        }
    }

    /// Whether the request may come from a page in a browser.
    pub(super) fn check_page(&self, headers: &HeaderMap, way: Way) -> Result<(), Suspicion> {
        let host = headers.get(header::HOST).and_then(text);
        if way == Way::Network && !host.is_some_and(|host| self.is_known(host)) {
            return Err(Suspicion::Host);
        }
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(());
        };
        let origin = text(origin).and_then(|origin| origin.strip_prefix("http://"));
        match (origin, host) {
            (Some(origin), Some(host)) if origin.eq_ignore_ascii_case(host) => Ok(()),
            (Some(_) | None, _) => Err(Suspicion::Origin),
        }
    }

    fn is_known(&self, host: &str) -> bool {
        let name = without_port(host);
        let address = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        if address.unwrap_or(name).parse::<IpAddr>().is_ok() {
            return true;
        }
        let name = name.to_ascii_lowercase();
        name == "localhost" || self.hosts.contains(&name)
    }
}

fn bearer(value: &HeaderValue) -> Option<&str> {
    let (scheme, token) = text(value)?.split_once(' ')?;
    let is_bearer = scheme.eq_ignore_ascii_case("bearer");
    is_bearer.then(|| token.trim_start_matches(' '))
}

fn text(value: &HeaderValue) -> Option<&str> {
    value.to_str().ok()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        Some(_) | None => host,
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;
    use crate::{
        admin::settings::TokenSource,
        listener::{Address, Families},
        telemetry::{DecisionKeeping, KeptDecisions},
    };

    fn access(token: Option<&str>) -> Access {
        let address: SocketAddr = "127.0.0.1:9901".parse().unwrap();
        let settings = Settings {
            address: Address::Ip(address, Families::Both),
            token: TokenSource::Made(None),
            metrics: MetricsAccess::Token,
            hosts: vec!["sidegate.internal".to_owned()],
            decisions: DecisionKeeping {
                which: KeptDecisions::Refusals,
                time: std::time::Duration::from_secs(1),
                most: 1,
            },
        };
        Access::new(&settings, token.map(|token| Secret::new(token.to_owned())))
    }

    fn headers(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_the_token_itself_is_the_token() {
        let shown = |lines: &[(&'static str, &'static str)]| {
            let with = access(Some("right")).shown(&headers(lines));
            let without = access(None).shown(&headers(lines));
            assert_ne!(without, Shown::Token, "{lines:?}");
            with
        };
        assert_eq!(shown(&[]), Shown::Nothing);
        assert_eq!(shown(&[("authorization", "Bearer right")]), Shown::Token);
        assert_eq!(shown(&[("authorization", "bearer right")]), Shown::Token);
        for wrong in [
            "Bearer",
            "Bearer ",
            "Bearer righ",
            "Bearer right2",
            "Bearer Right",
            "Basic right",
            "right",
            "",
        ] {
            let lines = [("authorization", wrong)];
            assert_eq!(shown(&lines), Shown::WrongToken, "{wrong}");
        }
        let twice = [
            ("authorization", "Bearer right"),
            ("authorization", "Bearer right"),
        ];
        assert_eq!(shown(&twice), Shown::WrongToken);
    }

    #[test]
    fn a_name_that_is_not_listed_is_no_way_here() {
        let check = |host: &'static str| {
            let headers = headers(&[("host", host)]);
            access(None).check_page(&headers, Way::Network)
        };
        for good in [
            "127.0.0.1:9901",
            "127.0.0.1",
            "[::1]:9901",
            "[::1]",
            "10.0.0.7:1",
            "localhost",
            "LOCALHOST:9901",
            "sidegate.internal:9901",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "rebound.example.com:9901",
            "127.0.0.1.example.com",
            "localhost.example.com",
            "[::1",
            "sidegate",
            "localhost:x",
        ] {
            assert_eq!(check(bad), Err(Suspicion::Host), "{bad}");
        }
        let none = access(None).check_page(&HeaderMap::new(), Way::Network);
        assert_eq!(none, Err(Suspicion::Host));
        let rebound = headers(&[("host", "rebound.example.com")]);
        assert_eq!(access(None).check_page(&rebound, Way::File), Ok(()));
    }

    #[test]
    fn a_page_of_another_origin_is_no_operator() {
        let check = |origin: &'static str| {
            let headers = headers(&[("host", "127.0.0.1:9901"), ("origin", origin)]);
            access(None).check_page(&headers, Way::Network)
        };
        assert_eq!(check("http://127.0.0.1:9901"), Ok(()));
        for bad in [
            "null",
            "",
            "http://127.0.0.1:8080",
            "https://app.example.com",
        ] {
            assert_eq!(check(bad), Err(Suspicion::Origin), "{bad}");
        }
    }
}
