//! Configurations that are refused, each with its line, its value and its fix.

use crate::{
    config::fixture::{Fixture, differences},
    harness::Setup,
};

#[test]
fn broken_configurations_are_refused_with_place_value_and_fix() {
    let differences = differences("rejects", 64);
    assert!(differences.is_empty(), "{differences}");
}

#[test]
fn mistakes_are_told_to_machines_too() {
    for fixture in Fixture::all("rejects") {
        let report = fixture.json();
        let found = report["diagnostics"].as_array().expect("a list");
        assert_eq!(report["good"], false, "{}", fixture.name);
        let mistakes = found
            .iter()
            .filter(|found| found["severity"] == "mistake")
            .count();
        let plural = if mistakes == 1 { "" } else { "s" };
        let end = format!("gateway.yaml: {mistakes} mistake{plural}\n");
        assert!(
            fixture.expected.ends_with(&end),
            "{}: {report:#}",
            fixture.name
        );
    }
}

#[test]
fn mistakes_show_no_secret() {
    let leak = Fixture::all("rejects").iter().find_map(Fixture::leak);
    assert_eq!(leak, None);
}

#[test]
fn a_broken_configuration_is_run_by_no_command() {
    for fixture in Fixture::all("rejects") {
        for arguments in [
            &["run"][..],
            &["explain", "GET", "/"],
            &["token", "mint", "--user", "1"],
        ] {
            let output = fixture.run(arguments);
            let name = &fixture.name;
            assert_eq!(output.status.code(), Some(64), "{name} {arguments:?}");
            assert!(output.stdout.is_empty(), "{name} {arguments:?}");
            let complaint = String::from_utf8_lossy(&output.stderr);
            assert!(
                complaint.contains("sidegate: gateway.yaml has "),
                "{name}: {complaint}"
            );
        }
    }
}

#[test]
fn without_its_environment_a_configuration_is_refused_by_name() {
    let setup = Setup::before_url("http://127.0.0.1:9");
    setup.write();
    let output = setup
        .command(&["check"])
        .env_clear()
        .output()
        .expect("the binary");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(64));
    for name in ["SECRET_KEY", "REFRESH_TOKEN_SECRET_KEY", "DATABASE_URL"] {
        assert!(
            printed.contains(&format!("the environment has no {name};")),
            "{printed}"
        );
    }
}
