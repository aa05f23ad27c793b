//! A configuration in a folder of its own, and the binary run with it.

use std::{
    fmt::Write as _,
    fs,
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use indexmap::IndexMap;
use tempfile::TempDir;

use super::{
    Gateway, Upstream,
    token::{ACCESS_SECRET, REFRESH_SECRET},
    users::Users,
};

const USERS: &str = "
database: ${DATABASE_URL}
table: user
columns: { id: id, login: email, password: hashed_password }
states:
  banned: { is_restricted: true }
  withdrawn: { is_active: false }
show:
  id: integer
  email: text
  name: text
  user_type: text
  is_active: boolean
  point: integer
  created_time: datetime
  quit_at: date";

const TOKENS: &str = r#"
access: { algorithm: HS256, secret: "${SECRET_KEY}", lifetime: 30d, claims: { sub: "{user.id}" } }
refresh: { algorithm: HS256, secret: "${REFRESH_TOKEN_SECRET_KEY}", lifetime: 60d, claims: { sub: "{user.id}" } }"#;

const ACCOUNTS: &str = "
- { action: login, match: POST /login/access-token, dialect: pampam }
- { action: login, match: POST /auth/token/pair, dialect: pair }
- { action: refresh, match: POST /auth/token/refresh, dialect: pair }
- { action: verify, match: POST /auth/token/verify, dialect: pair }";

/// What holds for logins, far from any test that does not ask for it.
const RATE_LIMITS: &str = "
login_clients: { by: client, rate: 1000000/1m }
login_accounts: { by: account, rate: 1000000/1m }";

const ROUTES: &str = r#"
- { match: "/public/**", access: public }
- { match: "/optional/**", access: optional }
- { match: "/users/{user_id}/**", access: required, require: { subject_is: user_id } }
- { match: "/**", access: required }"#;

/// A configuration that is being written.
pub(crate) struct Setup {
    folder: TempDir,
    sections: IndexMap<String, String>,
    environment: Vec<(String, String)>,
    users: Users,
    launcher: Option<Launcher>,
}

/// What runs before the gateway in its process.
#[derive(Debug)]
struct Launcher {
    /// A shell's commands; the gateway replaces the shell.
    commands: String,
    /// The shell's standard input.
    input: Option<OwnedFd>,
}

impl Setup {
    /// One upstream, two secrets, users in SQLite, FastAPI's refusals, one core.
    pub(crate) fn before(upstream: &Upstream) -> Self {
        Self::before_url(&upstream.url())
    }

    pub(crate) fn before_url(upstream: &str) -> Self {
        let endpoints = format!("{{ api: {{ endpoints: [\"{upstream}\"] }} }}");
        Self::empty()
            .section("cores", "1")
            .section("listeners", "[{ address: 127.0.0.1:0 }]")
            .section("admin", "{ address: 127.0.0.1:0 }")
            .section("logs", "{ format: json }")
            .section("upstreams", &endpoints)
            .section("users", USERS)
            .section("tokens", TOKENS)
            .section("refusals", "fastapi")
            .section("rate_limits", RATE_LIMITS)
            .section("accounts", ACCOUNTS)
            .section("routes", ROUTES)
    }

    /// These endpoints of one upstream, with further keys of it.
    pub(crate) fn before_all(upstreams: &[&Upstream], keys: &str) -> Self {
        let urls: Vec<String> = upstreams.iter().map(|upstream| upstream.url()).collect();
        let section = format!("{{ api: {{ endpoints: {urls:?}, {keys} }} }}");
        Self::before_url("http://127.0.0.1").section("upstreams", &section)
    }

    /// No section at all; the environment and the users are there.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let users = Users::create(&folder.path().join("users.db"));
        let database = format!("sqlite:{}", users.path().display());
        let runtime = folder.path().display().to_string();
        Self {
            folder,
            sections: IndexMap::new(),
            environment: Vec::new(),
            users,
            launcher: None,
        }
        .variable("SECRET_KEY", ACCESS_SECRET)
        .variable("REFRESH_TOKEN_SECRET_KEY", REFRESH_SECRET)
        .variable("DATABASE_URL", &database)
        .variable("RUNTIME_DIRECTORY", &runtime)
    }

    /// Sets or replaces a section. Several lines, or a list, stand below its name.
    pub(crate) fn section(mut self, name: &str, yaml: &str) -> Self {
        self.sections.insert(name.to_owned(), yaml.to_owned());
        self
    }

    /// With a user table that may be written, for these actions.
    pub(crate) fn writing(self, actions: &str) -> Self {
        let users = format!("{USERS}\nwrite: {{ actions: {actions} }}");
        self.section("users", &users)
    }

    /// Adds lines to a section.
    pub(crate) fn extended(mut self, name: &str, yaml: &str) -> Self {
        self.sections
            .entry(name.to_owned())
            .or_default()
            .push_str(yaml);
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.sections.shift_remove(name);
        self
    }

    pub(crate) fn routes(self, yaml: &str) -> Self {
        self.section("routes", yaml)
    }

    pub(crate) fn variable(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What the binary finds in its environment.
    pub(crate) fn variables(&self) -> &[(String, String)] {
        &self.environment
    }

    /// With at most this many open files.
    pub(crate) fn open_files(mut self, most: u32) -> Self {
        self.launcher = Some(Launcher {
            commands: format!("ulimit -n {most}"),
            input: None,
        });
        self
    }

    /// With a socket that listens already, as a service manager hands it over.
    pub(crate) fn socket(mut self, name: &str, socket: OwnedFd) -> Self {
        let variables = format!("LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={name}");
        self.launcher = Some(Launcher {
            commands: format!("exec 3<&0 </dev/null; export {variables}"),
            input: Some(socket),
        });
        self
    }

    /// Another file beside the configuration.
    pub(crate) fn file(self, name: &str, text: &str) -> Self {
        fs::write(self.folder.path().join(name), text).expect("a file");
        self
    }

    pub(crate) fn users(&self) -> &Users {
        &self.users
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn yaml(&self) -> String {
        let mut yaml = String::new();
        for (name, value) in &self.sections {
            if value.contains('\n') || value.starts_with('-') {
                let value = value.trim_matches('\n').replace('\n', "\n  ");
                writeln!(yaml, "{name}:\n  {value}").expect("a text grows");
            } else {
                writeln!(yaml, "{name}: {value}").expect("a text grows");
            }
        }
        yaml
    }

    /// Writes the configuration and says where it is.
    pub(crate) fn write(&self) -> PathBuf {
        let path = self.folder.path().join("gateway.yaml");
        fs::write(&path, self.yaml()).expect("a configuration");
        path
    }

    /// The binary with this environment and nothing else of the surroundings.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let binary = env!("CARGO_BIN_EXE_sidegate");
        let mut command = match &self.launcher {
            None => {
                let mut command = Command::new(binary);
                command.stdin(Stdio::null());
                command
            }
            Some(launcher) => launcher.command(binary),
        };
        command
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear();
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts it and waits until it listens.
    pub(crate) fn start(self) -> Gateway {
        Gateway::start(self)
    }
}

impl Launcher {
    fn command(&self, binary: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.stdin(Stdio::null());
        let script = format!("{}; exec \"$0\" \"$@\"", self.commands);
        command.args(["-c", &script, binary]);
        if let Some(input) = &self.input {
            command.stdin(input.try_clone().expect("a descriptor"));
        }
        command
    }
}
