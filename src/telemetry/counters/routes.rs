//! Requests by route and class of status: each core has numbers of its own, which are added when somebody asks.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use super::reading::Sample;

/// The classes of status, and what stands for a request whose client left before its answer.
const CLASSES: [&str; 6] = ["1xx", "2xx", "3xx", "4xx", "5xx", "none"];

/// Where unanswered requests stand among them.
const UNANSWERED: usize = CLASSES.len() - 1;

/// What tells a route's numbers from the others'.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteLabels {
    /// The `match` of the route.
    pub route: Arc<str>,
    /// The host that it is for; empty for any.
    pub host: Arc<str>,
}

/// The numbers of all cores.
#[derive(Debug)]
pub(super) struct RouteCounts {
    /// The last ones are those of requests without a route.
    labels: Vec<RouteLabels>,
    cores: Mutex<Vec<Arc<CoreCounts>>>,
}

/// The numbers of one core: it alone writes them.
#[derive(Debug)]
pub struct CoreCounts(Box<[[AtomicU64; CLASSES.len()]]>);

impl RouteCounts {
    pub(super) fn new(mut labels: Vec<RouteLabels>) -> Self {
        labels.push(RouteLabels {
            route: "".into(),
            host: "".into(),
        });
        Self {
            labels,
            cores: Mutex::default(),
        }
    }

    pub(super) fn core(&self) -> Arc<CoreCounts> {
        let counts = self.labels.iter().map(|_| Default::default());
        let counts = Arc::new(CoreCounts(counts.collect()));
        self.lock().push(Arc::clone(&counts));
        counts
    }

    pub(super) fn samples(&self) -> Vec<Sample> {
        let cores = self.lock();
        let mut samples = Vec::with_capacity(self.labels.len() * CLASSES.len());
        for (route, labels) in self.labels.iter().enumerate() {
            for (class, name) in CLASSES.iter().enumerate() {
                let counts = cores.iter().filter_map(|core| core.count(route, class));
                samples.push(Sample {
                    labels: vec![
                        ("route", labels.route.to_string()),
                        ("host", labels.host.to_string()),
                        ("status", (*name).to_owned()),
                    ],
                    value: counts.map(|count| count.load(Ordering::Relaxed)).sum(),
                });
            }
        }
        samples
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<CoreCounts>>> {
        // A push either happened or did not.
        self.cores.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl CoreCounts {
    /// A request got an answer. A route is known by its number in the table.
    pub fn answered(&self, route: Option<usize>, status: u16) {
        let class = usize::from(status / 100).saturating_sub(1);
        self.add(route, class.min(UNANSWERED - 1));
    }

    /// The client left before its answer.
    pub fn unanswered(&self, route: Option<usize>) {
        self.add(route, UNANSWERED);
    }

    fn add(&self, route: Option<usize>, class: usize) {
        let none = self.0.len().saturating_sub(1);
        let route = route.unwrap_or(none).min(none);
        if let Some(count) = self.count(route, class) {
            // Not `fetch_add`, which locks the bus for other writers: there are none.
            let next = count.load(Ordering::Relaxed).wrapping_add(1);
            count.store(next, Ordering::Relaxed);
        }
    }

    fn count(&self, route: usize, class: usize) -> Option<&AtomicU64> {
        self.0.get(route)?.get(class)
    }
}
