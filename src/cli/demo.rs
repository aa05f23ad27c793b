//! `sidegate demo`.

use std::{net::SocketAddr, path::PathBuf};

use anyhow::{Context, Result};

use super::{Outcome, complain, report, run::serve};
use crate::{demo::Demo, listener::BoundAddress};

#[derive(Debug, clap::Args)]
pub(super) struct Arguments {
    /// Where the gateway listens; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
}

pub(super) fn demo(arguments: &Arguments) -> Result<Outcome> {
    let demo = Demo::prepare(arguments.listen).context("cannot prepare the demo")?;
    let compiled = match demo.compile() {
        Ok(compiled) => compiled,
        Err(diagnostics) => {
            for diagnostic in diagnostics {
                complain(&diagnostic.to_string());
            }
            return Ok(Outcome::Unusable);
        }
    };
    let program = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("sidegate"));
    serve(compiled, None, |app| {
        if let Some(address) = app.addresses.iter().find_map(BoundAddress::ip) {
            report(&demo.instructions(address, &app.admin, &program));
        }
    })
}
