//! Requests by route and class of status: each core has numbers of its own, which are added when somebody asks.
//!
//! Routes come and go with the configuration; what was counted for one stays as long as the process, under its labels.

use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicU64, Ordering},
};

use indexmap::IndexMap;

use super::reading::Sample;

/// The classes of status, 600 for what no standard one says, and what stands for a request whose client left before its
/// answer.
const CLASSES: [&str; 7] = ["1xx", "2xx", "3xx", "4xx", "5xx", "600", "none"];

/// Where unanswered requests stand among them.
const UNANSWERED: usize = CLASSES.len() - 1;

/// What tells a route's numbers from the others'.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RouteLabels {
    /// The `match` of the route.
    pub route: Arc<str>,
    /// The host that it is for; empty for any.
    pub host: Arc<str>,
}

/// The rows of a table's routes, by their numbers; the last one is that of requests without a route.
#[derive(Debug, Clone)]
pub struct RouteRows(Arc<[usize]>);

/// The numbers of all cores.
#[derive(Debug, Default)]
pub(super) struct RouteCounts(Mutex<Rows>);

#[derive(Debug, Default)]
struct Rows {
    /// What has been counted by those that count no more.
    settled: IndexMap<RouteLabels, Numbers>,
    counting: Vec<(Arc<CoreCounts>, RouteRows)>,
}

type Numbers = [u64; CLASSES.len()];

/// The numbers of one core for one table: it alone writes them.
#[derive(Debug)]
pub struct CoreCounts(Box<[[AtomicU64; CLASSES.len()]]>);

impl RouteCounts {
    pub(super) fn rows(&self, routes: Vec<RouteLabels>) -> RouteRows {
        let mut rows = self.lock();
        let none = RouteLabels {
            route: "".into(),
            host: "".into(),
        };
        let routes = routes.into_iter().chain([none]);
        let row = |labels| {
            let entry = rows.settled.entry(labels);
            let row = entry.index();
            entry.or_default();
            row
        };
        RouteRows(routes.map(row).collect())
    }

    pub(super) fn core(&self, rows: &RouteRows) -> Arc<CoreCounts> {
        let counts = rows.0.iter().map(|_| Default::default());
        let counts = Arc::new(CoreCounts(counts.collect()));
        let mut all = self.lock();
        all.settle();
        all.counting.push((Arc::clone(&counts), rows.clone()));
        counts
    }

    pub(super) fn samples(&self) -> Vec<Sample> {
        let totals = self.lock().totals();
        let mut samples = Vec::with_capacity(totals.len() * CLASSES.len());
        for (labels, numbers) in totals {
            for (class, value) in CLASSES.iter().zip(numbers) {
                samples.push(Sample {
                    labels: vec![
                        ("route", labels.route.to_string()),
                        ("host", labels.host.to_string()),
                        ("status", (*class).to_owned()),
                    ],
                    value,
                });
            }
        }
        samples
    }

    fn lock(&self) -> MutexGuard<'_, Rows> {
        // Numbers are added to one row at a time, and nothing in between can panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    /// Keeps what was counted by cores that have gone on to another table, and by the last request of the old one.
    fn settle(&mut self) {
        let Self { settled, counting } = self;
        counting.retain_mut(|(counts, rows)| {
            let ended = Arc::get_mut(counts).is_some();
            if ended {
                counts.add_to(rows, settled);
            }
            !ended
        });
    }

    fn totals(&mut self) -> IndexMap<RouteLabels, Numbers> {
        self.settle();
        let mut totals = self.settled.clone();
        for (counts, rows) in &self.counting {
            counts.add_to(rows, &mut totals);
        }
        totals
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
        if let Some(count) = self.0.get(route).and_then(|counts| counts.get(class)) {
            // Not `fetch_add`, which locks the bus for other writers: there are none.
            let next = count.load(Ordering::Relaxed).wrapping_add(1);
            count.store(next, Ordering::Relaxed);
        }
    }

    fn add_to(&self, rows: &RouteRows, totals: &mut IndexMap<RouteLabels, Numbers>) {
        for (counts, row) in self.0.iter().zip(rows.0.iter()) {
            if let Some((_, numbers)) = totals.get_index_mut(*row) {
                for (number, count) in numbers.iter_mut().zip(counts) {
                    *number = number.wrapping_add(count.load(Ordering::Relaxed));
                }
            }
        }
    }
}
