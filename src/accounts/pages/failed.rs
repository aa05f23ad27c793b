//! Failures with a page: the log and the status have them as of any account route, and people read a page.

use std::{error::Error, fmt};

use ::http::StatusCode;
use bytes::Bytes;

use super::Visit;
use crate::{
    accounts::AccountError,
    pages::{Message, Page},
};

/// What failed, and the page that says so.
#[derive(Debug)]
pub struct Failed {
    /// What failed.
    pub error: AccountError,
    /// The page.
    pub page: Bytes,
}

impl fmt::Display for Failed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.error, formatter)
    }
}

impl Error for Failed {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.error.source()
    }
}

impl Visit<'_> {
    /// What failed, with the page that says what its status says.
    pub(super) fn failed(&self, error: AccountError) -> AccountError {
        let message = message(error.outcome().status);
        self.failed_with(error, &Page::Message(message))
    }

    /// What failed, with this page.
    pub(super) fn failed_with(&self, error: AccountError, page: &Page<'_>) -> AccountError {
        if let AccountError::OnPage(_) = error {
            return error;
        }
        let token = self.form_token();
        let page = page.render(&self.frame(token.as_deref())).into();
        AccountError::OnPage(Box::new(Failed { error, page }))
    }
}

/// What is said with a status.
pub(super) fn message(status: StatusCode) -> Message {
    match status {
        StatusCode::FORBIDDEN => Message::Expired,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED => Message::NotFound,
        StatusCode::TOO_MANY_REQUESTS => Message::Later,
        status if status.is_client_error() => Message::Refused,
        _ => Message::Failed,
    }
}
