//! `sidegate run`.

use std::path::Path;

use anyhow::{Context, Result};

use super::{Outcome, output::load_with_files};
use crate::{
    app::{App, Origin, control_runtime},
    config::compiled::Compiled,
    telemetry,
};

pub(super) fn run(config: &Path) -> Result<Outcome> {
    let Some((compiled, files)) = load_with_files(config) else {
        return Ok(Outcome::Unusable);
    };
    let origin = Origin {
        path: config.to_owned(),
        files,
    };
    serve(compiled, Some(origin), |_app| ())
}

/// Starts, says so, and serves until a signal.
pub(super) fn serve(
    compiled: Compiled,
    origin: Option<Origin>,
    started: impl FnOnce(&App),
) -> Result<Outcome> {
    let guard = telemetry::init(compiled.server.logs).context("cannot start the log")?;
    raise_file_limit();
    let control = control_runtime().context("cannot start the control runtime")?;
    let app = App::start(compiled, origin, control).context("cannot start")?;
    started(&app);
    app.run();
    drop(guard);
    Ok(Outcome::Success)
}

/// Each connection needs up to two descriptors, and the usual soft limit is 1024. The hard limit is what the operator
/// set; where it cannot be reached, accepting pauses when descriptors run out.
fn raise_file_limit() {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::debug!(%error, "the limit of open files stays as it is");
    }
}
