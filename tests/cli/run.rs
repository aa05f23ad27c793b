//! `sidegate run` where it cannot.

use std::net::TcpListener;

use super::{ended, written};

/// A port that somebody else listens on.
fn taken() -> (TcpListener, String) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    (listener, address)
}

#[test]
fn a_broken_configuration_ends_it_before_a_port_is_bound() {
    let (_listener, address) = taken();
    let setup = written()
        .section("listeners", &format!("[{{ address: \"{address}\" }}]"))
        .section("cors", "{ origins: [nonsense] }");
    setup.write();
    let ended = ended(&setup, &["run"]);
    assert_eq!(ended.code, Some(64), "{ended:?}");
    assert!(
        ended
            .complaint
            .contains("cors.origins[0]: this is not an origin"),
        "{ended:?}"
    );
    assert!(
        ended
            .complaint
            .ends_with("sidegate: gateway.yaml has 1 mistake\n"),
        "{ended:?}"
    );
    assert!(!ended.complaint.contains(&address), "{ended:?}");
}

#[test]
fn a_taken_port_ends_it_and_is_named() {
    let (_listener, address) = taken();
    for section in ["listeners", "admin"] {
        let own = format!("{{ address: \"{address}\" }}");
        let list = format!("[{own}]");
        let yaml = if section == "admin" { &own } else { &list };
        let setup = written().section(section, yaml);
        setup.write();
        let ended = ended(&setup, &["run"]);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.complaint.contains(&address), "{ended:?}");
        assert!(
            ended.complaint.contains("Address already in use"),
            "{ended:?}"
        );
        assert!(
            !ended.complaint.contains("\"message\":\"listening\""),
            "{ended:?}"
        );
    }
}

#[test]
fn no_configuration_at_all_ends_it() {
    let setup = crate::harness::Setup::empty();
    let ended = ended(&setup, &["run"]);
    assert_eq!(ended.code, Some(64));
    assert_eq!(
        ended.complaint,
        "sidegate: gateway.yaml cannot be read: No such file or directory (os error 2)\n"
    );
}
