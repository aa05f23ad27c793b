//! Why a key set could not be fetched.

use ::http::StatusCode;

use crate::{
    token::key_set::KeySetError,
    upstream::{Failure, TlsError},
};

/// Why a key set could not be fetched. It never repeats what came.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no connection.
    #[error(transparent)]
    Connect(#[from] Failure),
    /// The exchange broke off.
    #[error("the exchange broke off: {0}")]
    Exchange(#[from] hyper::Error),
    /// An answer other than 200. Redirects are not followed.
    #[error("the answer is {0}")]
    Status(StatusCode),
    /// The body is too large, or broke off.
    #[error("the answer is too large or broke off")]
    Body,
    /// What was named is no place where something could be read.
    #[error("this is no URL such as https://api.example.com/openapi.json")]
    NoUrl,
    /// Nobody's certificate could be verified.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// It took too long.
    #[error("no answer within {0:?}")]
    Late(std::time::Duration),
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    File(#[from] std::io::Error),
    /// The question could not be asked.
    #[error("the question could not be asked: {0}")]
    Unaskable(#[from] ::http::Error),
    /// It came, and cannot be used.
    #[error(transparent)]
    Set(#[from] KeySetError),
}

impl FetchError {
    /// The error and what lies beneath it.
    pub fn whole(&self) -> String {
        let mut text = self.to_string();
        let mut source = std::error::Error::source(self);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text = format!("{text}: {cause_text}");
            }
            source = cause.source();
        }
        text
    }
}
