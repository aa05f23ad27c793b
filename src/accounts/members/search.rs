//! Members by what a manager knows of them.

use super::{Manager, audit};
use crate::{
    accounts::{AccountError, Accounts},
    store::Page,
};

/// The word for the id among what is searched by.
pub const BY_ID: &str = "id";

/// What a manager looks for.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    /// The column, or `id`.
    pub by: &'a str,
    /// What it begins with; an id is meant exactly.
    pub text: &'a str,
    /// The id of the last member of the list before.
    pub after: Option<&'a str>,
}

impl Accounts {
    /// The members that are looked for; a column that is not searched by finds nobody.
    pub async fn search_members(
        &self,
        manager: &Manager,
        wanted: Wanted<'_>,
    ) -> Result<Page, AccountError> {
        let (members, _) = self.managed()?;
        let mut searches = members.searches.iter();
        let search = searches.find(|(column, _)| column == wanted.by);
        let page = match search {
            Some((_, search)) => {
                let found = self.store.search(search, wanted.text, wanted.after);
                found.await?
            }
            None if wanted.by == BY_ID => {
                let found = self.store.listed_by_id(wanted.text).await?;
                Page::of(found.into_iter().collect())
            }
            None => Page::of(Vec::new()),
        };
        let by = search.map_or(BY_ID, |(column, _)| column);
        audit::searched(manager, by, page.members.len());
        Ok(page)
    }
}

/// What is looked for is personal.
impl std::fmt::Debug for Wanted<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = formatter.debug_struct("Wanted");
        shown.field("by", &self.by).finish_non_exhaustive()
    }
}
