//! Configurations that can be used, with and without warnings.

use crate::{
    config::fixture::{Fixture, differences},
    harness::Setup,
};

#[test]
fn good_configurations_are_good() {
    let differences = differences("accepts", 0);
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn what_is_probably_not_meant_is_warned_of_and_taken() {
    let differences = differences("warnings", 0);
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn warnings_are_apart_from_mistakes_in_json() {
    for fixture in Fixture::all("warnings") {
        let report = fixture.json();
        let found = report["diagnostics"].as_array().expect("a list");
        assert_eq!(report["good"], true, "{}", fixture.name);
        assert!(!found.is_empty(), "{}", fixture.name);
        assert!(
            found.iter().all(|found| found["severity"] == "warning"),
            "{report}"
        );
    }
}

#[test]
fn warnings_show_no_secret() {
    let leak = Fixture::all("warnings").iter().find_map(Fixture::leak);
    assert_eq!(leak, None);
}

#[test]
fn a_mark_at_the_beginning_and_dos_line_ends_change_nothing() {
    let text = "\u{feff}listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { api: { endpoints: [http://127.0.0.1:8000] } }
tokens: { access: { algorithm: HS256, secret: \"${SECRET_KEY}\", lifetime: 30d } }
routes: [{ match: \"/**\", access: required }]
";
    let setup = Setup::empty().file("gateway.yaml", &text.replace('\n', "\r\n"));
    let output = setup.command(&["check"]).output().expect("the binary");
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "gateway.yaml: good\n"
    );
}

#[test]
fn a_secret_comes_from_a_file_beside_the_configuration() {
    let text = "listeners: [{ address: 127.0.0.1:8080 }]
upstreams: { api: { endpoints: [http://127.0.0.1:8000] } }
tokens: { access: { algorithm: HS256, secret: \"file:key.txt\", lifetime: 30d } }
routes: [{ match: \"/**\", access: required }]
";
    let setup = Setup::empty()
        .file("gateway.yaml", text)
        .file("key.txt", "a-secret-in-a-file-of-its-own-000000\n");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let mut command = setup.command(&["check", "--config"]);
    command
        .arg(setup.folder().join("gateway.yaml"))
        .current_dir(elsewhere.path());
    let output = command.output().expect("the binary");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
