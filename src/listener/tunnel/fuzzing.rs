//! What the fuzz targets see of a tunnel: where the frames of a WebSocket end.
//!
//! Built with `--cfg fuzzing` only.

use super::frames::Frames;

/// Where one way through a tunnel stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Passed {
    /// The next byte begins a frame.
    pub is_between: bool,
    /// A close frame has passed.
    pub has_closed: bool,
}

/// Passes the pieces on, one after the other.
pub fn pass<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Passed {
    let mut frames = Frames::default();
    for piece in pieces {
        frames.pass(piece);
    }
    Passed {
        is_between: frames.is_between(),
        has_closed: frames.has_closed(),
    }
}
