//! Files of `tests/fixtures/config`: a configuration, a line `---8<---`, and what `sidegate check` prints about it.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
    sync::OnceLock,
};

use serde_json::Value;

use crate::harness::{Setup, blesses, certificates::Authority, token};

const CUT: &str = "---8<---\n";

/// Where a fixture's secrets come from. They appear in no output.
const WEAK_SECRET: &str = "only-twenty-bytes-00";

pub(super) struct Fixture {
    pub(super) name: String,
    /// The configuration.
    pub(super) input: String,
    pub(super) expected: String,
    setup: Setup,
    path: PathBuf,
}

impl Fixture {
    /// Every fixture of a folder, by name.
    pub(super) fn all(folder: &str) -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/fixtures/config")
            .join(folder);
        let entries = fs::read_dir(folder).expect("a folder of fixtures");
        let mut paths: Vec<_> = entries
            .map(|entry| entry.expect("an entry").path())
            .collect();
        paths.sort();
        assert!(paths.len() > 4, "too few fixtures: {paths:?}");
        paths.iter().map(|path| Self::load(path)).collect()
    }

    fn load(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a fixture");
        let (input, expected) = text.split_once(CUT).expect("a line ---8<---");
        let setup = Setup::empty()
            .variable("WEAK_SECRET", WEAK_SECRET)
            .variable("EMPTY_SECRET", "")
            .file("gateway.yaml", input);
        let setup = certificates()
            .iter()
            .fold(setup, |setup, (name, pem)| setup.file(name, pem));
        let name = path.file_stem().and_then(|stem| stem.to_str());
        Self {
            name: name.expect("a name").to_owned(),
            input: input.to_owned(),
            expected: expected.to_owned(),
            setup,
            path: path.to_owned(),
        }
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Output {
        self.setup.command(arguments).output().expect("the binary")
    }

    /// How `check` differs from what is expected; empty if it does not.
    pub(super) fn difference(&self, exit: i32) -> String {
        let output = self.run(&["check"]);
        let printed = String::from_utf8_lossy(&output.stdout);
        let good = printed == self.expected
            && output.status.code() == Some(exit)
            && output.stderr.is_empty();
        if good {
            return String::new();
        }
        if blesses() && output.status.code() == Some(exit) && output.stderr.is_empty() {
            let text = format!("{}{CUT}{printed}", self.input);
            fs::write(&self.path, text).expect("a fixture that can be written");
            return String::new();
        }
        let (name, complaint) = (&self.name, String::from_utf8_lossy(&output.stderr));
        format!("{name}: {}, printed:\n{printed}{complaint}", output.status)
    }

    /// What `check --format json` prints.
    pub(super) fn json(&self) -> Value {
        let output = self.run(&["check", "--format", "json"]);
        let name = &self.name;
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// A secret that some command printed about it.
    pub(super) fn leak(&self) -> Option<String> {
        let secrets = [
            "hunter2",
            WEAK_SECRET,
            token::ACCESS_SECRET,
            token::REFRESH_SECRET,
        ];
        let commands: [&[&str]; 4] = [
            &["check"],
            &["check", "--format", "json"],
            &["explain", "GET", "/"],
            &["token", "mint", "--user", "1"],
        ];
        commands.into_iter().find_map(|arguments| {
            let output = self.run(arguments);
            let printed = [output.stdout, output.stderr].concat();
            let printed = String::from_utf8_lossy(&printed).into_owned();
            let secret = secrets
                .into_iter()
                .find(|secret| printed.contains(secret))?;
            Some(format!(
                "{}: {arguments:?} prints {secret}:\n{printed}",
                self.name
            ))
        })
    }
}

/// Files that stand beside every fixture.
fn certificates() -> &'static [(&'static str, String)] {
    static FILES: OnceLock<Vec<(&'static str, String)>> = OnceLock::new();
    FILES.get_or_init(|| {
        let authority = Authority::new();
        let [own, other] = [&["gateway.test"], &["b.test"]].map(|names| authority.issue(names));
        let expired = authority.issue_expired("old.test");
        let encrypted = own.key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        vec![
            ("ca.pem", authority.pem),
            ("own.pem", own.certificate),
            ("own.key", own.key),
            ("other.pem", other.certificate),
            ("other.key", other.key),
            ("expired.pem", expired.certificate),
            ("expired.key", expired.key),
            ("encrypted.key", encrypted),
            (
                "broken.pem",
                "-----BEGIN CERTIFICATE-----\nAAAA\n".to_owned(),
            ),
        ]
    })
}

/// The differences of a whole folder.
pub(super) fn differences(folder: &str, exit: i32) -> String {
    let fixtures = Fixture::all(folder);
    fixtures
        .iter()
        .map(|fixture| fixture.difference(exit))
        .collect()
}
