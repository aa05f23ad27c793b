//! The configuration is read again while the gateway serves.

mod database;
mod effect;
mod kept;
mod keys;
mod load;
mod triggers;

use serde_json::Value;

use crate::harness::{Gateway, Request, Response, Setup, Upstream};

/// The route that is changed.
const PUBLIC: &str = r#"match: "/public/**", access: public"#;

/// Read again only when somebody asks for it.
fn unwatched(upstream: &Upstream) -> Setup {
    Gateway::before(upstream).section("reload", "{ watch: false }")
}

impl Gateway {
    /// Writes another configuration over its own.
    fn write(&self, yaml: &str) {
        let path = self.setup().folder().join("gateway.yaml");
        std::fs::write(path, yaml).expect("a configuration");
    }

    /// `POST /reload`.
    fn ask_to_reload(&self) -> Response {
        self.operate(Request::post("/reload"))
    }

    /// Writes another configuration and has it read.
    #[track_caller]
    fn reload(&self, yaml: &str) {
        self.write(yaml);
        let answer = self.ask_to_reload();
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!(answer.json()["result"], "applied", "{}", answer.text());
    }

    fn config(&self) -> Value {
        self.ask("/ready").json()["config"].take()
    }

    fn metric(&self, series: &str) -> u64 {
        let text = self.ask("/metrics").text();
        let prefix = format!("{series} ");
        let line = text.lines().find_map(|line| line.strip_prefix(&prefix));
        let value = line.and_then(|line| line.parse().ok());
        value.unwrap_or_else(|| panic!("no {series} in:\n{text}"))
    }
}

/// The configuration of the gateway with these words replaced.
#[track_caller]
fn changed(gateway: &Gateway, from: &str, to: &str) -> String {
    let yaml = gateway.setup().yaml();
    assert!(yaml.contains(from), "{yaml}");
    yaml.replace(from, to)
}
