//! A server of a test's own.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use super::{Settings, Valkey};
use crate::{clock::Clock, secret::Secret};

/// Ends with the test. It listens at a socket in a folder of its own.
pub(crate) struct Bench {
    server: Child,
    folder: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut server = Command::new("redis-server")
            .args([
                "--port",
                "0",
                "--save",
                "",
                "--appendonly",
                "no",
                "--unixsocket",
            ])
            .arg(folder.path().join("redis.sock"))
            .arg("--dir")
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("redis-server");
        let lines = BufReader::new(server.stdout.take().expect("what it says")).lines();
        let ready = lines
            .map_while(Result::ok)
            .find(|line| line.contains("eady to accept connections"));
        assert!(ready.is_some(), "redis-server has ended");
        Self { server, folder }
    }

    pub(crate) fn server(&self) -> Valkey {
        let path = self.folder.path().join("redis.sock");
        let settings = Settings {
            url: Secret::new(format!("redis+unix://{}", path.display())),
            authorities: None,
            deadline: Duration::from_secs(5),
            prefix: "test".to_owned(),
        };
        Valkey::open(settings, Clock).expect("a server")
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}
