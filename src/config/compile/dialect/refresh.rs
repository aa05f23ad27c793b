//! How a refresh speaks.

use super::{Compiler, request::Roles};
use crate::{
    accounts::{REFRESH_VALUES, dialect::RefreshDialect},
    config::document::dialect as written,
};

impl Compiler<'_, '_> {
    pub(super) fn refresh(&mut self, refresh: &written::Refresh) -> Option<RefreshDialect> {
        let request = self.request(&refresh.request, "refresh.request", &Roles::TOKEN);
        let granted = self.template(&refresh.granted, "refresh.granted", &REFRESH_VALUES);
        let refused = self.fixed(&refresh.refused, "refresh.refused", "refused");
        Some(RefreshDialect {
            request: request?,
            granted: granted?,
            refused: refused?,
        })
    }
}
