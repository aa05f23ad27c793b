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
