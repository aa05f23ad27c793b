//! Logs: what happens, on standard error; one line for each request, on standard output.
//!
//! Both are text or JSON. Nothing here decides what is logged; it promises only that an access line costs the data
//! plane one formatting and no system call. What is counted is in [`counters`].

mod access_lines;
pub mod counters;
mod line;

use std::io;

use tracing::{
    Event, Level, Metadata, Subscriber, level_filters::LevelFilter, span, subscriber::Interest,
};

pub use access_lines::AccessLines;

/// The target of access lines.
pub const ACCESS: &str = "sidegate::access";

/// The target of what an audit reads. Each line has a stable word in its field `security`.
pub const SECURITY: &str = "sidegate::security";

/// What is logged, and how.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// For people or for machines.
    pub format: Format,
    /// The least important level.
    pub level: Level,
    /// Which requests get a line.
    pub access: AccessLogging,
}

/// How a line is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// One JSON object for each line.
    Json,
}

/// Which requests get an access line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessLogging {
    /// All.
    All,
    /// Only those that were refused.
    Refusals,
}

/// Which decisions are remembered for operators who ask why, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecisionKeeping {
    /// Which.
    pub which: KeptDecisions,
    /// For how long.
    pub time: std::time::Duration,
    /// How many at most.
    pub most: usize,
}

/// Which decisions are remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptDecisions {
    /// Refusals.
    Refusals,
    /// Every one.
    All,
}

/// Writes what is still buffered when it is dropped.
#[derive(Debug)]
pub struct Guard {
    _lines: access_lines::Flush,
}

/// Installs the process's subscriber; a second call changes nothing.
pub fn init(settings: Settings) -> io::Result<Guard> {
    let (lines, flush) = AccessLines::start(settings.format, io::stdout())?;
    let builder = tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_max_level(settings.level)
        .with_target(false);
    // Fails only when a subscriber is there already, as in a test that starts two gateways.
    let _ = match settings.format {
        Format::Text => {
            let inner = builder.with_ansi(false).finish();
            tracing::subscriber::set_global_default(Split { inner, lines })
        }
        Format::Json => {
            let inner = builder.json().flatten_event(true).finish();
            tracing::subscriber::set_global_default(Split { inner, lines })
        }
    };
    Ok(Guard { _lines: flush })
}

/// Sends access lines one way and everything else the other: a filter for each layer would cost every request.
struct Split<S> {
    inner: S,
    lines: AccessLines,
}

impl<S: Subscriber> Subscriber for Split<S> {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == ACCESS || self.inner.enabled(metadata)
    }

    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.target() == ACCESS {
            Interest::always()
        } else {
            self.inner.register_callsite(metadata)
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        let inner = self.inner.max_level_hint().unwrap_or(LevelFilter::TRACE);
        Some(inner.max(LevelFilter::INFO))
    }

    fn event(&self, event: &Event<'_>) {
        if event.metadata().target() == ACCESS {
            self.lines.write(event);
        } else {
            self.inner.event(event);
        }
    }

    fn new_span(&self, attributes: &span::Attributes<'_>) -> span::Id {
        self.inner.new_span(attributes)
    }

    fn record(&self, span: &span::Id, values: &span::Record<'_>) {
        self.inner.record(span, values);
    }

    fn record_follows_from(&self, span: &span::Id, follows: &span::Id) {
        self.inner.record_follows_from(span, follows);
    }

    fn enter(&self, span: &span::Id) {
        self.inner.enter(span);
    }

    fn exit(&self, span: &span::Id) {
        self.inner.exit(span);
    }

    fn clone_span(&self, id: &span::Id) -> span::Id {
        self.inner.clone_span(id)
    }

    fn try_close(&self, id: span::Id) -> bool {
        self.inner.try_close(id)
    }

    fn current_span(&self) -> tracing_core::span::Current {
        self.inner.current_span()
    }
}
