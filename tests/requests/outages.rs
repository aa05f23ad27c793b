//! An upstream that is down altogether, and how it is found to be back.

use std::{
    net::{SocketAddr, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering::SeqCst},
    },
    time::Duration,
};

use socket2::{Domain, Socket, Type};

use crate::harness::{Gateway, Request, Setup, Upstream, wait_until};

/// Requests until the upstream is given up.
fn give_up(gateway: &Gateway) {
    wait_until("the upstream to be given up", || {
        let response = gateway.get("/public/a");
        assert!(matches!(response.status, 502..=504), "{}", response.status);
        response.text().contains("upstream_down")
    });
}

#[test]
fn an_upstream_that_is_down_is_refused_at_once_and_found_when_it_is_back() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    assert_eq!(gateway.get("/public/a").status, 200);
    upstream.kill();
    let mut codes = Vec::new();
    for index in 0..6 {
        let path = format!("/public/{index}");
        gateway.get(&path);
        codes.push(gateway.outcome(&path));
    }
    let unreachable = "upstream_unreachable";
    let down = "upstream_down";
    assert_eq!(
        codes,
        [
            unreachable,
            unreachable,
            unreachable,
            unreachable,
            unreachable,
            down
        ]
    );
    for request in [
        Request::get("/public/b"),
        Request::post("/public/b").body("x"),
    ] {
        let response = gateway.send(&request);
        if response.status != 502 {
            assert_eq!(
                (response.status, response.header("retry-after")),
                (503, Some("1"))
            );
        }
    }
    let ready = gateway.ask("/ready");
    assert_eq!(ready.status, 503);
    assert!(
        ready.text().contains("the upstream api is down"),
        "{}",
        ready.text()
    );
    gateway.log_line("left alone");
    upstream.listen();
    wait_until("the upstream to be back", || {
        gateway.get("/public/c").status == 200
    });
    gateway.log_line("is back");
    assert_eq!(gateway.ask("/ready").status, 200);
    for _ in 0..20 {
        assert_eq!(gateway.get("/public/d").status, 200);
    }
}

#[test]
fn a_hundred_clients_of_a_dead_upstream_do_not_wait_for_a_hundred_connects() {
    // Connections to it are neither taken nor refused once these fill its queue.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
    socket.bind(&any.into()).expect("a port");
    socket.listen(0).expect("a listener");
    let address = socket.local_addr().expect("an address").as_socket();
    let address = address.expect("an address");
    let connect = |_| TcpStream::connect_timeout(&address, Duration::from_millis(100)).ok();
    let _waiting: Vec<TcpStream> = (0..8).map_while(connect).collect();
    let upstreams = format!(
        "{{ api: {{ endpoints: [\"http://{address}\"], connect_timeout: 300ms, ejection: {{ failures: 2 }} }} }}"
    );
    let setup = Setup::before_url("http://127.0.0.1").section("upstreams", &upstreams);
    let gateway = setup.start();
    give_up(&gateway);
    let before = gateway.access_lines(1).len();
    let mut clients: Vec<_> = (0..100).map(|_| gateway.client().connect()).collect();
    for client in &mut clients {
        client.write(Request::get("/public/many").bytes());
    }
    for client in &mut clients {
        client.response();
    }
    let lines = gateway.access_lines(before + 100);
    let lines = lines.iter().filter(|line| line["path"] == "/public/many");
    let refused = lines.filter(|line| line["outcome"] == "upstream_down");
    let mut times: Vec<u64> = refused
        .map(|line| line["time_us"].as_u64().expect("a number"))
        .collect();
    times.sort_unstable();
    // One request a second finds out whether it is back.
    assert!(times.len() >= 95, "{}", times.len());
    assert!(
        times[times.len() / 2] < 50_000,
        "{} us",
        times[times.len() / 2]
    );
}

/// An upstream whose `/health` answers what the number says.
fn patient() -> (Upstream, Arc<AtomicU16>) {
    let health = Arc::new(AtomicU16::new(200));
    let answer = Arc::clone(&health);
    let upstream = Upstream::answering(move |seen, wire| match seen.target() {
        "/health" => wire.respond(answer.load(SeqCst), &[], b""),
        _ => wire.respond(200, &[], b""),
    });
    (upstream, health)
}

fn requests(upstream: &Upstream) -> usize {
    let seen = upstream.seen();
    seen.iter()
        .filter(|seen| seen.target() != "/health")
        .count()
}

const HEALTH: &str = "slow_start: 0s, health: { path: /health, interval: 10ms, timeout: 2s, healthy: 2, unhealthy: 2 }";

#[test]
fn an_endpoint_that_says_it_is_not_well_gets_nothing_until_it_is() {
    let (one, _) = patient();
    let (two, health) = patient();
    let gateway = Setup::before_all(&[&one, &two], HEALTH).start();
    health.store(503, SeqCst);
    let line = gateway.log_line("the health check takes an endpoint out");
    assert!(line.contains("503"), "{line}");
    let before = requests(&two);
    for _ in 0..50 {
        assert_eq!(gateway.get("/public/a").status, 200);
    }
    assert_eq!(requests(&two), before);
    assert_eq!(gateway.ask("/ready").status, 200, "there is another");
    health.store(204, SeqCst);
    gateway.log_line("is back");
    wait_until("requests", || {
        assert_eq!(gateway.get("/public/a").status, 200);
        requests(&two) > before
    });
    let said = gateway.said();
    assert_eq!(said.matches("takes an endpoint out").count(), 1, "{said}");
    assert_eq!(said.matches("is back").count(), 1, "{said}");
}

#[test]
fn an_upstream_without_a_well_endpoint_is_down_and_not_tried() {
    let (upstream, health) = patient();
    health.store(500, SeqCst);
    let gateway = Setup::before_all(&[&upstream], HEALTH).start();
    gateway.log_line("takes an endpoint out");
    let before = requests(&upstream);
    for _ in 0..20 {
        assert_eq!(gateway.get("/public/a").status, 503);
    }
    assert_eq!(requests(&upstream), before);
    assert_eq!(gateway.ask("/ready").status, 503);
    health.store(200, SeqCst);
    gateway.log_line("is back");
    assert_eq!(gateway.get("/public/a").status, 200);
    assert_eq!(gateway.ask("/ready").status, 200);
}

#[test]
fn the_health_check_asks_as_a_client_would() {
    let (upstream, _) = patient();
    let gateway = Setup::before_all(&[&upstream], HEALTH).start();
    upstream.wait_for("the question", |seen| {
        seen.request_line() == "GET /health HTTP/1.1"
            && seen.values("host") == [upstream.address().to_string()]
    });
    drop(gateway);
}
