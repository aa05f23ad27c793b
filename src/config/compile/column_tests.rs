//! What a rule asks of the columns of the user's row.

use std::collections::BTreeSet;

use super::{Findings, requires};
use crate::{
    config::document::{
        Document,
        rules::{ColumnTest, Scalar},
        users::Users,
    },
    policy::requirement::{ColumnExpected, ColumnRule},
};

/// Every column that any rule names. In the order of their names, so that moving a rule moves no column.
pub(super) struct Columns<'a> {
    names: Vec<&'a str>,
    users: Option<&'a Users>,
}

impl<'a> Columns<'a> {
    pub(super) fn new(document: &'a Document) -> Self {
        let mut names = BTreeSet::new();
        requires::everywhere(document, &mut |require, _| {
            let columns = require.user.iter().flatten();
            names.extend(columns.map(|(name, _)| name.as_str()));
        });
        // Where one stands, it is a mistake.
        names.remove("");
        Self {
            names: names.into_iter().collect(),
            users: document.users.as_ref(),
        }
    }

    /// The names, each at the place where a row has its value.
    pub(super) fn names(&self) -> Vec<String> {
        self.names.iter().map(ToString::to_string).collect()
    }

    pub(super) fn compile(
        &self,
        name: &str,
        test: &ColumnTest,
        path: &str,
        findings: &mut Findings<'_>,
    ) -> Option<ColumnRule> {
        if name.is_empty() {
            findings.mistake(path, "the column has no name", "write its name");
            return None;
        }
        let place = self.names.iter().position(|known| *known == name);
        if let Some(users) = self.users {
            not_the_password(name, users, path, findings);
        } else {
            let message = "there is no table in which the user could be looked up";
            findings.absence(path, message, "add `users`");
        }
        let expected = match test {
            ColumnTest::Equals(value) => Box::new([expected(value)]) as Box<[ColumnExpected]>,
            ColumnTest::AnyOf(values) if values.is_empty() => {
                findings.absence(path, "nothing is listed", "list at least one value");
                return None;
            }
            ColumnTest::AnyOf(values) => values.iter().map(expected).collect(),
        };
        Some(ColumnRule {
            column: name.into(),
            place: place?,
            expected,
        })
    }
}

fn not_the_password(name: &str, users: &Users, path: &str, findings: &mut Findings<'_>) {
    if name.eq_ignore_ascii_case(&users.columns.password) {
        let message = "this is the column of the stored password";
        findings.mistake(path, message, "name another column");
    }
}

fn expected(value: &Scalar) -> ColumnExpected {
    match value {
        Scalar::Null => ColumnExpected::Null,
        Scalar::Boolean(boolean) => ColumnExpected::Boolean(*boolean),
        Scalar::Number(number) => ColumnExpected::Number(number.clone()),
        Scalar::Text(text) => ColumnExpected::Text(text.as_str().into()),
    }
}
