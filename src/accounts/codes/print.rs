//! What stands for codes, accounts and addresses in the tables: keyed hashes.

use aws_lc_rs::hmac;

use super::Codes;
use crate::{member::code::Purpose, secret::Secret, state::Print};

/// A key for this alone.
pub(super) fn key(secret: &Secret<Vec<u8>>) -> hmac::Key {
    let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.expose());
    let derived = hmac::sign(&secret, b"codes that are sent");
    hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
}

impl Codes {
    /// The place of a member's code.
    pub(super) fn slot(&self, purpose: Purpose, member: &str) -> Print {
        self.print(&[
            b"slot",
            purpose.word().as_bytes(),
            b"row",
            member.as_bytes(),
        ])
    }

    /// The place of what was asked about somebody who is not there.
    pub(super) fn slot_of_nobody(&self, purpose: Purpose, name: &str) -> Print {
        self.print(&[b"slot", purpose.word().as_bytes(), b"name", name.as_bytes()])
    }

    /// The place where what was sent to an address is counted.
    pub(super) fn slot_of_address(&self, purpose: Purpose, address: &str) -> Print {
        self.print(&[
            b"slot",
            purpose.word().as_bytes(),
            b"address",
            address.as_bytes(),
        ])
    }

    /// A code that is typed belongs to its place.
    pub(super) fn code(&self, slot: &Print, code: &str) -> Print {
        self.print(&[b"code", slot, code.as_bytes()])
    }

    /// One in a link to its purpose alone: it says by itself whose it is.
    pub(super) fn link(&self, purpose: Purpose, code: &str) -> Print {
        self.print(&[b"link", purpose.word().as_bytes(), code.as_bytes()])
    }

    pub(super) fn address(&self, address: &str) -> Print {
        self.print(&[b"address", address.as_bytes()])
    }

    /// What stands in a log for a name that nobody has.
    pub(super) fn pseudonym(&self, name: &str) -> String {
        let print = self.print(&[b"log", name.as_bytes()]);
        let bytes = print.iter().take(8);
        bytes.fold("#".to_owned(), |text, byte| text + &format!("{byte:02x}"))
    }

    /// Each part with its length, so that no two lists of parts are one text.
    fn print(&self, parts: &[&[u8]]) -> Print {
        let mut context = hmac::Context::with_key(&self.key);
        for part in parts {
            let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
            context.update(&length.to_be_bytes());
            context.update(part);
        }
        let tag = context.sign();
        // A tag of SHA-256 has as many bytes.
        tag.as_ref().try_into().unwrap_or_default()
    }
}
