//! Whether the gateway can do all of its work, and if not, why; and what it has counted.

use std::sync::Arc;

use ::http::StatusCode;
use serde_json::{Value, json};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    answers, key_feeds,
    own_tables::OwnTables,
    reload::{self, Reload, Trigger},
    watching::Watching,
};
use crate::{
    accounts::OperatorError,
    admin::Report,
    pipeline::{Decisions, Live, Snapshots},
    store::Store,
};

/// Asks the parts when somebody asks it.
pub(super) struct Ready {
    snapshots: Arc<Snapshots>,
    decisions: Arc<Decisions>,
    reload: Arc<Reload>,
    own_tables: Arc<OwnTables>,
    watching: Arc<Watching>,
    draining: CancellationToken,
    tasks: TaskTracker,
}

/// What requests are decided by and what became of them; what is in effect beside that.
type Asked = (
    (Arc<Snapshots>, Arc<Decisions>),
    (Arc<Reload>, Arc<OwnTables>, Arc<Watching>),
);

impl Ready {
    pub(super) fn new(
        ((snapshots, decisions), (reload, own_tables, watching)): Asked,
        (draining, tasks): (&CancellationToken, &TaskTracker),
    ) -> Self {
        Self {
            snapshots,
            decisions,
            reload,
            own_tables,
            watching,
            draining: draining.clone(),
            tasks: tasks.clone(),
        }
    }
}

impl Report for Ready {
    async fn reasons(&self) -> Vec<String> {
        let live = self.snapshots.current();
        let mut reasons = Vec::new();
        if self.draining.is_cancelled() {
            reasons.push("the gateway is shutting down".to_owned());
        }
        if let Some(store) = store(&live)
            && let Err(error) = store.inspect().await
        {
            reasons.push(error.to_string());
        }
        reasons.extend(self.own_tables.reason().await);
        reasons.extend(key_feeds::reasons(&live));
        reasons.extend(self.watching.reasons());
        let upstreams = live.upstreams.iter();
        for upstream in upstreams.filter(|upstream| upstream.is_down()) {
            let name = &upstream.settings().name;
            reasons.push(format!("every endpoint of the upstream {name} is down"));
        }
        reasons
    }

    fn configuration(&self) -> Value {
        json!(self.reload.shown())
    }

    fn metrics(&self) -> String {
        self.snapshots.current().counters.text()
    }

    fn decision(&self, id: &str) -> Option<Value> {
        answers::decision(id, &self.decisions, &self.snapshots.current())
    }

    async fn explain(&self, question: &[u8]) -> (StatusCode, Value) {
        let live = self.snapshots.current();
        answers::question(question, &live, &self.tasks).await
    }

    async fn sessions(&self, user: &str) -> (StatusCode, Value) {
        let live = self.snapshots.current();
        match &live.accounts {
            Some(accounts) => told(accounts.sessions_of(user).await),
            None => told(Err(OperatorError::NotKept)),
        }
    }

    async fn end_sessions(&self, user: &str) -> (StatusCode, Value) {
        let live = self.snapshots.current();
        let ended = match &live.accounts {
            Some(accounts) => accounts.end_sessions_of(user).await,
            None => Err(OperatorError::NoTables),
        };
        told(ended.map(|ended| json!({ "ended": ended })))
    }

    async fn reload(&self) -> (StatusCode, Value) {
        reload::ask(&self.reload, Trigger::Operator).await
    }
}

/// What an operator is told of a user's sessions.
fn told(answer: Result<Value, OperatorError>) -> (StatusCode, Value) {
    let error = match answer {
        Ok(value) => return (StatusCode::OK, value),
        Err(error) => error,
    };
    let status = match &error {
        OperatorError::UnknownUser => StatusCode::NOT_FOUND,
        OperatorError::NoTables | OperatorError::NotKept => StatusCode::CONFLICT,
        OperatorError::Failed(error) => error.outcome().status,
    };
    (status, Value::from(error.to_string()))
}

/// The user database, if anything asks it.
pub(super) fn store(live: &Live) -> Option<&Arc<Store>> {
    let accounts = live.accounts.as_ref().map(|accounts| &accounts.store);
    accounts.or_else(|| Some(live.membership.as_ref()?.store()))
}
