//! What is counted, for operators: `docs/metrics.md` lists it.
//!
//! A request is counted by its core alone, in memory that no other core writes; what happens seldom goes through the
//! registry's own tables. Labels come from the configuration and from lists of ours, never from a request, so that no
//! client can make the number of series grow.

mod connections;
mod reading;
mod routes;
mod streams;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use prometheus_client::{
    encoding::text,
    metrics::{counter::Counter, family::Family, info::Info},
    registry::Registry,
};

pub use connections::{ConnectionRefusal, connection_refused};
pub use reading::{Kind, Sample};
pub use routes::{CoreCounts, RouteLabels, RouteRows};
pub use streams::{StreamEnd, stream_ended};

use reading::Reading;
use routes::RouteCounts;

/// One label, from a list of ours.
type Word = [(&'static str, &'static str); 1];

/// Everything that one gateway counts.
pub struct Counters {
    registry: Mutex<Registry>,
    routes: Arc<RouteCounts>,
    refusals: Family<Word, Counter>,
    upstream_failures: Family<[(&'static str, String); 2], Counter>,
    observed: Family<[(&'static str, String); 3], Counter>,
    accounts: Family<[(&'static str, &'static str); 2], Counter>,
    verifications: Counter,
    assertions: Counter,
}

impl Counters {
    /// Nothing is counted yet.
    pub fn new() -> Self {
        let counters = Self {
            registry: Mutex::new(Registry::with_prefix("sidegate")),
            routes: Arc::default(),
            refusals: Family::default(),
            upstream_failures: Family::default(),
            observed: Family::default(),
            accounts: Family::default(),
            verifications: Counter::default(),
            assertions: Counter::default(),
        };
        counters.register_all();
        counters
    }

    fn register_all(&self) {
        let routes = Arc::clone(&self.routes);
        self.read(
            "requests",
            "Requests, by route and class of status",
            Kind::Counter,
            move || routes.samples(),
        );
        self.read(
            "connection_refusals",
            "Connections that were refused or cut off, by reason",
            Kind::Counter,
            connections::samples,
        );
        self.read(
            "streams_ended",
            "Open streams that were ended because their token stopped counting, by reason",
            Kind::Counter,
            streams::samples,
        );
        let version = [("version", env!("CARGO_PKG_VERSION"))];
        let mut registry = self.lock();
        registry.register("build", "The gateway itself", Info::new(version));
        registry.register(
            "refusals",
            "Refused requests, by code",
            self.refusals.clone(),
        );
        registry.register(
            "upstream_failures",
            "Requests that an upstream did not answer, by upstream and code",
            self.upstream_failures.clone(),
        );
        registry.register(
            "observed",
            "Requests that were forwarded and would have been refused, by route and code",
            self.observed.clone(),
        );
        registry.register(
            "account_answers",
            "Answers of the account routes, by action and outcome",
            self.accounts.clone(),
        );
        registry.register(
            "token_verifications",
            "Tokens that were verified and not taken from the cache",
            self.verifications.clone(),
        );
        registry.register(
            "assertions_minted",
            "Assertions that were signed for an upstream and not taken from the cache",
            self.assertions.clone(),
        );
    }

    fn lock(&self) -> MutexGuard<'_, Registry> {
        // Registering only pushes to lists: a panic leaves at most a metric out.
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A metric that is read when somebody asks for it.
    pub fn read(
        &self,
        name: &str,
        help: &str,
        kind: Kind,
        read: impl Fn() -> Vec<Sample> + Send + Sync + 'static,
    ) {
        self.lock().register(name, help, Reading::new(kind, read));
    }

    /// Where the requests of these routes are counted, which are numbered as their table numbers them.
    pub fn rows(&self, routes: Vec<RouteLabels>) -> RouteRows {
        self.routes.rows(routes)
    }

    /// The counts of one core, for the routes of one table.
    pub fn core(&self, rows: &RouteRows) -> Arc<CoreCounts> {
        self.routes.core(rows)
    }

    /// A token was not in the cache.
    pub fn token_verified(&self) {
        self.verifications.inc();
    }

    /// An assertion was not in the cache.
    pub fn assertion_minted(&self) {
        self.assertions.inc();
    }

    /// A request was refused with this code.
    pub fn refused(&self, code: &'static str) {
        self.refusals.get_or_create(&[("code", code)]).inc();
    }

    /// An upstream did not answer a request.
    pub fn upstream_failed(&self, upstream: &str, code: &'static str) {
        let labels = [("upstream", upstream.to_owned()), ("code", code.to_owned())];
        self.upstream_failures.get_or_create(&labels).inc();
    }

    /// A request was forwarded that would have been refused with this code, were its route enforced.
    pub fn observed(&self, route: &str, host: &str, code: &'static str) {
        let labels = [
            ("route", route.to_owned()),
            ("host", host.to_owned()),
            ("code", code.to_owned()),
        ];
        self.observed.get_or_create(&labels).inc();
    }

    /// An account route has answered, or failed with this code.
    pub fn account_answered(&self, action: &'static str, outcome: &'static str) {
        let labels = [("action", action), ("outcome", outcome)];
        self.accounts.get_or_create(&labels).inc();
    }

    /// Everything, as OpenMetrics text.
    pub fn text(&self) -> String {
        let mut text = String::new();
        // A `String` takes everything, and no metric of ours fails on its own.
        let _ = text::encode(&mut text, &self.lock());
        text
    }
}

impl Default for Counters {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Counters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Counters")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(route: &str) -> RouteLabels {
        RouteLabels {
            route: route.into(),
            host: "".into(),
        }
    }

    fn value(text: &str, series: &str) -> Option<u64> {
        let line = text.lines().find_map(|line| line.strip_prefix(series))?;
        line.trim().parse().ok()
    }

    #[test]
    fn the_counts_of_all_cores_are_added() {
        let counters = Counters::new();
        let rows = counters.rows(vec![labels("GET /a"), labels("/**")]);
        let (one, other) = (counters.core(&rows), counters.core(&rows));
        one.answered(Some(0), 200);
        one.answered(Some(0), 204);
        other.answered(Some(0), 200);
        other.answered(Some(1), 502);
        other.answered(None, 404);
        one.unanswered(Some(1));
        let text = counters.text();
        let requests = |route: &str, status: &str| {
            let labels = format!("{{route=\"{route}\",host=\"\",status=\"{status}\"}}");
            value(&text, &format!("sidegate_requests_total{labels}"))
        };
        assert_eq!(requests("GET /a", "2xx"), Some(3));
        assert_eq!(requests("/**", "5xx"), Some(1));
        assert_eq!(requests("", "4xx"), Some(1));
        assert_eq!(requests("/**", "none"), Some(1));
        assert_eq!(requests("/**", "2xx"), Some(0));
    }

    #[test]
    fn a_route_that_is_not_in_the_table_is_counted_as_none() {
        let counters = Counters::new();
        let rows = counters.rows(vec![labels("/**")]);
        counters.core(&rows).answered(Some(7), 200);
        let series = "sidegate_requests_total{route=\"\",host=\"\",status=\"2xx\"}";
        assert_eq!(value(&counters.text(), series), Some(1));
    }

    #[test]
    fn what_was_counted_stays_with_its_labels_when_routes_get_other_numbers() {
        let counters = Counters::new();
        let before = counters.core(&counters.rows(vec![labels("/a"), labels("/b")]));
        before.answered(Some(0), 200);
        before.answered(Some(1), 200);
        let after = counters.core(&counters.rows(vec![labels("/b"), labels("/c")]));
        after.answered(Some(0), 200);
        // A request of the old table ends after the first of the new one.
        before.answered(Some(1), 200);
        drop(before);
        after.answered(None, 404);
        for _ in 0..2 {
            let text = counters.text();
            let requests = |route: &str, status: &str| {
                let labels = format!("{{route=\"{route}\",host=\"\",status=\"{status}\"}}");
                value(&text, &format!("sidegate_requests_total{labels}"))
            };
            assert_eq!(requests("/a", "2xx"), Some(1));
            assert_eq!(requests("/b", "2xx"), Some(3));
            assert_eq!(requests("/c", "2xx"), Some(0));
            assert_eq!(requests("", "4xx"), Some(1));
        }
    }

    #[test]
    fn what_a_label_may_hold_is_escaped() {
        let counters = Counters::new();
        counters.rows(vec![labels("/a\"\\b")]);
        assert!(counters.text().contains(r#"route="/a\"\\b""#));
    }

    #[test]
    fn what_happens_seldom_is_counted_by_its_words() {
        let counters = Counters::new();
        counters.refused("no_route");
        counters.refused("no_route");
        counters.upstream_failed("api", "upstream_timeout");
        counters.account_answered("login", "granted");
        let text = counters.text();
        for (series, expected) in [
            ("sidegate_refusals_total{code=\"no_route\"}", 2),
            (
                "sidegate_upstream_failures_total{upstream=\"api\",code=\"upstream_timeout\"}",
                1,
            ),
            (
                "sidegate_account_answers_total{action=\"login\",outcome=\"granted\"}",
                1,
            ),
        ] {
            assert_eq!(value(&text, series), Some(expected), "{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
