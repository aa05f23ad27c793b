//! How a login speaks.

use std::collections::HashMap;

use super::{
    Compiler,
    request::{Further, Roles},
};
use crate::{
    accounts::{
        LOGIN_VALUES,
        dialect::{LoginDialect, StateCheck},
    },
    config::{document::dialect as written, reading::places::key_step},
    member::StateName,
};

/// What else the form of OAuth 2.0 has (RFC 6749 section 4.3.2), and what FastAPI's adds.
const ROLES: Roles<'_> = Roles {
    needed: &["login", "password"],
    known: &["grant_type", "scope", "client_id", "client_secret"],
    further: Further::Refused,
};

impl Compiler<'_, '_> {
    pub(super) fn login(&mut self, login: &written::Login) -> Option<LoginDialect> {
        let request = self.request(&login.request, "login.request", &ROLES);
        let granted = self.template(&login.granted, "login.granted", &LOGIN_VALUES);
        let refused = self.fixed(&login.refused, "login.refused", "refused");
        let mut states = HashMap::new();
        for (name, answer) in &login.states {
            let path = format!("login.states{}", key_step(name));
            if let Some(answer) = self.fixed(answer, &path, "blocked") {
                states.insert(StateName::new(name), answer);
            }
        }
        Some(LoginDialect {
            request: request?,
            state_check: match login.states_reported {
                written::StatesReported::BeforePassword => StateCheck::BeforePassword,
                written::StatesReported::AfterPassword => StateCheck::AfterPassword,
            },
            granted: granted?,
            refused: refused?,
            states,
        })
    }
}
