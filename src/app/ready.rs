//! Whether the gateway can do all of its work, and if not, why; and what it has counted.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{admin::Report, pipeline::Live};

/// Asks the parts when somebody asks it.
#[derive(Debug)]
pub(super) struct Ready {
    live: Arc<Live>,
    draining: CancellationToken,
}

impl Ready {
    pub(super) fn new(live: Arc<Live>, draining: CancellationToken) -> Self {
        Self { live, draining }
    }
}

impl Report for Ready {
    async fn reasons(&self) -> Vec<String> {
        let mut reasons = Vec::new();
        if self.draining.is_cancelled() {
            reasons.push("the gateway is shutting down".to_owned());
        }
        if let Some(accounts) = &self.live.accounts
            && let Err(error) = accounts.store.inspect().await
        {
            reasons.push(error.to_string());
        }
        reasons.extend(super::key_feeds::reasons(&self.live));
        let upstreams = self.live.upstreams.iter();
        for upstream in upstreams.filter(|upstream| upstream.is_down()) {
            let name = &upstream.settings().name;
            reasons.push(format!("every endpoint of the upstream {name} is down"));
        }
        reasons
    }

    fn metrics(&self) -> String {
        self.live.counters.text()
    }
}
