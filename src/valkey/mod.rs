//! Counters that gateways share in a Redis or Valkey server: scripts, each of them atomic, over one connection.
//!
//! What is kept there may be lost, by a fail-over or a restart, so only what can be counted anew belongs there. It promises
//! that a script ends within the deadline, that a server that has failed is left alone for a moment instead of costing
//! everybody the deadline, and that a server that is back is found again without help. It knows of no key what it means.

#[cfg(test)]
pub(crate) mod bench;
mod breaker;

use std::{fmt, sync::Arc, time::Duration};

use ::redis::{
    Client, ErrorKind, IntoConnectionInfo, RedisError, Script, TlsCertificates,
    aio::{ConnectionManager, ConnectionManagerConfig},
};
use tracing::{info, warn};

use crate::{clock::Clock, secret::Secret};

pub use breaker::Breaker;

/// Where the server is, and how long it may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `redis://`, `rediss://` for TLS, or `redis+unix://`.
    pub url: Secret<String>,
    /// Who may have signed the server's certificate, in PEM; `None` for those of the system.
    pub authorities: Option<Vec<u8>>,
    /// How long a script may take, the wait for a connection included.
    pub deadline: Duration,
    /// What every key begins with.
    pub prefix: String,
}

/// Why settings cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// No URL that is understood.
    #[error("this is no redis://, rediss:// or redis+unix:// URL")]
    Url,
    /// Authorities without TLS.
    #[error("authorities are of no use without TLS")]
    ClearText,
    /// Certificates that cannot be read.
    #[error("the certificates cannot be read")]
    Authorities,
}

/// The server did not do it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the server of shared counters does not answer")]
pub struct Unavailable;

/// The server.
pub struct Valkey {
    settings: Settings,
    connections: ConnectionManager,
    breaker: Arc<Breaker>,
    clock: Clock,
}

impl Settings {
    /// Whether they can be used at all; asks no server.
    pub fn check(&self) -> Result<(), SettingsError> {
        self.client().map(drop)
    }

    fn client(&self) -> Result<Client, SettingsError> {
        let url = self.url.expose().as_str();
        // A fragment could say that certificates do not matter.
        if url.contains('#') {
            return Err(SettingsError::Url);
        }
        let info = url.into_connection_info().map_err(|_| SettingsError::Url)?;
        let Some(authorities) = &self.authorities else {
            return Client::open(info).map_err(|_| SettingsError::Url);
        };
        if !url.starts_with("rediss://") {
            return Err(SettingsError::ClearText);
        }
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: Some(authorities.clone()),
        };
        Client::build_with_tls(info, certificates).map_err(|_| SettingsError::Authorities)
    }
}

impl Valkey {
    /// Prepares a connection without making it; the first script does. Has to be called on the control runtime.
    pub fn open(settings: Settings, clock: Clock) -> Result<Self, SettingsError> {
        let timeouts = ConnectionManagerConfig::new()
            .set_number_of_retries(0)
            .set_connection_timeout(Some(settings.deadline.max(LONGEST_CONNECT)))
            .set_response_timeout(Some(settings.deadline));
        let connections = ConnectionManager::new_lazy_with_config(settings.client()?, timeouts);
        Ok(Self {
            connections: connections.map_err(|_| SettingsError::Url)?,
            settings,
            breaker: Arc::new(Breaker::new(clock.instant())),
            clock,
        })
    }

    /// Where it is, and how long it may take.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// How it stands.
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// The name of a key: what stands in braces is the same for all, so that one script may have several.
    pub fn key(&self, kind: &str, name: &[u8]) -> String {
        let prefix = &self.settings.prefix;
        let hex = name.iter().map(|byte| format!("{byte:02x}"));
        hex.fold(format!("{{{prefix}}}:{kind}:"), |key, byte| key + &byte)
    }

    /// Runs a script that answers with numbers. Has to be called on the control runtime.
    pub async fn run(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[u64],
    ) -> Result<Vec<u64>, Unavailable> {
        if !self.breaker.admits(self.clock.instant()) {
            return Err(Unavailable);
        }
        let answer = tokio::time::timeout(
            self.settings.deadline,
            self.try_twice(script, keys, arguments),
        );
        let why = match answer.await {
            Ok(Ok(numbers)) => {
                if self.breaker.succeeded() {
                    info!("the server of shared counters answers again");
                }
                return Ok(numbers);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it did not answer in time".to_owned(),
        };
        if self.breaker.failed(self.clock.instant()) {
            warn!(
                why,
                "the server of shared counters fails: this process counts alone"
            );
        }
        Err(Unavailable)
    }

    /// A connection that the server has closed meanwhile is noticed when it is used, and the next one may do.
    async fn try_twice(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[u64],
    ) -> Result<Vec<u64>, RedisError> {
        match self.invoke(script, keys, arguments).await {
            Err(error) if error.kind() == ErrorKind::Io && !error.is_timeout() => {
                self.invoke(script, keys, arguments).await
            }
            answer => answer,
        }
    }

    async fn invoke(
        &self,
        script: &Script,
        keys: &[String],
        arguments: &[u64],
    ) -> Result<Vec<u64>, RedisError> {
        let mut invocation = script.prepare_invoke();
        for key in keys {
            invocation.key(key);
        }
        for argument in arguments {
            invocation.arg(*argument);
        }
        invocation.invoke_async(&mut self.connections.clone()).await
    }
}

/// A connection goes on being made when the script that has asked for it has given up.
const LONGEST_CONNECT: Duration = Duration::from_secs(1);

impl fmt::Debug for Valkey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Valkey")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, authorities: Option<&[u8]>) -> Result<(), SettingsError> {
        let settings = Settings {
            url: Secret::new(url.to_owned()),
            authorities: authorities.map(<[u8]>::to_vec),
            deadline: Duration::from_millis(100),
            prefix: "sidegate".to_owned(),
        };
        settings.check()
    }

    #[test]
    fn urls_that_cannot_be_used_are_refused() {
        assert_eq!(check("redis://127.0.0.1:6379/1", None), Ok(()));
        assert_eq!(check("rediss://user:password@cache.test", None), Ok(()));
        assert_eq!(check("redis+unix:///run/redis.sock", None), Ok(()));
        for url in [
            "",
            "127.0.0.1:6379",
            "http://127.0.0.1",
            "rediss://cache.test#insecure",
        ] {
            assert_eq!(check(url, None), Err(SettingsError::Url), "{url}");
        }
        let nothing = Some(&b"nothing"[..]);
        assert_eq!(
            check("redis://cache.test", nothing),
            Err(SettingsError::ClearText)
        );
    }
}
