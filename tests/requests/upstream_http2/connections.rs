//! How many connections there are, when they end, and what is sent again.

use std::{future::Future, net::TcpListener, pin::Pin};

use http::Response;

use super::{before, call, knowing};
use crate::harness::{
    Gate, PATIENCE, Request, Watch,
    streams::{Arrived, Client, Origin, Setup, run_in_time},
    wait_until,
};

fn ok(arrived: &mut Arrived) {
    let sent = arrived.respond.send_response(Response::new(()), true);
    sent.expect("a response");
}

/// Answers when so many streams are waiting.
fn gathering(setup: Setup, count: usize) -> Origin {
    let waiting = Watch::new(0);
    Origin::answering(setup, move |mut arrived| {
        let waiting = waiting.clone();
        async move {
            waiting.change(|waiting| *waiting += 1);
            while waiting.read(|waiting| *waiting < count) {
                tokio::task::yield_now().await;
            }
            ok(&mut arrived);
        }
    })
}

fn at_the_same_time(gateway: &crate::harness::Gateway, count: usize) -> Vec<u16> {
    run_in_time(async {
        let client = Client::connect(gateway.address).await;
        let uri = format!("http://{}/public/a", gateway.address);
        let requests = (0..count).map(|_| client.get(&uri));
        let responses = futures_util::future::join_all(requests).await;
        responses
            .iter()
            .map(|response| response.status().as_u16())
            .collect()
    })
}

#[test]
fn exchanges_at_the_same_time_share_one_connection() {
    let origin = gathering(Setup::default(), 50);
    let gateway = knowing(&origin, "");
    assert_eq!(at_the_same_time(&gateway, 50), [200; 50]);
    assert_eq!(origin.connections(), 1);
}

#[test]
fn no_more_streams_are_begun_than_the_upstream_allows() {
    let setup = Setup {
        most_streams: Some(4),
        ..Setup::default()
    };
    let origin = gathering(setup, 12);
    let gateway = knowing(&origin, "");
    assert_eq!(at_the_same_time(&gateway, 12), [200; 12]);
    assert_eq!(origin.connections(), 3);
}

#[test]
fn after_a_goaway_requests_go_over_another_connection_and_none_is_lost() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        arrived.connection.go_away();
        ok(&mut arrived);
    });
    let gateway = knowing(&origin, "");
    for round in 0..20 {
        assert_eq!(gateway.get("/public/a").status, 200, "round {round}");
        assert_eq!(
            gateway.send(&Request::post("/public/a").body("x")).status,
            200
        );
    }
}

#[test]
fn a_stream_goes_on_after_a_goaway_that_names_it() {
    let gate = Gate::shut();
    let kept_shut = gate.clone();
    let origin = Origin::answering(Setup::default(), move |mut arrived| {
        let gate = kept_shut.clone();
        async move {
            if arrived.head.uri().path() == "/public/a" {
                let head = Response::new(());
                let mut body = arrived.respond.send_response(head, false).expect("a head");
                body.send_data("one".into(), false).expect("sent");
                arrived.connection.go_away();
                while !gate.is_open() {
                    tokio::task::yield_now().await;
                }
                body.send_data("two".into(), true).expect("sent");
            } else {
                ok(&mut arrived);
            }
        }
    });
    let gateway = knowing(&origin, "");
    let mut connection = gateway.client().connect();
    connection.write(Request::get("/public/a").bytes());
    let mut response = connection.head();
    wait_until("a second connection", || {
        assert_eq!(gateway.get("/public/b").status, 200);
        origin.connections() == 2
    });
    gate.open();
    connection.body_of(&mut response, "GET");
    assert_eq!((response.text().as_str(), response.whole), ("onetwo", true));
}

/// Refuses the first stream of the first connection, in one way or another.
fn refusing(
    refuse: impl Fn(&mut Arrived) -> Pin<Box<dyn Future<Output = ()> + '_>> + Copy + Send + 'static,
) -> Origin {
    let refused = Watch::new(false);
    Origin::answering(Setup::default(), move |mut arrived| {
        let first = refused.change(|refused| !std::mem::replace(refused, true));
        async move {
            if first {
                refuse(&mut arrived).await;
            } else {
                drop(arrived.body.whole().await);
                ok(&mut arrived);
            }
        }
    })
}

#[test]
fn a_refused_stream_is_sent_again() {
    let origin = refusing(|arrived| {
        arrived.respond.send_reset(h2::Reason::REFUSED_STREAM);
        Box::pin(async {})
    });
    let gateway = knowing(&origin, "");
    assert_eq!(gateway.send(&Request::post("/public/a")).status, 200);
    assert_eq!(origin.heads().len(), 2);
}

#[test]
fn a_refused_stream_whose_body_was_read_is_lost() {
    let origin = refusing(|arrived| {
        Box::pin(async {
            drop(arrived.body.piece().await);
            arrived.respond.send_reset(h2::Reason::REFUSED_STREAM);
        })
    });
    let gateway = knowing(&origin, "");
    let response = gateway.send(&Request::post("/public/a").body("x"));
    assert_eq!(response.status, 502);
    assert_eq!(origin.heads().len(), 1);
}

#[test]
fn a_stream_that_was_begun_is_not_sent_again() {
    for end in ["reset", "close", "abort"] {
        let origin = Origin::answering(Setup::default(), move |mut arrived| async move {
            match end {
                "reset" => arrived.respond.send_reset(h2::Reason::INTERNAL_ERROR),
                "close" => arrived.connection.close(),
                _ => arrived.connection.abort(),
            }
            std::future::pending::<()>().await;
        });
        let gateway = knowing(&origin, "");
        assert_eq!(
            gateway.send(&Request::post("/public/a")).status,
            502,
            "{end}"
        );
        assert_eq!(gateway.outcome("/public/a"), "upstream_closed", "{end}");
        assert_eq!(origin.heads().len(), 1, "{end}");
    }
}

#[test]
fn a_connection_that_closes_as_a_request_comes_is_no_502() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        // Without a word: this connection has carried one exchange before.
        if arrived.head.uri().path() == "/public/b" && arrived.number == 0 {
            arrived.connection.close();
            std::future::pending::<()>().await;
        }
        ok(&mut arrived);
    });
    let gateway = knowing(&origin, "");
    assert_eq!(gateway.get("/public/a").status, 200);
    assert_eq!(gateway.get("/public/b").status, 200);
    assert_eq!((origin.heads().len(), origin.connections()), (3, 2));
}

#[test]
fn a_request_that_must_not_be_repeated_is_lost_with_its_connection() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        if arrived.head.uri().path() == "/public/b" {
            arrived.connection.close();
            std::future::pending::<()>().await;
        }
        ok(&mut arrived);
    });
    let gateway = knowing(&origin, "");
    for request in [
        Request::post("/public/b"),
        Request::new("PUT", "/public/b").body("x"),
    ] {
        assert_eq!(gateway.get("/public/a").status, 200);
        let heads = origin.heads().len();
        assert_eq!(gateway.send(&request).status, 502);
        assert_eq!(origin.heads().len(), heads + 1);
    }
}

#[test]
fn a_connection_that_has_become_too_old_is_replaced() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| ok(&mut arrived));
    let gateway = knowing(&origin, ", connection_age: 100ms, keep_alive: 1m");
    wait_until("a second connection", || {
        assert_eq!(gateway.get("/public/a").status, 200);
        origin.connections() == 2
    });
    origin.wait_for_closed(1);
}

#[test]
fn what_one_endpoint_does_not_begin_goes_to_another() {
    let first = Origin::answering(Setup::default(), async |mut arrived| {
        arrived.respond.send_reset(h2::Reason::REFUSED_STREAM);
    });
    let second = Origin::answering(Setup::default(), async |mut arrived| ok(&mut arrived));
    let nobody = TcpListener::bind("127.0.0.1:0").expect("a port");
    let gone = nobody.local_addr().expect("an address");
    drop(nobody);
    let endpoints = format!(
        "[\"http://{}\", \"http://{}\", \"http://{gone}\"]",
        first.address(),
        second.address()
    );
    let settings = format!("{{ api: {{ endpoints: {endpoints}, protocol: http2 }} }}");
    let gateway = before("http://127.0.0.1:1", "").section("upstreams", &settings);
    let gateway = gateway.start();
    for _ in 0..20 {
        assert_eq!(gateway.send(&Request::post("/public/a")).status, 200);
    }
    assert_eq!(second.heads().len(), 20);
}

#[test]
fn health_is_asked_for_in_http_2() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        let response = Response::builder().status(503).body(());
        let response = response.expect("a response");
        arrived.respond.send_response(response, true).expect("sent");
    });
    let health = ", health: { path: /health, interval: 50ms, unhealthy: 1 }";
    let gateway = knowing(&origin, health);
    let line = gateway.log_line("the health check takes an endpoint out");
    assert!(line.contains("503"), "{line}");
    let head = origin.heads().remove(0);
    let authority = format!("http://{}/health", origin.address());
    assert_eq!(head.uri().to_string(), authority);
    assert!(!head.headers().contains_key("connection"));
}

#[test]
fn a_connection_without_streams_ends_after_a_while() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| ok(&mut arrived));
    let gateway = knowing(&origin, ", keep_alive: 100ms");
    assert_eq!(gateway.get("/public/a").status, 200);
    origin.wait_for_closed(1);
    assert_eq!(gateway.get("/public/a").status, 200);
    assert_eq!(origin.connections(), 2);
}

#[test]
fn a_connection_that_answers_no_ping_is_given_up() {
    let origin = Origin::answering(Setup::default(), async |mut arrived| {
        let head = Response::new(());
        let mut body = arrived.respond.send_response(head, false).expect("a head");
        body.send_data("some".into(), false).expect("sent");
        // Lets what was written leave.
        for _ in 0..10 {
            tokio::task::yield_now().await;
        }
        // Blocks the thread of this origin, so that nothing is read any more.
        std::thread::park_timeout(PATIENCE);
    });
    let gateway = knowing(&origin, ", ping_interval: 200ms");
    let response = gateway.get("/public/a");
    assert_eq!((response.status, response.whole), (200, false));
    assert_eq!(gateway.outcome("/public/a"), "upstream_broke_off");
}

#[test]
fn many_that_wait_for_a_connection_that_fails_fail_together() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let settings = ", protocol: http2, connect_timeout: 300ms";
    let gateway = before(&url, settings).start();
    assert_eq!(at_the_same_time(&gateway, 10), [504; 10]);
    silent.set_nonblocking(true).expect("a socket option");
    let accepted = std::iter::from_fn(|| silent.accept().ok()).count();
    assert_eq!(accepted, 1);
    let outcome = gateway.outcome("/public/a");
    assert_eq!(outcome, "upstream_connect_timeout");
}

#[test]
fn a_call_whose_client_leaves_gives_its_room_back() {
    let setup = Setup {
        most_streams: Some(1),
        ..Setup::default()
    };
    let origin = Origin::answering(setup, async |mut arrived| {
        if arrived.head.uri().path() == "/public/held" {
            drop(arrived.body.whole().await);
            let reset = std::future::poll_fn(|context| arrived.respond.poll_reset(context));
            drop(reset.await);
        } else {
            ok(&mut arrived);
        }
    });
    let gateway = knowing(&origin, "");
    run_in_time(async {
        for _ in 0..5 {
            let client = Client::connect(gateway.address).await;
            let mut exchange = client.begin(call(&gateway, "/public/held")).await;
            exchange.end();
            let heads = origin.heads().len();
            while origin.heads().len() == heads {
                tokio::task::yield_now().await;
            }
        }
    });
    wait_until("the first connection to be free", || {
        gateway.get("/public/a").status == 200 && origin.connections() <= 6
    });
}
