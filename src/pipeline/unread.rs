//! What never became a request, as the table of refusals has it.

use ::http::StatusCode;

use super::rejection::{Row, bad_request, large_fields};
use crate::listener::{Refusal, framing::Violation};

pub(super) fn row(refusal: Refusal) -> Row {
    match refusal {
        Refusal::Malformed(violation) => violation_row(violation),
        Refusal::SlowHead => Row::new(
            StatusCode::REQUEST_TIMEOUT,
            "slow_head",
            "The request head did not come in time",
        ),
        Refusal::Stream => bad_request("bad_stream", "The request is malformed"),
        Refusal::Resets => Row::new(
            StatusCode::TOO_MANY_REQUESTS,
            "too_many_resets",
            "Too many requests were taken back",
        ),
    }
}

fn violation_row(violation: Violation) -> Row {
    match violation {
        Violation::RequestLine => {
            bad_request("bad_request_line", "The request line is not acceptable")
        }
        Violation::Version => Row::new(
            StatusCode::HTTP_VERSION_NOT_SUPPORTED,
            "bad_version",
            "HTTP Version Not Supported",
        ),
        Violation::Target | Violation::Fragment => {
            bad_request("bad_target", "The request target is not acceptable")
        }
        Violation::LongTarget => {
            Row::new(StatusCode::URI_TOO_LONG, "target_too_long", "URI Too Long")
        }
        Violation::LineEnd | Violation::FieldName | Violation::Folded | Violation::FieldValue => {
            bad_request("bad_header", "A header line is not acceptable")
        }
        Violation::ManyFields | Violation::LargeHead => large_fields("head_too_large"),
        Violation::Length
        | Violation::Coding
        | Violation::LengthAndCoding
        | Violation::Chunk
        | Violation::Trailer => {
            bad_request("bad_framing", "The framing of the body is not acceptable")
        }
        Violation::Hosts => bad_request("bad_host", "The Host header is not acceptable"),
    }
}
