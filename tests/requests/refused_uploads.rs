//! Over HTTP/2, uploads that are answered before they have ended: the answer is heard, and its stream is not reset while
//! the client goes on sending.

use std::time::Duration;

use sidegate::clock::Clock;

use crate::harness::{
    Gateway, Upstream,
    http2::{END_STREAM, HEADERS, RST_STREAM},
    upload::{Sending, Upload},
};

const MIB: usize = 1024 * 1024;

/// How long the gateway waits for the next piece of what it throws away, and how long it goes on with it.
const PAUSE: Duration = Duration::from_secs(2);
const LONGEST: Duration = Duration::from_secs(30);

const NO_ERROR: [u8; 4] = [0; 4];

/// An upload without a token, which has been told so.
fn refused(gateway: &Gateway) -> Upload {
    let mut upload = Upload::begin(gateway.address, "/private/a", &[]);
    assert_eq!(upload.send(0, b"abc"), Sending::Open);
    upload.hear();
    assert_eq!(upload.body(), br#"{"detail":"Not authenticated"}"#);
    upload
}

#[test]
fn an_upload_that_is_refused_may_go_on_to_its_end() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let mut upload = refused(&gateway);
    // Eight times the window.
    assert_eq!(upload.send_all(MIB), Sending::Open);
    assert_eq!(upload.settle(), Sending::Open);
    assert!(!upload.is_reset(), "{:?}", upload.answer);
    let next = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "gateway.test"),
        (":path", "/public/a"),
    ];
    let frames = upload.frames();
    frames.request(3, END_STREAM, &next).expect("a request");
    assert_eq!(frames.frame_of(3).expect("an answer").kind, HEADERS);
    assert_eq!(upstream.only().request_line(), "GET /public/a HTTP/1.1");
}

#[test]
fn an_upload_that_breaks_off_after_its_refusal_is_no_second_request_in_the_log() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let mut upload = Upload::begin(gateway.address, "/private/a", &[("content-length", "100")]);
    assert_eq!(upload.send(0, b"abc"), Sending::Open);
    upload.hear();
    // Shorter than it said: the library resets the stream for that.
    upload.send(END_STREAM, b"d");
    upload.wait_for_reset().expect("a reset");
    assert_eq!(gateway.get("/public/a").status, 200);
    let lines = gateway.access_lines(2);
    assert_eq!(lines[0]["outcome"], "missing_token");
    assert_eq!(lines[1]["outcome"], "forwarded");
}

#[test]
fn a_body_that_is_too_large_may_be_sent_to_its_end() {
    let gateway = Gateway::before(&Upstream::start())
        .section("limits", "{ body_size: 100KiB }")
        .start();
    for path in ["/public/a", "/auth/token/verify"] {
        let mut upload = Upload::begin(gateway.address, path, &[]);
        assert_eq!(upload.send_all(MIB), Sending::Open, "{path}");
        upload.hear();
        assert_eq!(upload.settle(), Sending::Open);
        assert!(!upload.is_reset(), "{path}: {:?}", upload.answer);
    }
    let lines = gateway.access_lines(2);
    assert!(lines.iter().all(|line| line["status"] == 413), "{lines:?}");
}

#[test]
fn a_refused_upload_that_stalls_is_reset_after_a_pause() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let begun = Clock.instant();
    let mut upload = refused(&gateway);
    assert_eq!(upload.wait_for_reset().expect("a reset"), NO_ERROR);
    let waited = Clock.instant() - begun;
    assert!(waited >= PAUSE, "{waited:?}");
    assert_eq!(upload.settle(), Sending::Open);
}

#[test]
fn an_upload_that_is_thrown_away_keeps_its_connection_from_being_idle() {
    let gateway = Gateway::before(&Upstream::start())
        .section("limits", "{ idle_timeout: 300ms }")
        .start();
    let mut upload = refused(&gateway);
    let begun = Clock.instant();
    while Clock.instant() - begun < Duration::from_secs(1) {
        assert_eq!(upload.send(0, b"x"), Sending::Open);
        assert_eq!(upload.settle(), Sending::Open);
    }
    assert!(!upload.is_reset(), "{:?}", upload.answer);
    assert_eq!(upload.send(END_STREAM, b""), Sending::Open);
    assert!(upload.frames().ends_with_goaway());
}

#[test]
fn uploads_that_are_thrown_away_count_as_streams() {
    const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];
    let gateway = Gateway::before(&Upstream::start())
        .section("limits", "{ http2: { streams: 1 } }")
        .start();
    let mut upload = refused(&gateway);
    let post = [
        (":method", "POST"),
        (":scheme", "http"),
        (":authority", "gateway.test"),
        (":path", "/private/a"),
    ];
    let frames = upload.frames();
    frames.request(3, 0, &post).expect("a request");
    let answer = frames.frame_of(3).expect("an answer");
    assert_eq!(
        (answer.kind, &answer.payload[..]),
        (RST_STREAM, &REFUSED_STREAM[..])
    );
    assert_eq!(upload.send(END_STREAM, b""), Sending::Open);
    let frames = upload.frames();
    frames.request(5, END_STREAM, &post).expect("a request");
    assert_eq!(frames.frame_of(5).expect("an answer").kind, HEADERS);
}

#[test]
fn the_drain_does_not_wait_for_an_upload_that_is_thrown_away() {
    let mut gateway = Gateway::before(&Upstream::start())
        .section("shutdown", "{ idle: 200ms }")
        .start();
    let mut upload = refused(&gateway);
    let begun = Clock.instant();
    gateway.sigterm();
    while upload.send(0, b"x") == Sending::Open && upload.settle() == Sending::Open {}
    assert_eq!(upload.wait_for_reset().expect("a reset"), NO_ERROR);
    assert_eq!(gateway.exit_code(), Some(0));
    let waited = Clock.instant() - begun;
    assert!(waited < LONGEST / 2, "{waited:?}");
}
