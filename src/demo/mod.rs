//! Everything in one process: an embedded user table with three users, a stand-in monolith, secrets made at start.
//!
//! It shows the main job and nothing else: no file is written, nothing outlives the process, and only loopback is
//! listened on. The configuration goes the same way as an operator's.

mod monolith;
mod users;

use std::{io, net::SocketAddr, path::Path, sync::Arc};

use crate::{
    config::{
        compiled::Compiled,
        diagnostic::Diagnostic,
        load::load_source,
        source::{Disk, Environment, Source},
    },
    entropy::{Entropy, hex_pair},
    listener::BoundAddress,
};
use monolith::Monolith;
use users::Users;

/// A prepared demo: while it lives, the monolith answers and the users exist.
#[derive(Debug)]
pub struct Demo {
    listen: SocketAddr,
    secret: String,
    refresh_secret: String,
    admin_token: String,
    users: Arc<Users>,
    monolith: Monolith,
}

/// The demo could not be prepared.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The stand-in monolith could not be started.
    #[error("cannot start the stand-in monolith")]
    Monolith(#[source] io::Error),
    /// The user table could not be made.
    #[error("cannot make the user table")]
    Users(#[from] users::UsersError),
}

impl Demo {
    /// Makes secrets and users and starts the stand-in monolith.
    pub fn prepare(listen: SocketAddr) -> Result<Self, DemoError> {
        let mut entropy = Entropy::from_os();
        let users = Arc::new(Users::create(&mut entropy)?);
        let monolith = Monolith::start(Arc::clone(&users)).map_err(DemoError::Monolith)?;
        Ok(Self {
            listen,
            secret: secret(&mut entropy),
            refresh_secret: secret(&mut entropy),
            admin_token: secret(&mut entropy),
            users,
            monolith,
        })
    }

    /// Compiles the demo's configuration; a diagnostic here is a fault of the program.
    pub fn compile(&self) -> Result<Compiled, Vec<Diagnostic>> {
        let source = Source::new("demo.yaml", include_str!("demo.yaml"));
        let loaded = load_source(&source, Path::new("."), &Disk, self);
        loaded.compiled.ok_or(loaded.diagnostics)
    }

    /// What to try, once the gateway listens. `program` is this one.
    pub fn instructions(
        &self,
        gateway: SocketAddr,
        admin: &BoundAddress,
        program: &Path,
    ) -> String {
        let text = include_str!("instructions.txt");
        text.replace("{gateway}", &gateway.to_string())
            .replace("{sidegate}", &program.to_string_lossy())
            .replace("{admin}", &admin.to_string())
            .replace("{admin_token}", &self.admin_token)
            .replace("{monolith}", &self.monolith.address().to_string())
            .replace("{password}", users::PASSWORD)
    }
}

impl Environment for Demo {
    fn get(&self, name: &str) -> Option<String> {
        match name {
            "LISTEN" => Some(self.listen.to_string()),
            "SECRET_KEY" => Some(self.secret.clone()),
            "REFRESH_TOKEN_SECRET_KEY" => Some(self.refresh_secret.clone()),
            "ADMIN_TOKEN" => Some(self.admin_token.clone()),
            "DATABASE_URL" => Some(self.users.url().to_owned()),
            "MONOLITH" => Some(format!("http://{}", self.monolith.address())),
            _ => None,
        }
    }
}

/// 32 random bytes in hexadecimal digits.
fn secret(entropy: &mut Entropy) -> String {
    let digits = entropy.bytes::<32>().into_iter().flat_map(hex_pair);
    digits.map(char::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_demo_configuration_is_good() {
        let demo = Demo::prepare("127.0.0.1:0".parse().expect("an address")).expect("a demo");
        let diagnostics = demo.compile().err().unwrap_or_default();
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
    }
}
