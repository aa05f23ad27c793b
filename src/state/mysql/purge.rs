//! Forgetting in MySQL and MariaDB.

use super::MySql;
use crate::{
    clock::UnixSeconds,
    state::{Error, Purge, stamps::stored},
};

impl MySql {
    pub(in crate::state) async fn purge(
        &self,
        what: Purge,
        before: UnixSeconds,
    ) -> Result<u64, Error> {
        self.settled(|| async {
            let mut work = self.begin().await?;
            let gone = work.execute(what.mysql(), (stored(before),)).await?;
            work.commit().await?;
            Ok(gone)
        })
        .await
    }
}
