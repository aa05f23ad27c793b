//! `sidegate dialect`: what it lists it shows, and what it shows is a dialect.

use super::ended;
use crate::harness::Setup;

#[test]
fn every_dialect_that_is_listed_is_shown_and_can_be_used() {
    let setup = Setup::before_url("http://127.0.0.1:9");
    let listed = ended(&setup, &["dialect", "list"]);
    assert_eq!((listed.code, listed.complaint.as_str()), (Some(0), ""));
    let names: Vec<&str> = listed
        .answer
        .lines()
        .filter_map(|line| line.split(' ').next())
        .collect();
    assert_eq!(names, ["pair", "pampam", "react", "girok", "ddd", "member"]);
    for name in names {
        let shown = ended(&setup, &["dialect", "show", name]);
        assert_eq!(shown.code, Some(0));
        let setup = Setup::before_url("http://127.0.0.1:9")
            .file("mine.yaml", &shown.answer)
            .section("dialects", "{ mine: mine.yaml }")
            .section(
                "accounts",
                "[{ action: login, match: POST /mine, dialect: mine }]",
            );
        setup.write();
        let checked = ended(&setup, &["check"]);
        assert_eq!(checked.code, Some(0), "{name}: {}", checked.answer);
    }
}

#[test]
fn a_dialect_that_is_not_built_in_is_not_shown() {
    let setup = Setup::before_url("http://127.0.0.1:9");
    let shown = ended(&setup, &["dialect", "show", "cobol"]);
    assert_eq!((shown.code, shown.answer.as_str()), (Some(64), ""));
    let said = "sidegate: no dialect cobol is built in; there is pair, pampam, react, girok, ddd, member\n";
    assert_eq!(shown.complaint, said);
}
