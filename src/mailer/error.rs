//! Why a message was not delivered.

use std::{io, time::Duration};

use crate::fetch::FetchError;

/// Why a message was not delivered. It never repeats what a server has said, who may have repeated the address.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeliveryError {
    /// The address is none.
    #[error("the address is none that a message can be sent to")]
    Address,
    /// There is no text for it.
    #[error("there is no text for it")]
    NoText,
    /// It could not be made.
    #[error("the message could not be made")]
    Unmade,
    /// The server has refused it for good.
    #[error("the server has refused it: {0}")]
    Refused(u16),
    /// The server has refused it for now.
    #[error("the server has put it off: {0}")]
    PutOff(u16),
    /// The certificate of the server, or the encryption, is not as it has to be.
    #[error("the connection could not be encrypted, or the server could not prove who it is")]
    Tls,
    /// There is no connection, or it broke.
    #[error("the server could not be reached, or has broken off")]
    Connection,
    /// It took too long.
    #[error("it took longer than {0:?}")]
    Late(Duration),
    /// The provider could not be asked.
    #[error("the provider could not be asked: {0}")]
    Hook(#[from] FetchError),
    /// The file could not be written.
    #[error("the file could not be written: {0}")]
    File(#[from] io::Error),
}

impl DeliveryError {
    /// Whether it may pass.
    pub(super) fn passes(&self) -> bool {
        match self {
            Self::Address | Self::NoText | Self::Unmade | Self::Refused(_) => false,
            Self::Hook(FetchError::Status(status)) => {
                status.is_server_error() || matches!(status.as_u16(), 408 | 425 | 429)
            }
            Self::PutOff(_)
            | Self::Tls
            | Self::Connection
            | Self::Late(_)
            | Self::File(_)
            | Self::Hook(_) => true,
        }
    }
}

impl From<lettre::transport::smtp::Error> for DeliveryError {
    fn from(error: lettre::transport::smtp::Error) -> Self {
        let code = error.status().map_or(0, u16::from);
        if error.is_permanent() {
            Self::Refused(code)
        } else if error.is_transient() {
            Self::PutOff(code)
        } else if error.is_tls() {
            Self::Tls
        } else {
            Self::Connection
        }
    }
}
