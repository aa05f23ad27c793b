//! A gateway in this process, whose denylist a test can write to as whatever watches a table does.

use std::{net::SocketAddr, num::NonZeroU32, path::Path, sync::Arc, time::Duration};

use sidegate::{
    app::{App, control_runtime},
    clock::Clock,
    config::{
        compiled::Revocation,
        load::load,
        source::{Disk, Environment},
    },
    listener::BoundAddress,
    membership,
    ratelimit::Quota,
    revocation::{Block, Denylist, Subjects},
};

use crate::harness::{Client, Request, Response, Setup};

/// How long what was heard of a table is good for.
pub(super) const LIMIT: Duration = Duration::from_secs(1);

/// It serves until it is dropped.
pub(super) struct Inside {
    app: Option<App>,
    setup: Setup,
    pub(super) denylist: Arc<Denylist>,
}

struct Variables<'a>(&'a Setup);

impl Environment for Variables<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let mut variables = self.0.variables().iter();
        variables
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    }
}

impl Inside {
    /// Tokens can be revoked, and no table is watched.
    pub(super) fn start(setup: Setup) -> Self {
        Self::with_look_ups(setup, 1_000)
    }

    /// While the watch is behind there may be so many look-ups in an hour.
    pub(super) fn with_look_ups(setup: Setup, most: u32) -> Self {
        let path = setup.write();
        let variables = Variables(&setup);
        let loaded = load(&path, &Disk, &variables).expect("a file");
        let mut compiled = loaded.compiled.expect("a good configuration");
        compiled.revocation = Some(Revocation {
            ask: Some(look_ups(most)),
            subjects: Subjects::Ids,
            logins: None,
        });
        let control = control_runtime().expect("a runtime");
        let app = App::start(compiled, None, control).expect("a gateway");
        Self {
            denylist: Arc::clone(&app.denylist),
            app: Some(app),
            setup,
        }
    }

    pub(super) fn users(&self) -> &crate::harness::users::Users {
        self.setup.users()
    }

    pub(super) fn users_file(&self) -> &Path {
        self.setup.users().path()
    }

    pub(super) fn address(&self) -> SocketAddr {
        let app = self.app.as_ref().expect("it serves");
        match app.addresses.first() {
            Some(BoundAddress::Ip(address)) => *address,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn client(&self) -> Client {
        Client::to(self.address())
    }

    pub(super) fn send(&self, request: &Request) -> Response {
        self.client().send(request)
    }

    /// A guarded request with this token.
    pub(super) fn get(&self, path: &str, token: &str) -> Response {
        self.send(&Request::get(path).token(token))
    }

    pub(super) fn ban(&self, member: &str) {
        let state = sidegate::member::StateName::new("banned");
        self.denylist.block(member, Block::State(state));
    }

    /// A table is watched and was heard just now.
    pub(super) fn hear(&self) {
        self.denylist.freshness().watch(LIMIT);
        self.denylist.freshness().heard(Clock.instant());
    }

    /// A table is watched, and nobody knows what it says now.
    pub(super) fn fall_behind(&self) {
        self.denylist.freshness().watch(LIMIT);
        self.denylist.freshness().lost();
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        if let Some(app) = self.app.take() {
            app.drain(|| true);
        }
    }
}

fn look_ups(most: u32) -> membership::Settings {
    let most = NonZeroU32::new(most).expect("one at least");
    let hour = Duration::from_secs(3_600);
    membership::Settings {
        key: membership::Key::Id,
        columns: Vec::new(),
        lifetime: Duration::ZERO,
        size: 0,
        look_ups: 2,
        deadline: Duration::from_secs(5),
        rate: Some(Quota::new(most, hour, most).expect("a quota")),
    }
}
