//! Which protocol is spoken, and what comes of a wrong one.

use super::before;
use crate::harness::{
    After, Request, Setup, Upstream,
    certificates::{Authority, Versions},
    streams::{self, Origin},
    wrapping::TlsFront,
};

fn with_alpn(authority: &Authority, protocols: &[&str]) -> rustls::ServerConfig {
    let mut config = authority.server(&["127.0.0.1"], Versions::Both);
    config.alpn_protocols = protocols
        .iter()
        .map(|name| name.as_bytes().to_vec())
        .collect();
    config
}

fn secure(authority: &Authority, url: &str, protocol: &str) -> Setup {
    let settings = format!(", tls: {{ ca: ca.pem }}, protocol: {protocol}");
    before(url, &settings).file("ca.pem", &authority.pem)
}

fn origin(authority: &Authority) -> Origin {
    let setup = streams::Setup {
        tls: Some(with_alpn(authority, &["h2", "http/1.1"])),
        ..streams::Setup::default()
    };
    Origin::answering(setup, super::echo)
}

#[test]
fn over_tls_http_2_is_agreed_on() {
    for protocol in ["http2", "auto"] {
        let authority = Authority::new();
        let origin = origin(&authority);
        let url = format!("https://{}", origin.address());
        let gateway = secure(&authority, &url, protocol).start();
        for _ in 0..3 {
            let response = gateway.send(&Request::post("/public/a").body("hello"));
            assert_eq!(
                (response.status, response.text()),
                (200, "hello".to_owned())
            );
        }
        let head = origin.heads().remove(0);
        assert_eq!(head.uri().to_string(), "https://gateway.test/public/a");
        assert_eq!(origin.connections(), 1);
    }
}

#[test]
fn where_the_upstream_may_choose_it_may_choose_http_1() {
    for protocols in [&["http/1.1"][..], &[]] {
        let (authority, upstream) = (Authority::new(), Upstream::start());
        let front = TlsFront::before(&upstream, with_alpn(&authority, protocols));
        let gateway = secure(&authority, &front.url(), "auto").start();
        for request in [
            Request::get("/public/a"),
            Request::post("/public/a").body("x"),
        ] {
            assert_eq!(gateway.send(&request).status, 200);
            assert_eq!(gateway.send(&request).status, 200);
        }
        assert_eq!(upstream.seen().len(), 4);
        assert_eq!(
            front.handshakes(2).len(),
            2,
            "the connection that asked is used"
        );
    }
}

#[test]
fn in_clear_text_nothing_but_http_1_is_chosen() {
    let upstream = Upstream::start();
    let gateway = before(&upstream.url(), ", protocol: auto").start();
    assert_eq!(gateway.get("/public/a").status, 200);
    assert!(
        upstream
            .only()
            .head
            .starts_with("GET /public/a HTTP/1.1\r\n")
    );
}

#[test]
fn an_upstream_that_does_not_speak_http_2_is_502() {
    let (authority, upstream) = (Authority::new(), Upstream::start());
    for (protocols, outcome) in [
        (&[][..], "upstream_not_http"),
        (&["http/1.1"], "upstream_tls"),
    ] {
        let front = TlsFront::before(&upstream, with_alpn(&authority, protocols));
        let gateway = secure(&authority, &front.url(), "http2").start();
        assert_eq!(gateway.get("/public/a").status, 502);
        assert_eq!(gateway.outcome("/public/a"), outcome);
    }
    assert!(upstream.seen().is_empty());
    for answer in [
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH_9\r\n",
    ] {
        let old = Upstream::saying(answer, After::Close);
        let gateway = before(&old.url(), ", protocol: http2").start();
        assert_eq!(gateway.get("/public/a").status, 502, "{answer}");
        assert_eq!(
            gateway.outcome("/public/a"),
            "upstream_not_http",
            "{answer}"
        );
    }
}

#[test]
fn a_unix_socket_can_carry_http_2() {
    let origin = Origin::answering(streams::Setup::default(), super::echo);
    let setup = before("unix:app.sock", ", protocol: http2");
    let path = setup.folder().join("app.sock");
    crate::harness::wrapping::unix_to(&path, origin.address());
    let gateway = setup.start();
    let response = gateway.send(&Request::post("/public/a").body("hello"));
    assert_eq!(
        (response.status, response.text()),
        (200, "hello".to_owned())
    );
}
