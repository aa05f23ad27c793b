//! The head of a request: what of it frames the message.

use super::Violation;
use crate::http::field_line::{self, Field};

/// What is known of the head that is being read.
#[derive(Debug, Default)]
pub(super) struct Head {
    pub(super) size: usize,
    pub(super) fields: usize,
    pub(super) version: Version,
    pub(super) length: Option<u64>,
    pub(super) coding: Coding,
    pub(super) host: Host,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Version {
    Http10,
    #[default]
    Http11,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Coding {
    #[default]
    None,
    Chunked,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Host {
    #[default]
    None,
    Once,
}

impl Head {
    /// What frames the message.
    pub(super) fn note(&mut self, field: &Field, bytes: &[u8]) -> Result<(), Violation> {
        match field.name(bytes) {
            name if name.len() == 4 && name.eq_ignore_ascii_case(b"host") => {
                if self.host == Host::Once {
                    return Err(Violation::Hosts);
                }
                self.host = Host::Once;
            }
            name if name.len() == 14 && name.eq_ignore_ascii_case(b"content-length") => {
                let length = field_line::length(field.value(bytes));
                if self.length.is_some() || length.is_none() {
                    return Err(Violation::Length);
                }
                self.length = length;
            }
            name if name.len() == 17 && name.eq_ignore_ascii_case(b"transfer-encoding") => {
                let chunked = field.value(bytes).eq_ignore_ascii_case(b"chunked");
                if self.coding == Coding::Chunked || !chunked {
                    return Err(Violation::Coding);
                }
                self.coding = Coding::Chunked;
            }
            _ => {}
        }
        Ok(())
    }
}
