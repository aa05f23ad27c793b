//! What a statement in the binlog may have done to watched tables.
//!
//! Where rows are logged, the statements that remain are definitions, the frame of a transaction, and what a session chose
//! to log as a statement. A statement that writes data may reach any table, through a trigger, a view or a foreign key; a
//! definition concerns a watched table only if it names it or its schema. What is not understood counts as writing.

use super::change::Why;

/// What a statement is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A transaction begins.
    Begin,
    /// It ends, with what it wrote; a rolled back one is logged only for tables that cannot roll back.
    End,
    /// A prepared XA transaction is committed: its branch, as the statement spells it.
    XaCommit(String),
    /// A prepared XA transaction is given up.
    XaRollback(String),
    /// It concerns no watched table.
    Nothing,
    /// It may concern one.
    Unknown(Why),
}

/// Statements that define, and with that do not write rows of tables that they do not name.
const DEFINE: [&str; 14] = [
    "CREATE", "ALTER", "DROP", "RENAME", "TRUNCATE", "GRANT", "REVOKE", "FLUSH", "ANALYZE",
    "OPTIMIZE", "REPAIR", "SET", "CHECK", "COMMENT",
];

/// A statement, and the schema that its bare names are in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement<'a> {
    pub(super) text: &'a str,
    pub(super) schema: &'a str,
}

/// What a statement means where these tables, each with its schema, are watched.
pub(super) fn meaning<'a>(
    statement: Statement<'_>,
    mut watched: impl Iterator<Item = (&'a str, &'a str)>,
) -> Meaning {
    let bare = without_comments(statement.text);
    let mut words =
        bare.split(|character: char| !character.is_ascii_alphanumeric() && character != '_');
    let mut words = words.by_ref().filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default().to_ascii_uppercase();
    let second = words.next().unwrap_or_default().to_ascii_uppercase();
    match (first.as_str(), second.as_str()) {
        ("BEGIN", _) | ("START", "TRANSACTION") | ("XA", "START" | "BEGIN") => Meaning::Begin,
        // Without a word it is a dummy that stands in for an event of a later version.
        ("" | "SAVEPOINT" | "RELEASE", _) | ("ROLLBACK", "TO") | ("XA", "END" | "PREPARE") => {
            Meaning::Nothing
        }
        ("COMMIT" | "ROLLBACK", _) => Meaning::End,
        ("XA", "COMMIT") => Meaning::XaCommit(branch(&bare)),
        ("XA", "ROLLBACK") => Meaning::XaRollback(branch(&bare)),
        (define, what) if DEFINE.contains(&define) => {
            let of_schema = what == "DATABASE" || what == "SCHEMA";
            let concerns =
                |(schema, table)| statement.concerns(schema, (!of_schema).then_some(table));
            if watched.any(concerns) {
                Meaning::Unknown(Why::Definition)
            } else {
                Meaning::Nothing
            }
        }
        _ => Meaning::Unknown(Why::Statement),
    }
}

impl Statement<'_> {
    /// Whether it names a table, or its schema where it is about whole schemas.
    fn concerns(&self, schema: &str, table: Option<&str>) -> bool {
        let schema_named = mentions(self.text, schema);
        let Some(table) = table else {
            return schema_named;
        };
        let in_schema = schema_named || self.schema.to_lowercase() == schema.to_lowercase();
        in_schema && mentions(self.text, table)
    }
}

/// Whether a text holds a name as a word, in any case: quoted, qualified or bare.
fn mentions(text: &str, name: &str) -> bool {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let part =
        |character: char| character.is_alphanumeric() || character == '_' || character == '$';
    text.match_indices(&name).any(|(at, found)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        let after = text
            .get(at + found.len()..)
            .and_then(|text| text.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// The statement without the comments before its first word. The content of `/*! … */` is run, so it stays.
fn without_comments(statement: &str) -> String {
    let mut rest = statement.trim_start();
    loop {
        let Some(open) = rest.strip_prefix("/*") else {
            match rest.strip_prefix("--").or_else(|| rest.strip_prefix('#')) {
                Some(line) => {
                    rest = line
                        .split_once('\n')
                        .map_or("", |(_, rest)| rest)
                        .trim_start();
                    continue;
                }
                None => return rest.to_owned(),
            }
        };
        if let Some(run) = open.strip_prefix("M!").or_else(|| open.strip_prefix('!')) {
            return run
                .trim_start_matches(|character: char| character.is_ascii_digit())
                .trim_start()
                .to_owned();
        }
        rest = open
            .split_once("*/")
            .map_or("", |(_, rest)| rest)
            .trim_start();
    }
}

/// `X'6162',X'',1` of `XA COMMIT X'6162',X'',1 ONE PHASE`.
fn branch(statement: &str) -> String {
    let rest = statement
        .splitn(3, char::is_whitespace)
        .nth(2)
        .unwrap_or_default();
    let branch = rest.split_whitespace().next().unwrap_or_default();
    branch.trim_end_matches(';').to_ascii_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_mean_what_they_do_to_watched_tables() {
        let define = Meaning::Unknown(Why::Definition);
        let write = Meaning::Unknown(Why::Statement);
        for (statement, expected) in [
            ("BEGIN", Meaning::Begin),
            ("COMMIT", Meaning::End),
            ("ROLLBACK", Meaning::End),
            ("SAVEPOINT `a`", Meaning::Nothing),
            ("ROLLBACK TO `a`", Meaning::Nothing),
            (
                "# Dummy event replacing event type 160 that slave cannot handle",
                Meaning::Nothing,
            ),
            ("TRUNCATE user", define.clone()),
            ("TRUNCATE TABLE `User`", define.clone()),
            ("/* app */ drop database shop", define.clone()),
            ("ALTER TABLE shop.orders ADD x INT", Meaning::Nothing),
            (
                "DROP TABLE `user` /* generated by server */",
                define.clone(),
            ),
            ("RENAME TABLE user2 TO user", define.clone()),
            (
                "/*!40000 ALTER TABLE `user` DISABLE KEYS */",
                define.clone(),
            ),
            ("ALTER TABLE users ADD user_id INT", Meaning::Nothing),
            ("CREATE TABLE t (a INT)", Meaning::Nothing),
            ("UPDATE user SET is_active = 0", write.clone()),
            ("-- x\nDELETE FROM orders", write.clone()),
            ("SELECT `shop`.`f`()", write.clone()),
            ("WITH a AS (SELECT 1) DELETE FROM b", write),
            ("XA START X'61',X'',1", Meaning::Begin),
            ("XA END X'61',X'',1", Meaning::Nothing),
            (
                "XA COMMIT X'61',X'6B',1",
                Meaning::XaCommit("x'61',x'6b',1".to_owned()),
            ),
            (
                "XA ROLLBACK X'61',X'',1",
                Meaning::XaRollback("x'61',x'',1".to_owned()),
            ),
        ] {
            let of = |schema| {
                let text = statement;
                meaning(Statement { text, schema }, [("shop", "user")].into_iter())
            };
            assert_eq!(of("shop"), expected, "{statement}");
            // Elsewhere the same name is another table.
            if expected == define && !statement.to_lowercase().contains("shop") {
                assert_eq!(of("other"), Meaning::Nothing, "{statement}");
            }
        }
    }
}
