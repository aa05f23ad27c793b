//! TLS to the upstream: whom it trusts, as whom it comes, and how that changes.

use std::{
    io::{Read, Write},
    net::TcpListener,
    thread,
};

use sidegate::clock::Clock;

use crate::harness::{
    After, Gateway, PATIENCE, Request, Setup, Upstream,
    certificates::{Authority, Versions},
    wait_until,
    wrapping::TlsFront,
};

/// Requests without and with a body go to the upstream in different ways.
fn both(path: &str) -> [Request; 2] {
    [Request::get(path), Request::post(path).body("x")]
}

/// A gateway before this URL, with these settings of `tls`.
fn before(url: &str, tls: &str) -> Setup {
    let upstreams = format!("{{ api: {{ endpoints: [\"{url}\"], tls: {tls} }} }}");
    Setup::before_url(url).section("upstreams", &upstreams)
}

fn failure(gateway: &Gateway, path: &str) -> (String, String) {
    let line = gateway.access_line(path);
    let text = |name: &str| line[name].as_str().unwrap_or_default().to_owned();
    (text("outcome"), text("reason"))
}

#[test]
fn an_upstream_is_reached_over_either_version_of_tls() {
    for versions in [Versions::Only12, Versions::Only13, Versions::Both] {
        let (authority, upstream) = (Authority::new(), Upstream::start());
        let front = TlsFront::before(&upstream, authority.server(&["127.0.0.1"], versions));
        let gateway = before(&front.url(), "{ ca: ca.pem }").file("ca.pem", &authority.pem);
        let gateway = gateway.start();
        for _ in 0..3 {
            for request in both("/public/a?b") {
                let response = gateway.send(&request);
                assert_eq!(
                    (response.status, response.whole),
                    (200, true),
                    "{versions:?}"
                );
            }
        }
        let seen = upstream.seen();
        assert_eq!(seen.len(), 6);
        assert!(
            seen.iter()
                .all(|seen| seen.values("host") == ["gateway.test"])
        );
        assert_eq!(front.handshakes(2).len(), 2, "connections are used again");
    }
}

#[test]
fn an_answer_larger_than_any_buffer_comes_whole() {
    let body = vec![b'a'; 3_000_000];
    let upstream = Upstream::answering(move |_, wire| wire.respond(200, &[], &body));
    let authority = Authority::new();
    let front = TlsFront::before(&upstream, authority.server(&["127.0.0.1"], Versions::Both));
    let gateway = before(&front.url(), "{ ca: ca.pem }").file("ca.pem", &authority.pem);
    let gateway = gateway.start();
    for request in both("/public/a") {
        let response = gateway.send(&request);
        assert_eq!((response.body.len(), response.whole), (3_000_000, true));
    }
    let long = Request::get("/public/a").header("X-Long", &"q".repeat(20_000));
    let response = gateway.send(&long);
    assert_eq!(response.status, 200, "a head in several records");
}

#[test]
fn a_certificate_that_does_not_hold_is_502_and_the_upstream_sees_nothing() {
    let (authority, other, upstream) = (Authority::new(), Authority::new(), Upstream::start());
    for (ca, name, part) in [
        (&other, "127.0.0.1", "invalid peer certificate"),
        (&authority, "127.0.0.2", "not valid for name"),
    ] {
        let front = TlsFront::before(&upstream, authority.server(&[name], Versions::Both));
        let gateway = before(&front.url(), "{ ca: ca.pem }").file("ca.pem", &ca.pem);
        let gateway = gateway.start();
        for request in both("/public/a") {
            assert_eq!(gateway.send(&request).status, 502);
        }
        let (outcome, reason) = failure(&gateway, "/public/a");
        assert_eq!(outcome, "upstream_tls");
        assert!(reason.contains(part), "{reason}");
        assert_eq!(front.handshakes(2), [None, None]);
    }
    assert!(upstream.seen().is_empty());
}

#[test]
fn the_name_of_the_certificate_can_be_another_than_the_endpoints() {
    let (authority, upstream) = (Authority::new(), Upstream::start());
    let config = authority.server(&["api.internal"], Versions::Both);
    let front = TlsFront::before(&upstream, config);
    let tls = "{ ca: ca.pem, server_name: api.internal }";
    let gateway = before(&front.url(), tls)
        .file("ca.pem", &authority.pem)
        .start();
    assert_eq!(gateway.get("/public/a").status, 200);
    let agreed = front.handshakes(1).remove(0).expect("a handshake");
    assert_eq!(agreed.server_name.as_deref(), Some("api.internal"));
    assert_eq!(agreed.client_certificates, 0);
}

#[test]
fn the_systems_authorities_are_trusted_where_none_are_named() {
    let (authority, upstream) = (Authority::new(), Upstream::start());
    let config = authority.server(&["127.0.0.1"], Versions::Both);
    let front = TlsFront::before(&upstream, config);
    let setup = Setup::before_url(&front.url()).file("system.pem", &authority.pem);
    let system = setup.folder().join("system.pem");
    let system = system.to_str().expect("a path").to_owned();
    let gateway = setup.variable("SSL_CERT_FILE", &system).start();
    assert_eq!(gateway.get("/public/a").status, 200);
}

#[test]
fn the_gateway_shows_its_certificate_where_it_has_one() {
    for versions in [Versions::Only12, Versions::Only13] {
        let (authority, clients, upstream) =
            (Authority::new(), Authority::new(), Upstream::start());
        let own = clients.issue(&["gateway"]);
        let server = authority.issue(&["127.0.0.1"]);
        let front = TlsFront::before(&upstream, server.server(versions, Some(&clients)));
        let with = before(
            &front.url(),
            "{ ca: ca.pem, certificate: own.pem, key: own.key }",
        );
        let with = with.file("ca.pem", &authority.pem);
        let with = with
            .file("own.pem", &own.certificate)
            .file("own.key", &own.key)
            .start();
        for request in both("/public/a") {
            assert_eq!(with.send(&request).status, 200, "{versions:?}");
        }
        let agreed = front.handshakes(1).remove(0).expect("a handshake");
        assert_eq!(agreed.client_certificates, 1);
        let without = before(&front.url(), "{ ca: ca.pem }").file("ca.pem", &authority.pem);
        let without = without.start();
        for request in both("/public/a") {
            assert_eq!(without.send(&request).status, 502, "{versions:?}");
        }
        let (outcome, reason) = failure(&without, "/public/a");
        assert_eq!(outcome, "upstream_tls", "{versions:?}: {reason}");
        assert_eq!(upstream.seen().len(), 2);
    }
}

#[test]
fn an_upstream_that_speaks_in_clear_text_before_the_handshake_is_502() {
    let injecting = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", injecting.local_addr().expect("an address"));
    thread::spawn(move || {
        for stream in injecting.incoming() {
            let mut stream = stream.expect("a connection");
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
            stream.write_all(answer).expect("sent");
            drop(stream.read_to_end(&mut Vec::new()));
        }
    });
    let authority = Authority::new();
    let gateway = before(&url, "{ ca: ca.pem }").file("ca.pem", &authority.pem);
    let gateway = gateway.start();
    for request in both("/public/a") {
        assert_eq!(gateway.send(&request).status, 502);
    }
    assert_eq!(gateway.outcome("/public/a"), "upstream_tls");
}

#[test]
fn a_handshake_that_does_not_end_is_504_after_the_time_to_connect() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("https://{}", silent.local_addr().expect("an address"));
    let upstreams = format!("{{ api: {{ endpoints: [\"{url}\"], connect_timeout: 200ms }} }}");
    let authority = Authority::new();
    let setup = Setup::before_url(&url).section("upstreams", &upstreams);
    let setup = setup.file("system.pem", &authority.pem);
    let system = setup.folder().join("system.pem");
    let system = system.to_str().expect("a path").to_owned();
    let gateway = setup.variable("SSL_CERT_FILE", &system).start();
    let start = Clock.instant();
    assert_eq!(gateway.get("/public/a").status, 504);
    assert!(Clock.instant() - start < PATIENCE / 4);
    assert_eq!(gateway.outcome("/public/a"), "upstream_connect_timeout");
}

#[test]
fn files_that_have_changed_are_used_for_new_connections() {
    let (before_change, after_change) = (Authority::new(), Authority::new());
    let upstream = Upstream::saying(
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        After::Close,
    );
    let config = before_change.server(&["127.0.0.1"], Versions::Both);
    let front = TlsFront::before(&upstream, config);
    let gateway = before(&front.url(), "{ ca: ca.pem }").file("ca.pem", &before_change.pem);
    let file = gateway.folder().join("ca.pem");
    let gateway = gateway.start();
    assert_eq!(gateway.get("/public/a").status, 200);
    front.present(after_change.server(&["127.0.0.1"], Versions::Both));
    assert_eq!(gateway.get("/public/b").status, 502);
    std::fs::write(&file, &after_change.pem).expect("a file");
    wait_until("the new file to be used", || {
        gateway.get("/public/c").status == 200
    });
    std::fs::write(&file, "nonsense").expect("a file");
    wait_until("the bad file to be noticed", || {
        assert_eq!(gateway.get("/public/d").status, 200);
        gateway.said().contains("all stays as it was")
    });
    let line = gateway.log_line("all stays as it was");
    assert!(line.contains("ca.pem") && line.contains("there is no certificate in it"));
    assert_eq!(gateway.get("/public/e").status, 200);
}

#[test]
fn files_that_cannot_be_used_are_found_before_anything_runs() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (own, foreign) = (authority.issue(&["a"]), other.issue(&["a"]));
    let setup = |tls: &str| {
        let setup = before("https://127.0.0.1:9", tls).file("ca.pem", &authority.pem);
        let setup = setup
            .file("own.pem", &own.certificate)
            .file("own.key", &own.key);
        setup.file("foreign.key", &foreign.key)
    };
    let check = |tls: &str| {
        let setup = setup(tls);
        setup.write();
        let output = setup.command(&["check"]).output().expect("the binary");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let good = check("{ ca: ca.pem, certificate: own.pem, key: own.key, server_name: a.b }");
    assert_eq!(good, "gateway.yaml: good\n");
    for (tls, path, message) in [
        (
            "{ ca: none.pem }",
            "ca",
            "this file cannot be read: No such file",
        ),
        ("{ ca: own.key }", "ca", "there is no certificate in it"),
        (
            "{ ca: ca.pem, certificate: own.pem, key: foreign.key }",
            "key",
            "the private key is not that of the first certificate",
        ),
        (
            "{ ca: ca.pem, certificate: own.pem, key: own.pem }",
            "key",
            "there is no private key in it",
        ),
        (
            "{ ca: ca.pem, certificate: own.key, key: own.key }",
            "certificate",
            "there is no certificate in it",
        ),
        (
            "{ ca: ca.pem, certificate: own.pem }",
            "certificate",
            "a certificate is of use only with its key",
        ),
        (
            "{ ca: ca.pem, server_name: \"a b\" }",
            "server_name",
            "no certificate can carry this name",
        ),
    ] {
        let said = check(tls);
        let expected = format!("upstreams.api.tls.{path}: {message}");
        assert!(said.contains(&expected), "{tls}: {said}");
        assert!(said.ends_with("gateway.yaml: 1 mistake\n"), "{tls}: {said}");
    }
}
