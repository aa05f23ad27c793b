//! TLS: versions, names, protocols, and certificates that change.

use std::{
    fs,
    io::{Read, Write},
    net::TcpStream,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use rustls::version::{TLS12, TLS13};

use crate::harness::{
    Gateway, PATIENCE, Request, Setup, Upstream,
    certificates::{Authority, Issued},
    tls::TlsClient,
    wait_until,
};

const TLS: &str = "{ certificate: a.pem, key: a.key }";

/// A listener that speaks TLS, before it starts.
fn before(upstream: &Upstream, tls: &str, issued: &Issued) -> Setup {
    let listeners = format!("[{{ address: 127.0.0.1:0, tls: {tls} }}]");
    Gateway::before(upstream)
        .section("listeners", &listeners)
        .file("a.pem", &issued.certificate)
        .file("a.key", &issued.key)
}

/// Puts another certificate where the gateway has one, one file after the other.
fn replace(gateway: &Gateway, issued: &Issued) {
    let folder = gateway.setup().folder();
    fs::write(folder.join("a.key"), &issued.key).expect("a file");
    fs::write(folder.join("a.pem"), &issued.certificate).expect("a file");
}

#[test]
fn both_versions_are_spoken_and_the_upstream_learns_of_it() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"])).start();
    for version in [&TLS12, &TLS13] {
        let client = TlsClient::to("a.test", &authority).version(version);
        let mut connection = client.connect(gateway.address).expect("a session");
        for _ in 0..2 {
            assert_eq!(connection.send(&Request::get("/public/a")).status, 200);
        }
    }
    let seen = upstream.seen();
    assert_eq!(seen.len(), 4);
    for seen in seen {
        assert_eq!(seen.values("x-forwarded-proto"), ["https"]);
        assert_eq!(seen.values("x-forwarded-for"), ["127.0.0.1"]);
    }
}

#[test]
fn a_refused_upload_may_be_sent_to_its_end_before_its_answer_is_read() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"])).start();
    let client = TlsClient::to("a.test", &authority);
    let mut connection = client.connect(gateway.address).expect("a session");
    // More than the system's buffers hold.
    let body = vec![b'a'; 16 * 1024 * 1024];
    let request = Request::post("/private/a").body(body);
    assert_eq!(connection.send(&request).status, 401);
}

#[test]
fn the_oldest_version_is_the_operators_and_none_is_older_than_1_2() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let issued = authority.issue(&["a.test"]);
    let tls = r#"{ certificate: a.pem, key: a.key, minimum_version: "1.3" }"#;
    let gateway = before(&upstream, tls, &issued).start();
    let client = TlsClient::to("a.test", &authority);
    assert!(
        client
            .clone()
            .version(&TLS12)
            .connect(gateway.address)
            .is_err()
    );
    assert!(client.version(&TLS13).connect(gateway.address).is_ok());

    let gateway = before(&upstream, TLS, &issued).start();
    let output = Command::new("openssl")
        .args([
            "s_client",
            "-tls1_1",
            "-cipher",
            "ALL@SECLEVEL=0",
            "-connect",
        ])
        .arg(gateway.address.to_string())
        .output()
        .expect("openssl");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("SSL alert number"), "{said}");
}

#[test]
fn each_name_has_its_certificate_and_the_first_is_for_the_rest() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let [first, wild, exact] = [&["first.test"][..], &["*.shop.test"], &["pay.shop.test"]]
        .map(|names| authority.issue(names));
    let certificates = "{ certificate: a.pem, key: a.key, certificates: \
        [{ certificate: wild.pem, key: wild.key }, { certificate: exact.pem, key: exact.key }] }";
    let gateway = before(&upstream, certificates, &first)
        .file("wild.pem", &wild.certificate)
        .file("wild.key", &wild.key)
        .file("exact.pem", &exact.certificate)
        .file("exact.key", &exact.key)
        .start();
    for name in [
        "first.test",
        "a.shop.test",
        "pay.shop.test",
        "PAY.SHOP.TEST",
    ] {
        let connection = TlsClient::to(name, &authority).connect(gateway.address);
        assert!(connection.is_ok(), "{name}");
    }
    let pay = TlsClient::to("pay.shop.test", &authority).connect(gateway.address);
    let presented = pay.expect("a session").presented();
    let names = ["pay.shop.test"];
    assert!(
        presented
            .windows(names[0].len())
            .any(|part| part == names[0].as_bytes())
    );
    // The gateway has no certificate for these; that it presents the first is the client's to refuse.
    for name in ["elsewhere.test", "a.b.shop.test", "127.0.0.1"] {
        let error = TlsClient::to(name, &authority).connect(gateway.address);
        let error = error.err().expect("a wrong name").to_string();
        assert!(error.contains("first.test"), "{error}");
    }
}

#[test]
fn the_protocol_is_agreed_on() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let issued = authority.issue(&["a.test"]);
    let gateway = before(&upstream, TLS, &issued).start();
    let client = TlsClient::to("a.test", &authority);
    let agreed = |gateway: &Gateway, offered: &[&str]| {
        let connection = client.clone().protocols(offered).connect(gateway.address);
        connection.map(|connection| connection.protocol())
    };
    assert_eq!(
        agreed(&gateway, &["http/1.1", "h2"]).expect("both"),
        Some("h2".to_owned())
    );
    assert_eq!(
        agreed(&gateway, &["http/1.1"]).expect("one"),
        Some("http/1.1".to_owned())
    );
    assert_eq!(agreed(&gateway, &[]).expect("none"), None);
    let error = agreed(&gateway, &["spdy/3"]).expect_err("no common protocol");
    assert!(
        error.to_string().contains("NoApplicationProtocol"),
        "{error}"
    );

    let listeners =
        "[{ address: 127.0.0.1:0, protocols: [http1], tls: { certificate: a.pem, key: a.key } }]";
    let gateway = before(&upstream, TLS, &issued)
        .section("listeners", listeners)
        .start();
    assert_eq!(
        agreed(&gateway, &["h2", "http/1.1"]).expect("one"),
        Some("http/1.1".to_owned())
    );
    assert!(agreed(&gateway, &["h2"]).is_err());
}

#[test]
fn a_listener_without_http_2_refuses_its_preface() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section(
            "listeners",
            "[{ address: 127.0.0.1:0, protocols: [http1] }]",
        )
        .start();
    let answer = gateway.client().raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    assert_eq!(answer.version, "HTTP/1.1");
    assert!(answer.status >= 400, "{}", answer.status);
}

#[test]
fn a_listener_for_http_2_alone_answers_nothing_else() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream)
        .section("listeners", "[{ address: 127.0.0.1:0, protocols: [h2] }]")
        .start();
    let mut stream = TcpStream::connect(gateway.address).expect("a connection");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a socket option");
    stream
        .write_all(&Request::get("/public/a").bytes())
        .expect("a request");
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    assert!(!answer.starts_with(b"HTTP/"), "{answer:?}");
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_curl_over_http_2_is_served() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"]))
        .file("ca.pem", &authority.pem)
        .start();
    let port = gateway.address.port();
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--http2", "--max-time", "20"])
        .args(["--write-out", " %{http_version} %{http_code}"])
        .args(["--resolve", &format!("a.test:{port}:127.0.0.1"), "--cacert"])
        .arg(gateway.setup().folder().join("ca.pem"))
        .arg(format!("https://a.test:{port}/public/a"))
        .output()
        .expect("curl");
    let said = String::from_utf8_lossy(&output.stdout);
    assert_eq!(said, "{\"from\":\"upstream\"} 2 200", "{output:?}");
}

#[test]
fn a_handshake_that_takes_too_long_is_cut_off() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"]))
        .section("limits", "{ header_timeout: 200ms }")
        .start();
    // Nothing at all, and the beginning of a hello.
    for begun in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut connection = gateway.client().connect();
        connection.write(begun);
        assert!(connection.ends());
    }
}

#[test]
fn what_is_no_tls_is_answered_with_an_alert_and_reaches_nothing() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"])).start();
    let mut stream = TcpStream::connect(gateway.address).expect("a connection");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("a socket option");
    stream
        .write_all(b"GET /public/a HTTP/1.1\r\nHost: a\r\n\r\n")
        .expect("a request");
    let mut answer = Vec::new();
    drop(stream.read_to_end(&mut answer));
    assert!(
        answer.is_empty() || answer.starts_with(&[21, 3]),
        "{answer:?}"
    );
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_connection_rests_and_wakes_up_again() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"]))
        .section("limits", "{ idle_timeout: 3s }")
        .start();
    let client = TlsClient::to("a.test", &authority);
    let mut connection = client.connect(gateway.address).expect("a session");
    assert_eq!(connection.send(&Request::get("/public/a")).status, 200);
    // It gives its buffers back after a second, and is closed after three.
    let start = sidegate::clock::Clock.instant();
    wait_until("some time", || start.elapsed().as_millis() > 1500);
    assert_eq!(connection.send(&Request::get("/public/b")).status, 200);
    assert!(connection.response().is_err());
}

#[test]
fn pipelined_requests_in_one_record_are_all_answered() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"])).start();
    let client = TlsClient::to("a.test", &authority);
    let mut connection = client.connect(gateway.address).expect("a session");
    // More than the gateway reads at once, so that some of it waits decrypted.
    let requests: Vec<u8> = (0..200)
        .flat_map(|index| Request::get(&format!("/public/{index}")).bytes())
        .collect();
    connection.write(&requests).expect("requests");
    for index in 0..200 {
        assert_eq!(
            connection.response().expect("a response").status,
            200,
            "{index}"
        );
    }
}

#[test]
fn a_large_answer_to_a_slow_reader_is_whole() {
    const LENGTH: usize = 3 * 1024 * 1024;
    let authority = Authority::named("ca");
    let upstream = Upstream::answering(|_, wire| wire.respond(200, &[], &vec![b'x'; LENGTH]));
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"]))
        .section("limits", "{ idle_timeout: 5s }")
        .start();
    let client = TlsClient::to("a.test", &authority);
    let mut connection = client.connect(gateway.address).expect("a session");
    connection
        .write(&Request::get("/public/a").bytes())
        .expect("a request");
    // The upstream has given everything away, and the gateway's part of it waits for the reader.
    let start = sidegate::clock::Clock.instant();
    wait_until("some time", || start.elapsed().as_millis() > 1500);
    assert_eq!(
        connection.response().expect("a response").body.len(),
        LENGTH
    );
    assert_eq!(
        connection.send(&Request::get("/public/b")).body.len(),
        LENGTH
    );
}

#[test]
fn a_new_certificate_is_presented_and_no_connection_is_dropped() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"])).start();
    let client = TlsClient::to("a.test", &authority);
    let mut lasting = client.connect(gateway.address).expect("a session");
    let before = lasting.presented();
    let stop = Arc::new(AtomicBool::new(false));
    let load: Vec<_> = (0..3)
        .map(|_| {
            let (client, stop, address) = (client.clone(), Arc::clone(&stop), gateway.address);
            thread::spawn(move || {
                let mut served = 0;
                while !stop.load(Ordering::Relaxed) {
                    let mut connection = client.connect(address).expect("a session");
                    for _ in 0..3 {
                        let response = connection.send(&Request::get("/public/load"));
                        assert_eq!(response.status, 200);
                        served += 1;
                    }
                }
                served
            })
        })
        .collect();
    replace(&gateway, &authority.issue(&["a.test", "b.test"]));
    // By itself, within seconds; then because somebody asks for it.
    let name = TlsClient::to("b.test", &authority);
    wait_until("the new certificate", || {
        name.connect(gateway.address).is_ok()
    });
    replace(&gateway, &authority.issue(&["a.test", "c.test"]));
    gateway.sighup();
    let name = TlsClient::to("c.test", &authority);
    wait_until("the newer certificate", || {
        name.connect(gateway.address).is_ok()
    });
    assert_eq!(lasting.send(&Request::get("/public/a")).status, 200);
    assert_eq!(lasting.presented(), before);
    stop.store(true, Ordering::Relaxed);
    for thread in load {
        assert!(thread.join().expect("requests that succeed") > 0);
    }
}

#[test]
fn a_bad_certificate_changes_nothing_and_the_log_says_why() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"])).start();
    let client = TlsClient::to("a.test", &authority);
    let presented = || {
        client
            .connect(gateway.address)
            .expect("a session")
            .presented()
    };
    let before = presented();
    let other = authority.issue(&["a.test"]);
    let folder = gateway.setup().folder();
    fs::write(folder.join("a.pem"), &other.certificate).expect("a file");
    let line = gateway.log_line("the certificates stay as they were");
    assert!(
        line.contains("a.key: the private key is not that of the first certificate"),
        "{line}"
    );
    assert_eq!(presented(), before);
    fs::remove_file(folder.join("a.pem")).expect("a file");
    gateway.sighup();
    let line = gateway.log_line("a.pem: it cannot be read");
    assert!(line.contains("WARN"), "{line}");
    assert_eq!(presented(), before);
    // Somebody puts it right.
    replace(&gateway, &other);
    wait_until("the new certificate", || presented() != before);
}

#[test]
fn a_session_is_resumed() {
    let authority = Authority::named("ca");
    let upstream = Upstream::start();
    let gateway = before(&upstream, TLS, &authority.issue(&["a.test"])).start();
    let session = gateway.setup().folder().join("session");
    for (version, expected) in [
        ("-tls1_2", "Reused, TLSv1.2"),
        ("-tls1_3", "Reused, TLSv1.3"),
    ] {
        for (option, expected) in [("-sess_out", "New, TLSv1"), ("-sess_in", expected)] {
            let mut child = Command::new("openssl")
                .args([
                    "s_client",
                    version,
                    "-servername",
                    "a.test",
                    "-ign_eof",
                    option,
                ])
                .arg(&session)
                .args(["-connect", &gateway.address.to_string()])
                .stdin(std::process::Stdio::piped())
                .stdout(std::process::Stdio::piped())
                .stderr(std::process::Stdio::null())
                .spawn()
                .expect("openssl");
            // The ticket comes with the answer, which is waited for although nothing more is asked.
            let request = Request::get("/public/a")
                .header("Connection", "close")
                .bytes();
            child
                .stdin
                .as_mut()
                .expect("a pipe")
                .write_all(&request)
                .expect("a request");
            let output = child.wait_with_output().expect("an end");
            let said = String::from_utf8_lossy(&output.stdout);
            assert!(said.contains(expected), "{version} {option}: {said}");
        }
    }
}
