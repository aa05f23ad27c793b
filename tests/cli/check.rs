//! `sidegate check` beside the configuration's text: files, formats, the database.

use serde_json::Value;

use super::{ended, written};
use crate::harness::Setup;

/// The usual configuration with another users section, checked with its database.
fn connected(from: &str, to: &str) -> (Option<i32>, String) {
    let setup = written();
    let yaml = setup.yaml();
    assert!(yaml.contains(from), "{yaml}");
    let setup = setup.file("gateway.yaml", &yaml.replacen(from, to, 1));
    let ended = ended(&setup, &["check", "--connect"]);
    (ended.code, ended.answer)
}

#[test]
fn a_good_configuration_is_said_to_be_good() {
    let ended = ended(&written(), &["check"]);
    assert_eq!(
        (ended.code, ended.answer.as_str()),
        (Some(0), "gateway.yaml: good\n")
    );
    assert_eq!(ended.complaint, "");
}

#[test]
fn without_connect_the_database_is_not_asked() {
    let setup = written().variable("DATABASE_URL", "mysql://nobody:secret@192.0.2.1/nowhere");
    assert_eq!(ended(&setup, &["check"]).code, Some(0));
}

#[test]
fn with_connect_a_table_that_fits_is_good() {
    let ended = ended(&written(), &["check", "--connect"]);
    assert_eq!(
        (ended.code, ended.answer.as_str()),
        (Some(0), "gateway.yaml: good\n")
    );
}

#[test]
fn with_connect_an_unknown_table_is_a_mistake() {
    let (code, answer) = connected("table: user", "table: users");
    let expected = "gateway.yaml: users: there is no table `users`; check `users.table` and the database that the URL \
                    names\ngateway.yaml: 1 mistake\n";
    assert_eq!((code, answer.as_str()), (Some(64), expected));
}

#[test]
fn with_connect_an_unknown_column_is_a_mistake() {
    for (from, to, column) in [
        ("login: email", "login: e_mail", "e_mail"),
        ("is_restricted: true", "is_banned: true", "is_banned"),
        ("quit_at: date", "left_at: date", "left_at"),
    ] {
        let (code, answer) = connected(from, to);
        assert_eq!(code, Some(64), "{answer}");
        assert!(answer.contains(&format!("`{column}`")), "{answer}");
        assert!(answer.ends_with("gateway.yaml: 1 mistake\n"), "{answer}");
    }
}

#[test]
fn with_connect_an_unreachable_database_is_a_mistake_without_its_password() {
    for url in [
        "mysql://sidegate:hunter2@127.0.0.1:9/pampam",
        "sqlite:no/such/folder/users.db",
    ] {
        let setup = written().variable("DATABASE_URL", url);
        let ended = ended(&setup, &["check", "--connect"]);
        assert_eq!(ended.code, Some(64), "{ended:?}");
        assert!(
            ended
                .answer
                .contains("users: the user database is unavailable"),
            "{ended:?}"
        );
        assert!(!format!("{ended:?}").contains("hunter2"), "{ended:?}");
    }
}

#[test]
fn with_connect_the_database_is_told_to_machines() {
    let setup = written().variable("DATABASE_URL", "sqlite:no/such/folder/users.db");
    let ended = ended(&setup, &["check", "--connect", "--format", "json"]);
    let report: Value = serde_json::from_str(&ended.answer).expect("JSON");
    assert_eq!(ended.code, Some(64));
    assert_eq!(report["good"], false);
    assert_eq!(report["diagnostics"], Value::Array(Vec::new()));
    let database = report["database"].as_str().expect("a text");
    assert!(
        database.starts_with("the user database is unavailable"),
        "{database}"
    );
}

#[test]
fn a_file_that_cannot_be_read_is_unusable() {
    let setup = Setup::empty().file("latin.yaml", "x");
    std::fs::write(setup.folder().join("latin.yaml"), b"caf\xe9").expect("a file");
    for (file, complaint) in [
        (
            "none.yaml",
            "sidegate: none.yaml cannot be read: No such file or directory",
        ),
        (".", "sidegate: . cannot be read: it is not a regular file"),
        ("latin.yaml", "sidegate: latin.yaml is not UTF-8 text"),
    ] {
        let ended = ended(&setup, &["check", "--config", file]);
        assert_eq!(ended.code, Some(64), "{ended:?}");
        assert!(ended.complaint.starts_with(complaint), "{ended:?}");
    }
}

#[test]
fn an_impossible_command_line_is_unusable_and_help_is_not() {
    let setup = Setup::empty();
    for arguments in [
        &["chek"][..],
        &[],
        &["check", "--conect"],
        &["explain", "GET"],
        &["token"],
    ] {
        let ended = ended(&setup, arguments);
        assert_eq!(ended.code, Some(64), "{arguments:?}");
        assert!(
            ended.answer.is_empty() && !ended.complaint.is_empty(),
            "{ended:?}"
        );
    }
    for arguments in [&["--help"][..], &["--version"], &["check", "--help"]] {
        let ended = ended(&setup, arguments);
        assert_eq!(ended.code, Some(0), "{arguments:?}");
        assert!(
            !ended.answer.is_empty() && ended.complaint.is_empty(),
            "{ended:?}"
        );
    }
}

const GROUPED: &str = r#"
- { match: "/admin/**", group: back_office }
- { match: "/admin/{id}", group: back_office, body_size: 1MiB, require: { subject_is: id } }
- { match: "/admin/open", group: back_office, require_of_group: dropped }
- { match: "/admin/new", group: back_office, mode: observe }
- { match: "/**", access: optional }"#;

#[test]
fn each_route_shows_what_it_requires_and_what_is_from_its_group() {
    let groups =
        "{ back_office: { access: required, body_size: 2MiB, require: { role: [admin] } } }";
    let setup = written().section("groups", groups).routes(GROUPED);
    setup.write();
    let yaml = setup.yaml();
    let place = |part: &str| {
        let line = yaml
            .lines()
            .position(|line| line.contains(part))
            .expect("a line");
        format!("gateway.yaml:{}", line + 1)
    };
    let group = place("back_office: {");
    let shown = ended(&setup, &["check", "--routes"]);
    let expected = format!(
        "/admin/**  ({}), access: required
  requires   group back_office
  group      back_office  ({group})
  inherits   access, body_size, require
/admin/{{id}}  ({}), access: required
  requires   all: [group back_office, subject_is: id]
  group      back_office  ({group})
  inherits   access, require
  overrides  body_size
/admin/open  ({}), access: required
  group      back_office  ({group})
  inherits   access, body_size
  drops      require
/admin/new  ({}), access: required, mode: observe
  requires   group back_office
  group      back_office  ({group})
  inherits   access, body_size, require
/**  ({}), access: optional
",
        place("/admin/**"),
        place("/admin/{id}"),
        place("/admin/open"),
        place("/admin/new"),
        place("\"/**\""),
    );
    assert!(shown.answer.contains(&expected), "{}", shown.answer);
    assert_eq!(shown.code, Some(0));
    let json = ended(&setup, &["check", "--routes", "--format", "json"]);
    let json: Value = serde_json::from_str(&json.answer).expect("JSON");
    let routes = json["routes"].as_array().expect("routes");
    let open = routes.iter().find(|route| route["route"] == "/admin/open");
    assert_eq!(open.expect("the route")["group"]["drops"][0], "require");
    let modes: Vec<&Value> = routes.iter().map(|route| &route["mode"]).collect();
    let observed = modes.iter().filter(|mode| **mode == "observe").count();
    let enforced = modes.iter().filter(|mode| **mode == "enforce").count();
    assert_eq!((observed, enforced), (1, modes.len() - 1));
}
