//! Takes a header, and not a byte more, from a socket.

use std::io;

use super::{
    super::transport::Socket,
    {Header, HeaderError, Parsed, parse},
};

/// How much is looked at in one go; most headers are shorter.
const LOOK: usize = 256;

/// No header came.
#[derive(Debug, thiserror::Error)]
pub(in crate::listener) enum ReceiveError {
    /// The peer went away.
    #[error("it ended within its PROXY header")]
    Ended,
    /// Something else came.
    #[error(transparent)]
    Header(#[from] HeaderError),
    /// The system failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Waits for a whole header. Whoever calls it keeps the time.
pub(in crate::listener) async fn receive(socket: &Socket) -> Result<Header, ReceiveError> {
    let mut seen = Vec::new();
    loop {
        let mut look = [0; LOOK];
        let taken = seen.len();
        let count = socket.peek(&mut look).await?;
        if count == 0 {
            return Err(ReceiveError::Ended);
        }
        seen.extend_from_slice(look.get(..count).unwrap_or_default());
        match parse(&seen)? {
            Parsed::Incomplete => socket.discard(count).await?,
            Parsed::Complete(length, header) => {
                socket.discard(length.saturating_sub(taken)).await?;
                return Ok(header);
            }
        }
    }
}
