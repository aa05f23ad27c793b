//! A metric that is computed when somebody asks for it.

use std::fmt;

use prometheus_client::{
    encoding::{EncodeMetric, MetricEncoder, NoLabelSet},
    metrics::{MetricType, exemplar::Exemplar},
};

/// Whether a number only grows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It does.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// One number and what tells it from the others of its metric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// Names and values.
    pub labels: Vec<(&'static str, String)>,
    /// The number.
    pub value: u64,
}

/// The metric.
pub(super) struct Reading {
    kind: Kind,
    read: Box<dyn Fn() -> Vec<Sample> + Send + Sync>,
}

impl Reading {
    pub(super) fn new(kind: Kind, read: impl Fn() -> Vec<Sample> + Send + Sync + 'static) -> Self {
        Self {
            kind,
            read: Box::new(read),
        }
    }

    fn encode_one(&self, encoder: &mut MetricEncoder<'_>, value: u64) -> fmt::Result {
        match self.kind {
            Kind::Counter => encoder.encode_counter(&value, None::<&Exemplar<NoLabelSet, u64>>),
            Kind::Gauge => encoder.encode_gauge(&value),
        }
    }
}

impl EncodeMetric for Reading {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        for Sample { labels, value } in (self.read)() {
            if labels.is_empty() {
                self.encode_one(&mut encoder, value)?;
            } else {
                self.encode_one(&mut encoder.encode_family(&labels)?, value)?;
            }
        }
        Ok(())
    }

    fn metric_type(&self) -> MetricType {
        match self.kind {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
        }
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Reading")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}
