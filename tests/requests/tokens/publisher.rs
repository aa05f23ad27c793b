//! An issuer that publishes its keys.

use std::sync::{Arc, Mutex};

use super::IDP;
use crate::harness::{
    After, Upstream,
    keys::{SigningKey, key_set},
};

/// An issuer that answers what it is told to.
pub(in crate::requests) struct Publisher {
    pub(in crate::requests) server: Upstream,
    answer: Arc<Mutex<(u16, String)>>,
}

impl Publisher {
    pub(in crate::requests) fn of(keys: &[&SigningKey]) -> Self {
        let answer = Arc::new(Mutex::new((200, key_set(keys))));
        let said = Arc::clone(&answer);
        let server = Upstream::answering(move |_, wire| {
            let (status, body) = said.lock().expect("no panic").clone();
            wire.respond(status, &["Location: /elsewhere"], body.as_bytes());
            After::Close
        });
        Self { server, answer }
    }

    /// One of a server that answers in its own way.
    pub(in crate::requests) fn at(server: Upstream) -> Self {
        let answer = Arc::default();
        Self { server, answer }
    }

    pub(in crate::requests) fn say(&self, status: u16, body: &str) {
        *self.answer.lock().expect("no panic") = (status, body.to_owned());
    }

    pub(in crate::requests) fn issuer(&self, more: &str) -> String {
        let url = self.server.url();
        format!(
            "- {{ issuer: {IDP}, audience: [sidegate], jwks: {{ url: \"{url}/keys?a=b\", clear_text: acknowledged, algorithms: [ES256, EdDSA]{more} }} }}"
        )
    }

    pub(in crate::requests) fn asked(&self) -> usize {
        self.server.seen().len()
    }
}
