//! What the upstreams read as the same path.

use super::Findings;
use crate::{
    config::document::{Document, paths as written},
    http::target::{Difference, Oddity, Overlong, Reading},
};

pub(super) fn compile(document: &Document, findings: &mut Findings<'_>) -> Reading {
    let paths = document.paths;
    if paths != written::Paths::default() && document.upstreams.len() > 1 {
        findings.warning(
            "paths",
            "this holds for every upstream: one that reads paths otherwise serves another path than was matched",
            "make sure that all of them read paths like this",
        );
    }
    Reading {
        case: difference(paths.case),
        trailing_slash: difference(paths.trailing_slash),
        empty_segments: oddity(paths.empty_segments),
        segment_parameters: oddity(paths.segment_parameters),
        overlong_escapes: match paths.overlong_escapes {
            written::Overlong::Refuse => Overlong::Refused,
            written::Overlong::Keep => Overlong::Kept,
        },
    }
}

fn difference(written: written::Difference) -> Difference {
    match written {
        written::Difference::Exact => Difference::Exact,
        written::Difference::Ignore => Difference::Ignored,
    }
}

fn oddity(written: written::Oddity) -> Oddity {
    match written {
        written::Oddity::Refuse => Oddity::Refused,
        written::Oddity::Keep => Oddity::Kept,
        written::Oddity::Ignore => Oddity::Ignored,
    }
}
