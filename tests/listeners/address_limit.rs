//! How many connections may come: from one address, and with the descriptors there are.

use crate::harness::{Gateway, Request, Setup, Upstream, client::Connection, wait_until};

fn before(upstream: &Upstream, limits: &str) -> Setup {
    Gateway::before(upstream).section("limits", limits)
}

fn is_served(connection: &mut Connection) -> bool {
    // One that is refused may be reset while it writes.
    let written = connection.try_write(Request::get("/public/a").bytes());
    let head = written.and_then(|()| connection.try_head());
    let mut head = head.ok().flatten();
    if let Some(head) = &mut head {
        connection.body_of(head, "GET");
    }
    head.is_some_and(|head| head.status == 200)
}

#[test]
fn an_address_has_its_share_of_connections_and_no_more() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, "{ connections_per_address: 3 }").start();
    let mut open: Vec<Connection> = (0..3).map(|_| gateway.client().connect()).collect();
    assert!(open.iter_mut().all(is_served));
    for _ in 0..5 {
        assert!(!is_served(&mut gateway.client().connect()));
    }
    // Those that were there are not touched, and one that goes makes room.
    assert!(open.iter_mut().all(is_served));
    open.pop();
    wait_until("room", || is_served(&mut gateway.client().connect()));
}

#[test]
fn connections_of_this_machine_are_limited_only_if_the_operator_says_so() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, "{}").start();
    let mut open: Vec<Connection> = (0..1100).map(|_| gateway.client().connect()).collect();
    assert!(is_served(open.last_mut().expect("a connection")));
}

#[test]
fn behind_a_proxy_the_clients_address_is_what_counts() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, "{ connections_per_address: 1 }")
        .section(
            "listeners",
            "[{ address: 127.0.0.1:0, proxy_protocol: { from: [127.0.0.1] } }]",
        )
        .start();
    let connect = |client: &str| {
        let mut connection = gateway.client().connect();
        connection.write(format!("PROXY TCP6 {client} ::1 4711 443\r\n"));
        connection
    };
    let mut first = connect("2001:db8:0:1::1");
    assert!(is_served(&mut first));
    // The same network, then another one.
    assert!(!is_served(&mut connect("2001:db8:0:1:ffff::2")));
    assert!(is_served(&mut connect("2001:db8:0:2::1")));
    assert!(is_served(&mut first));
}

#[test]
fn a_trusted_proxy_speaks_for_many() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, "{ connections_per_address: 1 }")
        .section("trusted_proxies", "[127.0.0.1]")
        .start();
    let mut open: Vec<Connection> = (0..3).map(|_| gateway.client().connect()).collect();
    assert!(open.iter_mut().all(is_served));
}

#[test]
fn out_of_descriptors_the_gateway_waits_and_then_goes_on() {
    let upstream = Upstream::start();
    let gateway = before(&upstream, "{ idle_timeout: 60s }")
        .open_files(48)
        .start();
    let mut open: Vec<Connection> = (0..60).map(|_| gateway.client().connect()).collect();
    gateway.log_line("cannot accept connections");
    open.truncate(1);
    gateway.log_line("connections are accepted again");
    wait_until("service", || is_served(&mut gateway.client().connect()));
    // It has said so once, and not twenty times a second.
    let said = gateway.said();
    assert!(
        said.matches("cannot accept connections").count() < 5,
        "{said}"
    );
}
