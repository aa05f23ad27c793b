//! Where the frames of a WebSocket begin and end (RFC 6455 section 5.2), so that one of ours can go between two.

/// The longest header of a frame.
const MOST_HEADER: usize = 14;

/// `1001`: the endpoint goes away (section 7.4.1).
pub(super) const GOING_AWAY: [u8; 2] = 1001_u16.to_be_bytes();

/// The other side does what it may not (section 7.4.1).
pub(super) const POLICY: [u8; 2] = 1008_u16.to_be_bytes();

/// The opcode of a close frame.
const CLOSE: u8 = 8;

/// The frames of one way.
#[derive(Debug, Clone, Default)]
pub(super) struct Frames {
    header: Vec<u8>,
    /// How much of the payload is still to come.
    payload: u64,
    closed: Closed,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Closed {
    #[default]
    NotYet,
    Closed,
}

impl Frames {
    /// Whether the next byte begins a frame.
    pub(super) fn is_between(&self) -> bool {
        self.header.is_empty() && self.payload == 0
    }

    /// Whether a close frame has passed.
    pub(super) fn has_closed(&self) -> bool {
        self.closed == Closed::Closed
    }

    pub(super) fn pass(&mut self, mut bytes: &[u8]) {
        while let Some((&first, behind)) = bytes.split_first() {
            if self.payload > 0 {
                let length =
                    usize::try_from(self.payload).map_or(bytes.len(), |left| left.min(bytes.len()));
                self.payload -= length as u64;
                bytes = bytes.get(length..).unwrap_or_default();
                continue;
            }
            bytes = behind;
            self.header.push(first);
            if let Some(payload) = payload_of(&self.header) {
                if self
                    .header
                    .first()
                    .is_some_and(|first| first & 0x0F == CLOSE)
                {
                    self.closed = Closed::Closed;
                }
                self.header.clear();
                self.payload = payload;
            }
        }
    }
}

/// The length of the payload, once the header is whole.
fn payload_of(header: &[u8]) -> Option<u64> {
    let second = *header.get(1)?;
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let (length, extended) = match second & 0x7F {
        126 => (
            u64::from(u16::from_be_bytes(header.get(2..4)?.try_into().ok()?)),
            2,
        ),
        127 => (u64::from_be_bytes(header.get(2..10)?.try_into().ok()?), 8),
        short => (u64::from(short), 0),
    };
    let whole = 2 + extended + mask;
    debug_assert!(whole <= MOST_HEADER);
    (header.len() == whole).then_some(length)
}

/// A close frame; masked where it speaks for a client (section 5.3).
pub(super) fn close_frame(code: [u8; 2], mask: Option<[u8; 4]>) -> Vec<u8> {
    let head = 0x80 | CLOSE;
    match mask {
        None => [&[head, 2][..], &code].concat(),
        Some(mask) => {
            let masked = code.iter().zip(mask).map(|(byte, mask)| byte ^ mask);
            [head, 0x80 | 2]
                .into_iter()
                .chain(mask)
                .chain(masked)
                .collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(opcode: u8, length: usize, mask: bool) -> Vec<u8> {
        let mut frame = vec![0x80 | opcode];
        let bit = if mask { 0x80 } else { 0 };
        match u8::try_from(length) {
            Ok(short) if short < 126 => frame.push(bit | short),
            _ if length < 65_536 => {
                frame.push(bit | 0x7E);
                frame.extend(u16::try_from(length).expect("short").to_be_bytes());
            }
            _ => {
                frame.push(bit | 0x7F);
                frame.extend((length as u64).to_be_bytes());
            }
        }
        frame.resize(frame.len() + if mask { 4 } else { 0 } + length, 0xAA);
        frame
    }

    #[test]
    fn frames_end_where_they_end_however_they_arrive() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
            for mask in [false, true] {
                let frame = frame(2, length, mask);
                for at in [1, 2, 3, 5, frame.len() / 2, frame.len() - 1] {
                    let (first, second) = frame.split_at(at.min(frame.len() - 1));
                    let mut frames = Frames::default();
                    frames.pass(first);
                    assert!(
                        first.is_empty() || !frames.is_between(),
                        "{length} {mask} {at}"
                    );
                    frames.pass(second);
                    assert!(
                        frames.is_between() && !frames.has_closed(),
                        "{length} {mask} {at}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_close_frame_is_noticed_and_is_one_itself() {
        for close in [
            close_frame(GOING_AWAY, None),
            close_frame(GOING_AWAY, Some([1, 2, 3, 4])),
        ] {
            let mut frames = Frames::default();
            frames.pass(&frame(1, 5, false));
            frames.pass(&close);
            assert!(frames.is_between() && frames.has_closed());
        }
        assert_eq!(
            close_frame(GOING_AWAY, Some([1, 2, 3, 4])),
            [0x88, 0x82, 1, 2, 3, 4, 0x03 ^ 1, 0xE9 ^ 2]
        );
    }
}
