//! The built binary as a process: its addresses, its output, its end.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    net::SocketAddr,
    process::{Child, Stdio},
    sync::Arc,
};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::{
    Client, Request, Response, Setup, Upstream,
    client::Connection,
    watch::{Watch, wait_until},
};

/// A running gateway; killed when it is dropped.
pub(crate) struct Gateway {
    child: Child,
    stdout: Watch<Output>,
    stderr: Watch<Output>,
    /// Where clients connect.
    pub(crate) address: SocketAddr,
    /// Where operators connect; unspecified where that is a file.
    pub(crate) admin: SocketAddr,
    setup: Arc<Setup>,
}

/// What a stream has said so far.
#[derive(Default)]
struct Output {
    lines: Vec<String>,
    ended: bool,
}

impl Gateway {
    /// The usual configuration, to be changed and started.
    pub(crate) fn before(upstream: &Upstream) -> Setup {
        Setup::before(upstream)
    }

    pub(super) fn start(setup: Setup) -> Self {
        setup.write();
        Self::run(Arc::new(setup))
    }

    /// Another process with the same configuration.
    pub(crate) fn follow(&self) -> Self {
        Self::run(Arc::clone(&self.setup))
    }

    fn run(setup: Arc<Setup>) -> Self {
        let config = setup.folder().join("gateway.yaml");
        let mut command = setup.command(&["run", "--config"]);
        command.arg(config);
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary");
        let stdout = collect(child.stdout.take().expect("a pipe"));
        let stderr = collect(child.stderr.take().expect("a pipe"));
        let addresses = stderr.find(|output| {
            let public = address(output, "listening");
            let admin = address(output, "admin listening").or(on_a_file(output));
            let found = public.zip(admin);
            (found.is_some() || output.ended).then_some(found)
        });
        let Some((address, admin)) = addresses.flatten() else {
            drop(child.kill());
            panic!("the gateway did not start:\n{}", text(&stderr));
        };
        Self {
            child,
            stdout,
            stderr,
            address,
            admin,
            setup,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::to(self.address)
    }

    /// One request on a connection of its own.
    pub(crate) fn send(&self, request: &Request) -> Response {
        self.client().send(request)
    }

    pub(crate) fn get(&self, path: &str) -> Response {
        self.send(&Request::get(path))
    }

    /// A question to the operators' listener, by somebody who has the token.
    pub(crate) fn ask(&self, path: &str) -> Response {
        self.operate(Request::get(path))
    }

    /// The same with another request.
    pub(crate) fn operate(&self, request: Request) -> Response {
        let request = request.token(&self.admin_token());
        self.ask_as_anybody(request)
    }

    /// The same by somebody who has none.
    pub(crate) fn ask_as_anybody(&self, request: Request) -> Response {
        let request = request.host(&self.admin.to_string());
        Client::to(self.admin).send(&request)
    }

    /// A connection to the operators' listener.
    pub(crate) fn client_of_operators(&self) -> Connection {
        Client::to(self.admin).connect()
    }

    /// What it has left for operators.
    pub(crate) fn admin_token(&self) -> String {
        let name = format!("admin-{}.token", self.admin.port());
        let token = fs::read_to_string(self.setup.folder().join(name)).expect("a token");
        token.trim_end().to_owned()
    }

    /// The configuration that it runs with, and its users.
    pub(crate) fn setup(&self) -> &Setup {
        &self.setup
    }

    /// Waits for the access line of a request with this path.
    #[track_caller]
    pub(crate) fn access_line(&self, path: &str) -> Value {
        let line = self.stdout.find(|output| {
            let mut lines = output.lines.iter().map(|line| json(line));
            lines.find(|line| line["path"] == path)
        });
        line.unwrap_or_else(|| panic!("no access line for {path} in:\n{}", text(&self.stdout)))
    }

    /// The access line with this path, and what it says came of the request.
    #[track_caller]
    pub(crate) fn outcome(&self, path: &str) -> String {
        let line = self.access_line(path);
        line["outcome"].as_str().expect("an outcome").to_owned()
    }

    /// Waits until there are this many access lines, and gives all there are.
    #[track_caller]
    pub(crate) fn access_lines(&self, count: usize) -> Vec<Value> {
        self.stdout
            .wait_for("access lines", |output| output.lines.len() >= count);
        self.stdout
            .read(|output| output.lines.iter().map(|line| json(line)).collect())
    }

    /// Waits for a line on standard error.
    #[track_caller]
    pub(crate) fn log_line(&self, part: &str) -> String {
        let line = self.stderr.find(|output| {
            output
                .lines
                .iter()
                .find(|line| line.contains(part))
                .cloned()
        });
        line.unwrap_or_else(|| panic!("no {part:?} in:\n{}", text(&self.stderr)))
    }

    /// Everything it has said on both streams so far.
    pub(crate) fn said(&self) -> String {
        format!("{}\n{}", text(&self.stdout), text(&self.stderr))
    }

    pub(crate) fn sigterm(&self) {
        self.signal(Signal::TERM);
    }

    pub(crate) fn sigkill(&mut self) {
        self.signal(Signal::KILL);
        self.child.wait().expect("a status");
    }

    pub(crate) fn sighup(&self) {
        self.signal(Signal::HUP);
    }

    /// Stops the process, does something meanwhile, and lets it go on: to it all of that happens at once.
    pub(crate) fn paused(&self, meanwhile: impl FnOnce()) {
        self.signal(Signal::STOP);
        wait_until("the process to stop", || {
            self.status("State:").starts_with('T')
        });
        meanwhile();
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a signal");
    }

    /// Waits for its end; `None` when a signal ended it.
    #[track_caller]
    pub(crate) fn exit_code(&mut self) -> Option<i32> {
        self.stdout
            .wait_for("the end of standard output", |output| output.ended);
        self.stderr
            .wait_for("the end of standard error", |output| output.ended);
        self.child.wait().expect("a status").code()
    }

    /// A line of `/proc/PID/status` in KiB, such as `VmRSS`.
    pub(crate) fn memory_kib(&self, name: &str) -> u64 {
        self.status(name).parse().expect("a number")
    }

    /// The first word of a line of `/proc/PID/status`.
    fn status(&self, name: &str) -> String {
        let path = format!("/proc/{}/status", self.child.id());
        let status = fs::read_to_string(path).expect("a status");
        let mut lines = status.lines().filter(|line| line.starts_with(name));
        let line = lines.next().expect("a line");
        let word = line.split_ascii_whitespace().nth(1);
        word.expect("a word").to_owned()
    }

    pub(crate) fn open_files(&self) -> usize {
        let folder = fs::read_dir(format!("/proc/{}/fd", self.child.id()));
        folder.expect("a folder").count()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn collect(stream: impl Read + Send + 'static) -> Watch<Output> {
    let watch = Watch::new(Output::default());
    let output = watch.clone();
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            output.change(|output| output.lines.push(line));
        }
        output.change(|output| output.ended = true);
    });
    watch
}

fn address(output: &Output, message: &str) -> Option<SocketAddr> {
    let mut lines = output.lines.iter().map(|line| json(line));
    let line = lines.find(|line| line["message"] == message)?;
    line["address"].as_str()?.parse().ok()
}

fn on_a_file(output: &Output) -> Option<SocketAddr> {
    let mut lines = output.lines.iter().map(|line| json(line));
    let line = lines.find(|line| line["message"] == "admin listening")?;
    let is_file = line["address"].as_str()?.starts_with("unix:");
    is_file.then_some(SocketAddr::from(([0, 0, 0, 0], 0)))
}

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_default()
}

fn text(output: &Watch<Output>) -> String {
    output.read(|output| output.lines.join("\n"))
}
