//! How the driver is set up.
//!
//! The session is made read-only and its statements bounded when a connection is made, so that a
//! look-up costs no extra round trip. The settings override whatever the URL says about the pool.
//! Nothing here opens a connection. The gateway's own tables connect in the same way.

use std::time::Duration;

use mysql_async::{Opts, OptsBuilder, PoolConstraints, PoolOpts, SslOpts};

use crate::secret::Secret;
use crate::store::settings::{PoolSettings, Settings, SettingsError, TlsSettings};

/// Longer than any row of a user table; a larger one breaks the connection, not the process.
const MAX_PACKET: usize = 16 << 20;

/// How long an idle connection is trusted without asking the server for its `wait_timeout`. A
/// server that closes earlier is noticed at check-out.
const IDLE_SECS: usize = 300;

/// How long a connection above the pool's minimum stays open when idle.
const SPARE: Duration = Duration::from_secs(60);

/// How soon a peer that vanished without a word is noticed on an idle connection.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// The driver's options for these settings.
pub(super) fn driver(settings: &Settings, url: &Secret<String>) -> Result<Opts, SettingsError> {
    let options = connecting(url, settings.pool, settings.tls.as_ref())?;
    Ok(options.setup(setup(settings.deadline)).into())
}

/// The driver's options for a server, without what a session begins with.
pub(crate) fn connecting(
    url: &Secret<String>,
    pool: PoolSettings,
    tls: Option<&TlsSettings>,
) -> Result<OptsBuilder, SettingsError> {
    // INVARIANT: `DatabaseUrl::parse` accepts only what the driver parses.
    let opts = Opts::from_url(url.expose()).expect("a parsed database URL");
    let tls = match tls {
        Some(tls) => Some(tls_options(tls)),
        None => opts.ssl_opts().cloned(),
    };
    Ok(OptsBuilder::from_opts(opts)
        .pool_opts(bounded(pool)?)
        .max_allowed_packet(Some(MAX_PACKET))
        .wait_timeout(Some(IDLE_SECS))
        .tcp_keepalive(Some(KEEPALIVE))
        .prefer_socket(false)
        .ssl_opts(tls))
}

fn bounded(pool: PoolSettings) -> Result<PoolOpts, SettingsError> {
    let PoolSettings { min, max } = pool;
    let bounds = PoolConstraints::new(min, max).filter(|_| max > 0);
    let bounds = bounds.ok_or(SettingsError::Pool { min, max })?;
    Ok(PoolOpts::new()
        .with_constraints(bounds)
        .with_inactive_connection_ttl(SPARE)
        // A reset at every check-in would throw the prepared statements away.
        .with_reset_connection(false))
}

/// The server bounds a statement too, because it goes on after its client gave up. The bound has
/// a name and a unit of its own in either server; each ignores the other's comment, and the
/// variable in front keeps the statement whole for a server that ignores both.
fn setup(deadline: Duration) -> Vec<String> {
    let bound = deadline.max(Duration::from_millis(1));
    let (secs, millis) = (bound.as_secs_f64(), bound.as_millis());
    vec![
        "SET SESSION TRANSACTION READ ONLY".to_owned(),
        format!(
            "SET @sidegate = 1 /*M!100101 , SESSION max_statement_time = {secs:.3} */ \
             /*!50708 , SESSION max_execution_time = {millis} */"
        ),
    ]
}

fn tls_options(tls: &TlsSettings) -> SslOpts {
    let Some(pem) = &tls.authorities else {
        return SslOpts::default();
    };
    SslOpts::default()
        .with_root_certs(vec![pem.clone().into()])
        .with_disable_built_in_roots(true)
}
