//! A new process follows one that runs: no connection is refused, no request fails.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use crate::harness::{Client, Gateway, Request, Setup, Upstream, wait_until};

fn followed(upstream: &Upstream) -> Setup {
    let setup = Gateway::before(upstream);
    let socket = setup.folder().join("takeover.sock");
    let takeover = format!("{{ socket: \"{}\" }}", socket.display());
    setup.section("takeover", &takeover)
}

#[test]
fn ten_restarts_under_load_lose_no_request() {
    let upstream = Upstream::start();
    let mut gateway = followed(&upstream).start();
    let client = gateway.client();
    let (stop, answered) = (
        Arc::new(AtomicBool::new(false)),
        Arc::new(AtomicUsize::new(0)),
    );
    let load: Vec<_> = (0..4)
        .map(|_| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            thread::spawn(move || load(client, &stop, &answered))
        })
        .collect();
    for _ in 0..10 {
        let before = answered.load(Ordering::Relaxed);
        wait_until("load", || answered.load(Ordering::Relaxed) > before + 50);
        let mut successor = gateway.follow();
        assert_eq!(successor.address, gateway.address);
        assert_eq!(successor.admin, gateway.admin);
        assert_eq!(gateway.exit_code(), Some(0));
        std::mem::swap(&mut gateway, &mut successor);
    }
    stop.store(true, Ordering::Relaxed);
    for thread in load {
        thread.join().expect("no request fails");
    }
    assert_eq!(gateway.get("/public/a").status, 200);
}

/// Requests over connections that are kept as long as the gateway keeps them.
fn load(client: Client, stop: &AtomicBool, answered: &AtomicUsize) {
    let mut connection = client.connect();
    while !stop.load(Ordering::Relaxed) {
        for path in ["/public/a", "/private/a"] {
            let response = connection.send(&Request::get(path));
            assert_eq!(response.status, if path == "/public/a" { 200 } else { 401 });
            answered.fetch_add(1, Ordering::Relaxed);
            if response.header("connection") == Some("close") {
                connection = client.connect();
            }
        }
    }
}

#[test]
fn a_successor_that_cannot_start_leaves_the_gateway_as_it_is() {
    let upstream = Upstream::start();
    let gateway = followed(&upstream).start();
    let broken = gateway.setup().yaml().replace(
        "admin: { address: 127.0.0.1:0 }",
        "admin: { address: 192.0.2.1:1 }",
    );
    std::fs::write(gateway.setup().folder().join("broken.yaml"), broken).expect("a file");
    let mut command = gateway.setup().command(&["run", "--config", "broken.yaml"]);
    let output = command.output().expect("the binary");
    assert!(!output.status.success());
    gateway.log_line("a takeover failed");
    assert_eq!(gateway.get("/public/a").status, 200);
    let successor = gateway.follow();
    assert_eq!(successor.get("/public/a").status, 200);
}

#[test]
fn a_unix_socket_is_taken_over_with_its_file() {
    let upstream = Upstream::start();
    let setup = followed(&upstream);
    let path = setup.folder().join("gateway.sock");
    let listeners = format!(
        "[{{ address: 127.0.0.1:0 }}, {{ address: \"unix:{}\" }}]",
        path.display()
    );
    let mut gateway = setup.section("listeners", &listeners).start();
    let mut successor = gateway.follow();
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(std::os::unix::net::UnixStream::connect(&path).is_ok());
    successor.sigterm();
    assert_eq!(successor.exit_code(), Some(0));
    assert!(!path.exists());
}

#[test]
fn what_a_dead_process_has_left_is_no_predecessor() {
    let upstream = Upstream::start();
    let mut gateway = followed(&upstream).start();
    gateway.sigkill();
    let successor = gateway.follow();
    assert_eq!(successor.get("/public/a").status, 200);
}
