//! Forgetting in SQLite.

use super::Sqlite;
use crate::{
    clock::UnixSeconds,
    state::{Error, Purge, stamps::stored},
};

impl Sqlite {
    pub(in crate::state) async fn purge(
        &self,
        what: Purge,
        before: UnixSeconds,
    ) -> Result<u64, Error> {
        self.settled(move |work| {
            let gone = work.execute(what.sqlite(), [stored(before)])?;
            Ok(gone as u64)
        })
        .await
    }
}
