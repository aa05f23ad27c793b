//! Certificates of clients: asked for, verified, refused.

use std::fs;

use crate::harness::{
    Gateway, Request, Setup, Upstream,
    certificates::{Authority, Issued},
    tls::TlsClient,
    wait_until,
};

/// A listener that asks for certificates of `clients`.
fn before(upstream: &Upstream, authority: &Authority, clients: &Authority, more: &str) -> Setup {
    let issued = authority.issue(&["a.test"]);
    let listeners = format!(
        "[{{ address: 127.0.0.1:0, tls: {{ certificate: a.pem, key: a.key, client_ca: ca.pem{more} }} }}]"
    );
    Gateway::before(upstream)
        .section("listeners", &listeners)
        .file("a.pem", &issued.certificate)
        .file("a.key", &issued.key)
        .file("ca.pem", &clients.pem)
}

/// The status of a request, or why there is none.
fn status(client: &TlsClient, gateway: &Gateway) -> Result<u16, String> {
    let connection = client.connect(gateway.address);
    // With TLS 1.3 the client learns that it is refused only when it reads.
    let response =
        connection.and_then(|mut connection| connection.try_send(&Request::get("/public/a")));
    response
        .map(|response| response.status)
        .map_err(|error| error.to_string())
}

#[test]
fn a_client_without_a_good_certificate_is_refused() {
    let (authority, clients, stranger) = (
        Authority::named("ca"),
        Authority::named("clients"),
        Authority::named("clients"),
    );
    let upstream = Upstream::start();
    let gateway = before(&upstream, &authority, &clients, "").start();
    let client = TlsClient::to("a.test", &authority);
    let with = |issued: &Issued| status(&client.clone().identity(issued), &gateway);
    let good = clients.issue_for_client("billing", "spiffe://example/billing");
    assert_eq!(with(&good), Ok(200));
    assert!(
        status(&client, &gateway)
            .expect_err("nothing")
            .contains("CertificateRequired")
    );
    for (bad, expected) in [
        (
            stranger.issue_for_client("billing", "spiffe://example/billing"),
            "alert",
        ),
        (clients.issue_expired("billing"), "CertificateExpired"),
        // A server's, which is for another use.
        (clients.issue_for_server("billing.test"), "alert"),
    ] {
        let error = with(&bad).expect_err("a bad certificate");
        assert!(error.contains(expected), "{error}");
    }
    let stolen = Issued {
        key: good.key.clone(),
        ..clients.issue_for_client("other", "spiffe://o/o")
    };
    assert!(with(&stolen).is_err());
    assert_eq!(upstream.seen().len(), 1);
}

#[test]
fn a_client_may_do_without_where_the_operator_says_so() {
    let (authority, clients) = (Authority::named("ca"), Authority::named("clients"));
    let upstream = Upstream::start();
    let optional = ", client_certificates: optional";
    let gateway = before(&upstream, &authority, &clients, optional).start();
    let client = TlsClient::to("a.test", &authority);
    assert_eq!(status(&client, &gateway), Ok(200));
    let good = clients.issue_for_client("billing", "spiffe://example/billing");
    assert_eq!(status(&client.clone().identity(&good), &gateway), Ok(200));
    let bad = Authority::named("clients").issue_for_client("billing", "spiffe://example/billing");
    assert!(status(&client.identity(&bad), &gateway).is_err());
}

#[test]
fn an_authority_that_is_replaced_trusts_no_session_of_the_old_one() {
    let (authority, clients, successor) = (
        Authority::named("ca"),
        Authority::named("old"),
        Authority::named("new"),
    );
    let upstream = Upstream::start();
    let gateway = before(&upstream, &authority, &clients, "").start();
    let client = TlsClient::to("a.test", &authority);
    let old = client
        .clone()
        .identity(&clients.issue_for_client("billing", "spiffe://example/billing"));
    let new = client.identity(&successor.issue_for_client("billing", "spiffe://example/billing"));
    assert_eq!(status(&old, &gateway), Ok(200));
    let path = gateway.setup().folder().join("ca.pem");
    fs::write(&path, &successor.pem).expect("a file");
    gateway.sighup();
    wait_until("the new authority", || status(&new, &gateway) == Ok(200));
    assert!(status(&old, &gateway).is_err());
    // Never open: without a usable file the last good one decides.
    fs::write(&path, "").expect("a file");
    gateway.sighup();
    gateway.log_line("ca.pem: there is no certificate in it");
    assert_eq!(status(&new, &gateway), Ok(200));
    assert!(status(&old, &gateway).is_err());
}

#[test]
fn without_its_authorities_the_gateway_does_not_start() {
    let (authority, clients) = (Authority::named("ca"), Authority::named("clients"));
    let upstream = Upstream::start();
    for content in [
        "",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
    ] {
        let setup = before(&upstream, &authority, &clients, "").file("ca.pem", content);
        let config = setup.write();
        let output = setup.command(&["run", "--config"]).arg(config).output();
        let output = output.expect("the binary");
        assert_eq!(output.status.code(), Some(64), "{output:?}");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(said.contains("listeners[0].tls.client_ca"), "{said}");
    }
}

const ROUTES: &str = r#"
- { match: "/public/any", access: public, require: { client_certificate: any } }
- { match: "/public/billing", access: public, require: { client_certificate: { subjects: ["CN=billing,O=Example"] } } }
- { match: "/public/spiffe", access: public, require: { client_certificate: { names: ["URI:spiffe://example/billing"] } } }
- { match: "/both", access: required, require: { client_certificate: any } }
- { match: "/public/**", access: public }
- { match: "/**", access: required }"#;

const HEADERS: &str = "
certificate_headers:
  X-Client-Subject: \"{subject}\"
  X-Client-Names: \"{names}\"
  X-Client-Fingerprint: \"sha256:{fingerprint}\"";

#[test]
fn a_route_may_be_for_certain_certificates() {
    let (authority, clients) = (Authority::named("ca"), Authority::named("clients"));
    let upstream = Upstream::start();
    let optional = ", client_certificates: optional";
    let gateway = before(&upstream, &authority, &clients, optional)
        .routes(ROUTES)
        .start();
    let client = TlsClient::to("a.test", &authority);
    let billing = clients.issue_for_client("billing", "spiffe://example/billing");
    let other = clients.issue_for_client("other", "spiffe://example/other");
    let get = |client: &TlsClient, path: &str| {
        let mut connection = client.connect(gateway.address).expect("a session");
        connection.send(&Request::get(path)).status
    };
    let (billing, other) = (
        client.clone().identity(&billing),
        client.clone().identity(&other),
    );
    for (path, expected) in [
        ("/public/any", [403, 200, 200]),
        ("/public/billing", [403, 200, 403]),
        ("/public/spiffe", [403, 200, 403]),
        ("/public/else", [200, 200, 200]),
        // A certificate is not a token.
        ("/both", [403, 401, 401]),
    ] {
        let found = [&client, &billing, &other].map(|client| get(client, path));
        assert_eq!(found, expected, "{path}");
    }
    assert_eq!(gateway.outcome("/public/any"), "client_certificate");
    let token = crate::harness::token::access("7");
    let mut connection = billing.connect(gateway.address).expect("a session");
    let response = connection.send(&Request::get("/both").token(&token));
    assert_eq!(response.status, 200);
}

#[test]
fn the_upstream_is_told_of_the_certificate_and_of_no_other() {
    let (authority, clients) = (Authority::named("ca"), Authority::named("clients"));
    let upstream = Upstream::start();
    let optional = ", client_certificates: optional";
    let gateway = before(&upstream, &authority, &clients, optional)
        .section("identity", HEADERS)
        .start();
    let client = TlsClient::to("a.test", &authority);
    let issued = clients.issue_for_client("billing", "spiffe://example/billing");
    // What a client says about itself never arrives, with a certificate or without.
    let request = Request::get("/public/a")
        .header("X-Client-Subject", "CN=root")
        .header("x_client_subject", "CN=root");
    for client in [client.clone(), client.identity(&issued)] {
        let mut connection = client.connect(gateway.address).expect("a session");
        assert_eq!(connection.send(&request).status, 200);
    }
    let seen = upstream.seen();
    assert!(
        !seen[0].head.to_ascii_lowercase().contains("client"),
        "{}",
        seen[0].head
    );
    assert_eq!(seen[1].values("x-client-subject"), ["CN=billing,O=Example"]);
    assert_eq!(
        seen[1].values("x-client-names"),
        ["URI:spiffe://example/billing"]
    );
    let fingerprint = seen[1].values("x-client-fingerprint");
    assert_eq!(fingerprint[0].len(), "sha256:".len() + 64);
    assert!(!seen[1].head.contains("root"), "{}", seen[1].head);
}

#[test]
fn explain_decides_with_a_certificate_as_the_gateway_does() {
    let (authority, clients) = (Authority::named("ca"), Authority::named("clients"));
    let upstream = Upstream::start();
    let issued = clients.issue_for_client("billing", "spiffe://example/billing");
    let setup = before(&upstream, &authority, &clients, "")
        .routes(ROUTES)
        .file("client.pem", &issued.certificate);
    setup.write();
    let explain = |more: &[&str]| {
        let mut command = setup.command(&["explain", "GET", "/public/billing"]);
        let output = command.args(more).output().expect("the binary");
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    assert!(explain(&[]).contains("refused with 403 client_certificate"));
    let said = explain(&["--certificate", "client.pem"]);
    assert!(said.contains("forwarded to api"), "{said}");
}
