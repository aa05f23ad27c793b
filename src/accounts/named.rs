//! What is told of a member whose tokens say what it logs in with: the same under its id and under its login.

use crate::member::{Member, spelling::Spelling};

/// How the logins of members are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginSubjects {
    /// What the column is called among those that are shown.
    pub shown: String,
    /// Which spellings are one.
    pub spelling: Spelling,
}

impl LoginSubjects {
    /// What stands for a member's login, if it has one.
    pub(super) fn name_of(&self, member: &Member) -> Option<String> {
        let login = member.shown.get(&self.shown)?.as_str()?;
        Some(self.spelling.key(login).as_member())
    }
}
