//! Sockets that a service manager hands over, and what it is told.

use std::{
    io::{Read, Write},
    net::TcpListener,
    os::{
        fd::OwnedFd,
        unix::net::{UnixDatagram, UnixListener, UnixStream},
    },
};

use crate::harness::{Gateway, PATIENCE, Request, Upstream};

#[test]
fn a_socket_of_the_service_manager_is_taken_by_its_name_or_its_number() {
    let upstream = Upstream::start();
    for address in ["systemd:web", "systemd:0"] {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
        let expected = listener.local_addr().expect("an address");
        let gateway = Gateway::before(&upstream)
            .section("listeners", &format!("[{{ address: {address} }}]"))
            .socket("web", OwnedFd::from(listener))
            .start();
        assert_eq!(gateway.address, expected);
        assert_eq!(gateway.get("/public/a").status, 200);
    }
}

#[test]
fn a_unix_socket_of_the_service_manager_stays_when_the_gateway_goes() {
    let upstream = Upstream::start();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("web.sock");
    let listener = UnixListener::bind(&path).expect("a socket");
    let mut gateway = Gateway::before(&upstream)
        .section(
            "listeners",
            "[{ address: 127.0.0.1:0 }, { address: systemd:web }]",
        )
        .socket("web", OwnedFd::from(listener))
        .start();
    let mut stream = UnixStream::connect(&path).expect("a connection");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a socket option");
    let request = Request::get("/public/a").header("Connection", "close");
    stream.write_all(&request.bytes()).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
    gateway.sigterm();
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(path.exists());
}

#[test]
fn a_socket_that_was_not_handed_over_is_missed_at_the_start() {
    let upstream = Upstream::start();
    let before = || Gateway::before(&upstream).section("listeners", "[{ address: systemd:web }]");
    let listener = TcpListener::bind("127.0.0.1:0").expect("a socket");
    let address = listener.local_addr().expect("an address");
    let connected = std::net::TcpStream::connect(address).expect("a connection");
    for (setup, expected) in [
        (before(), "the service manager handed no socket over"),
        (
            before().socket("other", OwnedFd::from(listener)),
            "none has this name or number",
        ),
        (
            before().socket("web", OwnedFd::from(connected)),
            "it is a connection and does not listen",
        ),
    ] {
        let config = setup.write();
        let output = setup.command(&["run", "--config"]).arg(config).output();
        let output = output.expect("the binary");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            said.contains(expected) && said.contains("systemd:web"),
            "{said}"
        );
        assert!(!output.status.success());
    }
}

#[test]
fn the_service_manager_is_told_how_far_the_gateway_is() {
    let upstream = Upstream::start();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("notify.sock");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager
        .set_read_timeout(Some(PATIENCE))
        .expect("a socket option");
    let heard = || {
        let mut message = [0; 256];
        let length = manager.recv(&mut message).expect("a message");
        String::from_utf8_lossy(&message[..length]).into_owned()
    };
    let mut gateway = Gateway::before(&upstream)
        .variable("NOTIFY_SOCKET", path.to_str().expect("a path"))
        .start();
    assert_eq!(heard(), "READY=1\n");
    gateway.sighup();
    assert!(heard().starts_with("RELOADING=1\nMONOTONIC_USEC="));
    assert_eq!(heard(), "READY=1\n");
    assert_eq!(gateway.get("/public/a").status, 200);
    gateway.sigterm();
    assert_eq!(heard(), "STOPPING=1\n");
    assert_eq!(gateway.exit_code(), Some(0));
}
