//! One upstream with several endpoints: who gets what, and what happens when one of them goes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
    },
    thread,
};

use sidegate::clock::Clock;

use crate::harness::{After, Gate, Gateway, Request, Setup, Upstream, wait_until};

/// Ejections that end soon, for tests that wait for it.
const SHORT: &str = "ejection: { failures: 2, period: 100ms }";

/// Requests without and with a body go to the upstream in different ways.
fn both(path: &str) -> [Request; 2] {
    [Request::get(path), Request::post(path).body("x")]
}

/// Closes without an answer.
fn closing() -> Upstream {
    Upstream::answering(|_, _| After::Close)
}

fn seen(upstreams: &[&Upstream]) -> usize {
    upstreams.iter().map(|upstream| upstream.seen().len()).sum()
}

#[test]
fn endpoints_share_the_requests() {
    let upstreams = [Upstream::start(), Upstream::start(), Upstream::start()];
    let [one, two, three] = &upstreams;
    let gateway = Setup::before_all(&[one, two, three], "").start();
    for request in both("/public/a") {
        let mut connection = gateway.client().connect();
        for _ in 0..60 {
            assert_eq!(connection.send(&request).status, 200);
        }
    }
    for upstream in &upstreams {
        let share = upstream.seen().len();
        assert!((15..=65).contains(&share), "{share} of 120");
    }
}

#[test]
fn a_slow_endpoint_gets_no_more_while_others_are_free() {
    let gate = Gate::shut();
    let held = gate.clone();
    let slow = Upstream::answering(move |_, wire| {
        held.pass();
        wire.respond(200, &[], b"slow")
    });
    let fast = Upstream::start();
    // Another core's requests count as well.
    let gateway = Setup::before_all(&[&slow, &fast], "")
        .section("cores", "2")
        .start();
    let mut waiting = Vec::new();
    while slow.seen().is_empty() {
        let mut connection = gateway.client().connect();
        let before = seen(&[&slow, &fast]);
        connection.write(Request::get("/public/a").bytes());
        wait_until("the request", || seen(&[&slow, &fast]) > before);
        waiting.push(connection);
    }
    for request in both("/public/b") {
        for _ in 0..20 {
            assert_eq!(gateway.send(&request).status, 200);
        }
    }
    assert_eq!(slow.seen().len(), 1);
    gate.open();
    for mut connection in waiting {
        assert_eq!(connection.response().status, 200);
    }
}

#[test]
fn nobody_notices_that_an_endpoint_is_killed_nor_that_it_is_back() {
    let (stays, goes) = (Upstream::start(), Upstream::start());
    let gateway = Setup::before_all(&[&stays, &goes], SHORT).start();
    let stop = Arc::new(AtomicBool::new(false));
    let count = Arc::new(AtomicUsize::new(0));
    let clients = (0..4).map(|_| {
        let (client, stop, count) = (gateway.client(), stop.clone(), count.clone());
        thread::spawn(move || {
            let mut connection = client.connect();
            while !stop.load(SeqCst) {
                let response = connection.send(&Request::get("/public/a"));
                assert_eq!(response.status, 200, "{}", response.text());
                count.fetch_add(1, SeqCst);
            }
        })
    });
    let clients: Vec<_> = clients.collect();
    let wait_for = |more: usize| {
        let before = count.load(SeqCst);
        wait_until("requests", || count.load(SeqCst) > before + more);
    };
    wait_for(100);
    goes.kill();
    gateway.log_line("left alone");
    wait_for(100);
    goes.listen();
    let before = goes.seen().len();
    wait_until("the endpoint to be used again", || {
        goes.seen().len() > before + 20
    });
    gateway.log_line("is back");
    stop.store(true, SeqCst);
    for client in clients {
        client.join().expect("every answer is 200");
    }
}

#[test]
fn what_could_not_be_sent_goes_to_the_next_endpoint_whatever_the_method() {
    let upstreams = [Upstream::start(), Upstream::start(), Upstream::start()];
    let [one, two, three] = &upstreams;
    let keys = "ejection: { failures: 0 }, retry: { attempts: 0 }";
    let gateway = Setup::before_all(&[one, two, three], keys).start();
    one.kill();
    two.kill();
    for method in ["GET", "POST", "PATCH"] {
        for request in [
            Request::new(method, "/public/a"),
            Request::new(method, "/public/a").body("x"),
        ] {
            for _ in 0..5 {
                assert_eq!(gateway.send(&request).status, 200, "{request:?}");
            }
        }
    }
    assert_eq!(three.seen().len(), 30);
}

#[test]
fn a_websocket_finds_the_endpoint_that_is_there_and_is_no_request_any_more() {
    const SWITCHED: &str = "HTTP/1.1 101 S\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
    let (gone, there) = (Upstream::start(), Upstream::saying(SWITCHED, After::Keep));
    let keys = "concurrency: { requests: 1, queue: 0 }";
    let gateway = Setup::before_all(&[&gone, &there], keys).start();
    gone.kill();
    let request = Request::get("/public/ws")
        .header("Connection", "upgrade")
        .header("Upgrade", "websocket");
    let tunnels = [(); 8].map(|()| {
        let mut connection = gateway.client().connect();
        connection.write(request.bytes());
        assert_eq!(connection.head().status, 101);
        connection
    });
    assert_eq!(there.connections(), tunnels.len());
}

#[test]
fn a_post_that_was_sent_is_sent_to_nobody_else() {
    for request in [
        Request::post("/public/pay"),
        Request::post("/public/pay").body("1"),
        Request::new("PATCH", "/public/pay"),
    ] {
        let (one, two) = (closing(), closing());
        let gateway = Setup::before_all(&[&one, &two], "").start();
        assert_eq!(gateway.send(&request).status, 502);
        assert_eq!(seen(&[&one, &two]), 1, "{request:?}");
    }
}

#[test]
fn a_get_that_nobody_answered_is_sent_to_another_endpoint_once() {
    for method in ["GET", "PUT", "DELETE"] {
        let upstreams = [closing(), closing(), closing()];
        let [one, two, three] = &upstreams;
        let gateway = Setup::before_all(&[one, two, three], "").start();
        let response = gateway.send(&Request::new(method, "/public/a"));
        assert_eq!(response.status, 502);
        let mut counts = upstreams.each_ref().map(|upstream| upstream.seen().len());
        counts.sort_unstable();
        assert_eq!(counts, [0, 1, 1], "{method}");
    }
}

#[test]
fn an_answer_that_has_begun_is_asked_of_nobody_else() {
    let half = || Upstream::saying("HTTP/1.1 200 O", After::Close);
    let refusing = || Upstream::saying("HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", After::Keep);
    for (make, status) in [
        (&half as &dyn Fn() -> Upstream, 502),
        (&refusing as &dyn Fn() -> Upstream, 503),
    ] {
        let (one, two) = (make(), make());
        let gateway = Setup::before_all(&[&one, &two], "").start();
        assert_eq!(gateway.get("/public/a").status, status);
        assert_eq!(seen(&[&one, &two]), 1);
    }
}

#[test]
fn when_everything_fails_not_everything_is_sent_twice() {
    const REQUESTS: usize = 200;
    let (one, two) = (closing(), closing());
    let keys = "ejection: { failures: 0 }, retry: { attempts: 1, budget: 20% }";
    let gateway = Setup::before_all(&[&one, &two], keys).start();
    let start = Clock.instant();
    for _ in 0..REQUESTS {
        assert_eq!(gateway.get("/public/a").status, 502);
    }
    let seconds = Clock.instant().duration_since(start).as_secs() + 1;
    let floor = 3 + 3 * usize::try_from(seconds).expect("a few");
    let repeated = seen(&[&one, &two]) - REQUESTS;
    assert!(repeated >= REQUESTS / 5, "{repeated}");
    assert!(repeated <= REQUESTS / 5 + floor, "{repeated}");
}

#[test]
fn an_endpoint_that_is_back_begins_slowly() {
    let share = |slow_start: &str| {
        let (stays, returns) = (Upstream::start(), Upstream::start());
        let keys = format!("{SHORT}, slow_start: {slow_start}");
        let gateway = Setup::before_all(&[&stays, &returns], &keys).start();
        let mut connection = gateway.client().connect();
        let mut get = || connection.send(&Request::get("/public/a")).status;
        returns.kill();
        while !gateway.said().contains("left alone") {
            assert_eq!(get(), 200);
        }
        returns.listen();
        while !gateway.said().contains("is back") {
            assert_eq!(get(), 200);
        }
        let before = returns.seen().len();
        for _ in 0..200 {
            assert_eq!(get(), 200);
        }
        returns.seen().len() - before
    };
    let (slowly, at_once) = (share("1h"), share("0s"));
    assert!(slowly < 35, "{slowly} of 200");
    assert!(at_once > 60, "{at_once} of 200");
}

#[test]
fn an_endpoint_that_breaks_its_answers_is_left_alone_while_there_is_another() {
    let (good, bad) = (Upstream::start(), closing());
    let keys = "ejection: { failures: 2, period: 1h }";
    let gateway = Setup::before_all(&[&good, &bad], keys).start();
    while !gateway.said().contains("left alone") {
        assert_eq!(gateway.get("/public/a").status, 200);
    }
    let before = bad.seen().len();
    for _ in 0..50 {
        assert_eq!(gateway.send(&Request::post("/public/a")).status, 200);
    }
    assert_eq!(bad.seen().len(), before);
    assert_eq!(gateway.ask("/ready").status, 200);
}

#[test]
fn an_only_endpoint_is_not_given_up_for_a_route_that_breaks() {
    let upstream = Upstream::answering(|seen, wire| match seen.target() {
        "/public/broken" => After::Close,
        _ => wire.respond(200, &[], b""),
    });
    let gateway = Setup::before_all(&[&upstream], "ejection: { failures: 1, period: 1h }").start();
    for _ in 0..10 {
        assert_eq!(gateway.get("/public/broken").status, 502);
    }
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn a_busy_connection_is_closed_when_it_is_old_so_that_a_name_is_followed() {
    for request in both("/public/a") {
        let upstream = Upstream::start();
        let gateway = Setup::before_all(&[&upstream], "connection_age: 100ms").start();
        let mut connection = gateway.client().connect();
        wait_until("further connections", || {
            assert_eq!(connection.send(&request).status, 200);
            upstream.connections() > 2
        });
        upstream.wait_for_close(0);
    }
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut connection = gateway.client().connect();
    for _ in 0..50 {
        assert_eq!(connection.send(&Request::get("/public/a")).status, 200);
    }
    assert_eq!(upstream.connections(), 1);
}
