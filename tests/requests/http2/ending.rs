//! How connections of HTTP/2 end: by a flood, by silence, by a drain.

use super::GET;
use crate::harness::{
    Gate, Gateway, Upstream,
    http2::{CONTINUATION, DATA, END_STREAM, Frames, GOAWAY, HEADERS, Http2, RST_STREAM, literals},
};

#[test]
fn requests_that_are_opened_and_reset_end_the_connection() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        held.pass();
        wire.respond(200, &[], b"")
    });
    let gateway = Gateway::before(&upstream)
        .section("limits", "{ http2: { resets: 50 } }")
        .start();
    let mut frames = Frames::connect(gateway.address);
    for index in 0..2000 {
        let stream = index * 2 + 1;
        if frames.request(stream, END_STREAM, &GET).is_err()
            || frames.send(RST_STREAM, 0, stream, &[0, 0, 0, 8]).is_err()
        {
            break;
        }
    }
    while frames.frame().is_some() {}
    gate.open();
    assert_eq!(gateway.get("/public/b").status, 200);
}

#[test]
fn a_header_list_without_end_ends_the_connection() {
    let gateway = Gateway::before(&Upstream::start()).start();
    let mut frames = Frames::connect(gateway.address);
    frames
        .send(HEADERS, END_STREAM, 1, &literals(&GET))
        .expect("a request");
    let more = literals(&[("x-more", &"a".repeat(1000))]);
    while frames.send(CONTINUATION, 0, 1, &more).is_ok() {}
    let mut frames = Frames::connect(gateway.address);
    frames
        .send(HEADERS, END_STREAM, 1, &literals(&GET))
        .expect("a request");
    while frames.send(CONTINUATION, 0, 1, &[]).is_ok() {}
    assert_eq!(gateway.get("/public/b").status, 200);
}

#[test]
fn too_many_header_lines_are_431() {
    let upstream = Upstream::start();
    let gateway = Gateway::before(&upstream).start();
    let client = Http2::connect(gateway.address);
    let mut request = Http2::request("GET", "/public/a");
    for index in 0..150 {
        request = request.header(format!("x-{index}"), "a");
    }
    assert_eq!(client.send(request, b"").status, 431);
    assert!(upstream.seen().is_empty());
}

#[test]
fn a_connection_of_http2_that_says_nothing_is_closed() {
    let gateway = Gateway::before(&Upstream::start())
        .section("limits", "{ header_timeout: 300ms, idle_timeout: 600ms }")
        .start();
    let mut silent = Frames::connect(gateway.address);
    silent.ends_with_goaway();
    let mut begun = Frames::connect(gateway.address);
    begun
        .send(HEADERS, END_STREAM, 1, &literals(&GET))
        .expect("a request");
    begun.ends_with_goaway();
    let mut used = Frames::connect(gateway.address);
    used.request(1, END_STREAM, &GET).expect("a request");
    assert!(used.ends_with_goaway());
}

#[test]
fn an_answer_that_is_not_read_is_given_up() {
    let upstream = Upstream::answering(|_, wire| wire.respond(200, &[], &vec![b'a'; 300_000]));
    let gateway = Gateway::before(&upstream)
        .section("limits", "{ idle_timeout: 500ms }")
        .start();
    // SETTINGS_INITIAL_WINDOW_SIZE of 1.
    let mut frames = Frames::with_settings(gateway.address, &[0, 4, 0, 0, 0, 1]);
    frames.request(1, END_STREAM, &GET).expect("a request");
    while frames.frame().is_some() {}
    upstream.wait_for_close(0);
}

#[test]
fn the_drain_finishes_streams_and_says_goaway() {
    let gate = Gate::shut();
    let held = gate.clone();
    let upstream = Upstream::answering(move |_, wire| {
        held.pass();
        wire.respond(200, &[], b"late")
    });
    let mut gateway = Gateway::before(&upstream).start();
    let mut frames = Frames::connect(gateway.address);
    frames.request(1, END_STREAM, &GET).expect("a request");
    upstream.wait_for("the request", |_| true);
    gateway.sigterm();
    while frames.frame().expect("a frame").kind != GOAWAY {}
    gate.open();
    let mut answered = false;
    while let Some(frame) = frames.frame() {
        answered |= frame.kind == DATA && frame.payload == b"late";
    }
    assert!(answered);
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn a_client_that_does_not_confirm_the_goodbye_holds_up_no_drain() {
    let mut gateway = Gateway::before(&Upstream::start())
        .section("shutdown", "{ deadline: 5m, idle: 100ms }")
        .start();
    let mut used = Frames::connect(gateway.address);
    used.request(1, END_STREAM, &GET).expect("a request");
    assert_eq!(used.frame_of(1).expect("an answer").kind, HEADERS);
    let mut unused = Frames::connect(gateway.address);
    unused.frame().expect("settings");
    gateway.sigterm();
    assert!(used.ends_with_goaway());
    assert!(unused.ends_with_goaway());
    assert_eq!(gateway.exit_code(), Some(0));
}
