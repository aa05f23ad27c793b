//! A connection that is no longer HTTP: bytes go both ways until both sides have ended, nothing has moved for too long,
//! or the gateway stops.
//!
//! When it stops, or the tunnel has to end before it does, each side of a WebSocket is told so by a close frame (RFC 6455
//! section 7.1.1) between two frames of the other side's. Nothing else is known of what goes through.

mod direction;
mod frames;
#[cfg(fuzzing)]
pub mod fuzzing;

use std::{
    cell::RefCell,
    fmt,
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::{farewell, transport::Prefixed, worker::Core};
use direction::{Direction, Moved};
use frames::{Frames, GOING_AWAY, POLICY, close_frame};

/// How long a client may take to answer a close frame.
const CLOSING: Duration = Duration::from_secs(2);

/// How long the frame that is on its way may take, on a tunnel that has to end.
const LAST_FRAME: Duration = Duration::from_millis(500);

/// The other end of a tunnel.
pub trait Far: AsyncRead + AsyncWrite + Unpin + fmt::Debug {}

impl<T: AsyncRead + AsyncWrite + Unpin + fmt::Debug> Far for T {}

/// What a connection becomes after its 101.
#[derive(Debug)]
pub struct Switch {
    /// The connection to the upstream.
    pub far: Box<dyn Far>,
    /// What the upstream has sent behind its 101.
    pub early: Bytes,
    /// What is spoken.
    pub protocol: Protocol,
    /// How long nothing may move.
    pub idle_timeout: Duration,
    /// When it has to end, if ever.
    pub ends: Option<Ends>,
}

/// Ready when a tunnel has to end.
pub struct Ends(pub Pin<Box<dyn Future<Output = ()>>>);

impl fmt::Debug for Ends {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Ends")
    }
}

/// What is spoken on a tunnel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 6455. The mask of a close frame to the upstream comes as a value.
    WebSocket {
        /// Random bytes (section 5.3).
        mask: [u8; 4],
    },
    /// Anything else.
    Other,
}

/// Where an exchange leaves what its connection is to become.
#[derive(Debug, Default)]
pub struct Switching(RefCell<Option<Switch>>);

impl Switching {
    /// The connection becomes this once the 101 has been sent.
    pub fn set(&self, switch: Switch) {
        self.0.replace(Some(switch));
    }

    pub(super) fn take(&self) -> Option<Switch> {
        self.0.take()
    }
}

/// Moves bytes until the tunnel ends.
pub(super) async fn join(near: Prefixed, switch: Switch, core: &Core) {
    let Switch {
        far,
        early,
        protocol,
        idle_timeout,
        mut ends,
    } = switch;
    let deadline = core.deadlines().unset();
    let mut tunnel = Tunnel::new(near, far, &early, protocol);
    let mut moved = None;
    let mut is_ending = false;
    let end = poll_fn(|context| {
        let mut has_to_end = |ends: &mut Ends| ends.0.as_mut().poll(context).is_ready();
        if ends.as_mut().is_some_and(&mut has_to_end) {
            ends = None;
            if !tunnel.say_farewell(POLICY) {
                return Poll::Ready(End::Both);
            }
            is_ending = true;
            deadline.set_from_now(LAST_FRAME);
        }
        if core.is_draining() {
            tunnel.say_farewell(GOING_AWAY);
        }
        let ended = tunnel.poll(context);
        if ended.is_ready() {
            return Poll::Ready(End::Both);
        }
        if tunnel.is_farewell_said() {
            return Poll::Ready(End::Farewell);
        }
        if !is_ending && moved != Some(tunnel.moved()) {
            moved = Some(tunnel.moved());
            deadline.set_from_now(idle_timeout);
        }
        deadline.poll_elapsed(context).map(|()| End::Both)
    })
    .await;
    if end == End::Farewell {
        deadline.set_from_now(CLOSING);
        // A client that does not answer its close frame goes without.
        let _ = deadline.bound(farewell::linger(tunnel.near)).await;
    }
}

/// How a tunnel ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// Both sides have ended, or time is up.
    Both,
    /// Both were told to.
    Farewell,
}

struct Tunnel {
    near: Prefixed,
    far: Box<dyn Far>,
    up: Direction,
    down: Direction,
    mask: Option<[u8; 4]>,
}

impl Tunnel {
    fn new(near: Prefixed, far: Box<dyn Far>, early: &[u8], protocol: Protocol) -> Self {
        let (frames, mask) = match protocol {
            Protocol::WebSocket { mask } => (Some(Frames::default()), Some(mask)),
            Protocol::Other => (None, None),
        };
        Self {
            near,
            far,
            up: Direction::new(Vec::new(), frames.clone()),
            down: Direction::new(early.to_vec(), frames),
            mask,
        }
    }

    /// Ends both ways with a close frame of this code, where there are frames.
    fn say_farewell(&mut self, code: [u8; 2]) -> bool {
        let Some(mask) = self.mask else {
            return false;
        };
        self.down.end_with(close_frame(code, None));
        self.up.end_with(close_frame(code, Some(mask)));
        true
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let up = self.up.poll(&mut self.near, &mut self.far, context);
        let down = self.down.poll(&mut self.far, &mut self.near, context);
        match (up, down) {
            (Moved::Ended, Moved::Ended) | (Moved::Broken, _) | (_, Moved::Broken) => {
                Poll::Ready(())
            }
            (Moved::Waits | Moved::Ended, Moved::Waits | Moved::Ended) => Poll::Pending,
        }
    }

    /// Grows while bytes move.
    fn moved(&self) -> u64 {
        self.up.moved().wrapping_add(self.down.moved())
    }

    fn is_farewell_said(&self) -> bool {
        self.down.has_said_farewell()
    }
}

/// Reads what there is.
fn poll_read<'a>(
    from: &mut (impl AsyncRead + Unpin + ?Sized),
    buffer: &'a mut [u8],
    context: &mut Context<'_>,
) -> Poll<std::io::Result<&'a [u8]>> {
    let mut read = ReadBuf::new(&mut *buffer);
    let polled = Pin::new(from).poll_read(context, &mut read)?;
    let length = read.filled().len();
    polled.map(|()| Ok(buffer.get(..length).unwrap_or_default()))
}
