//! A Redis server of a test's own, at a port that stays when it is killed and comes back.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    process::{Child, Command, Stdio},
};

use tempfile::TempDir;

use super::certificates::Issued;

/// Ends with the test.
pub(crate) struct Redis {
    server: Option<Child>,
    folder: TempDir,
    port: u16,
    tls: bool,
}

impl Redis {
    pub(crate) fn start() -> Self {
        Self::starting(tempfile::tempdir().expect("a folder"), false)
    }

    /// One that speaks TLS alone, with this certificate.
    pub(crate) fn with_tls(issued: &Issued) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, pem) in [("tls.crt", &issued.certificate), ("tls.key", &issued.key)] {
            fs::write(folder.path().join(name), pem).expect("a file");
        }
        Self::starting(folder, true)
    }

    fn starting(folder: TempDir, tls: bool) -> Self {
        // Somebody else may take the port before the server does.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").expect("a port");
            let port = free.local_addr().expect("an address").port();
            drop(free);
            if let Some(server) = serve(port, &folder, tls) {
                let server = Some(server);
                return Self {
                    server,
                    folder,
                    port,
                    tls,
                };
            }
        }
        panic!("redis-server does not start: is it installed?");
    }

    pub(crate) fn url(&self) -> String {
        if self.tls {
            // What its certificate is for.
            return format!("rediss://localhost:{}", self.port);
        }
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub(crate) fn kill(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.kill().expect("a signal");
            server.wait().expect("an end");
        }
    }

    /// With nothing of what it knew.
    pub(crate) fn come_back(&mut self) {
        self.server = Some(serve(self.port, &self.folder, self.tls).expect("redis-server"));
    }

    /// Keeps its connections and answers nobody while `meanwhile` runs.
    pub(crate) fn paused(&self, meanwhile: impl FnOnce()) {
        let server = self.server.as_ref().expect("a server");
        let pid = rustix::process::Pid::from_child(server);
        let signal = |signal| rustix::process::kill_process(pid, signal).expect("a signal");
        signal(rustix::process::Signal::STOP);
        meanwhile();
        signal(rustix::process::Signal::CONT);
    }

    /// All that it keeps, as it says it itself.
    pub(crate) fn dump(&self) -> String {
        let tls: &[&str] = if self.tls {
            &["--tls", "--insecure"]
        } else {
            &[]
        };
        let said = Command::new("redis-cli")
            .args(tls)
            .args(["-p", &self.port.to_string(), "--raw", "KEYS", "*"])
            .output()
            .expect("redis-cli");
        String::from_utf8(said.stdout).expect("text")
    }
}

/// `None` where the port is somebody else's.
fn serve(port: u16, folder: &TempDir, tls: bool) -> Option<Child> {
    let port = port.to_string();
    let listens = if tls {
        vec![
            "--port",
            "0",
            "--tls-port",
            &port,
            "--tls-auth-clients",
            "no",
        ]
    } else {
        vec!["--port", &port]
    };
    let mut command = Command::new("redis-server");
    if tls {
        command
            .arg("--tls-cert-file")
            .arg(folder.path().join("tls.crt"));
        command
            .arg("--tls-key-file")
            .arg(folder.path().join("tls.key"));
    }
    let mut server = command
        .args(listens)
        .args(["--bind", "127.0.0.1"])
        .args(["--save", "", "--appendonly", "no", "--dir"])
        .arg(folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("redis-server");
    let mut lines = BufReader::new(server.stdout.take().expect("what it says")).lines();
    let ready = lines
        .by_ref()
        .map_while(Result::ok)
        .any(|line| line.contains("eady to accept connections"));
    // What it says later is of no interest, and must not make it wait.
    std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
    if ready {
        return Some(server);
    }
    server.wait().expect("an end");
    None
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.kill();
    }
}
