//! What makes the gateway read its configuration again.

use std::{fs, os::unix::fs::symlink};

use super::{changed, unwatched};
use crate::harness::{Gateway, Request, Upstream, token, wait_until};

const BEFORE: &str = "[{ match: \"/a\", access: public }]";
const AFTER: &str = "[{ match: \"/b\", access: public }]";

#[test]
fn a_file_that_is_written_or_moved_into_place_is_read() {
    let gateway = Gateway::before(&Upstream::start()).routes(BEFORE).start();
    gateway.write(&changed(&gateway, BEFORE, AFTER));
    wait_until("the new route", || gateway.get("/b").status == 200);
    let folder = gateway.setup().folder();
    fs::write(folder.join("next"), gateway.setup().yaml()).expect("a file");
    fs::rename(folder.join("next"), folder.join("gateway.yaml")).expect("a file");
    wait_until("the old route", || gateway.get("/a").status == 200);
    assert_eq!(
        gateway.metric("sidegate_config_reloads_total{result=\"applied\"}"),
        2
    );
}

#[test]
fn a_bad_file_is_tried_once_and_a_good_one_after_it_is_used() {
    let gateway = Gateway::before(&Upstream::start()).routes(BEFORE).start();
    let refused = || gateway.metric("sidegate_config_reloads_total{result=\"refused\"}");
    gateway.write("listeners: [");
    wait_until("the bad file", || refused() == 1);
    // Somebody looks, and the looks in between have found nothing new.
    gateway.write(&changed(&gateway, BEFORE, AFTER));
    wait_until("the new route", || gateway.get("/b").status == 200);
    assert_eq!(refused(), 1);
}

#[test]
fn a_swapped_link_to_the_folder_is_followed() {
    let gateway = Gateway::before(&Upstream::start()).routes(BEFORE).start();
    let folder = gateway.setup().folder();
    let texts = [gateway.setup().yaml(), changed(&gateway, BEFORE, AFTER)];
    for (version, text) in ["..v1", "..v2"].into_iter().zip(&texts) {
        fs::create_dir(folder.join(version)).expect("a folder");
        fs::write(folder.join(version).join("gateway.yaml"), text).expect("a file");
    }
    let link = |target: &str, name: &str| {
        symlink(target, folder.join("link")).expect("a link");
        fs::rename(folder.join("link"), folder.join(name)).expect("a link");
    };
    link("..v1", "..data");
    link("..data/gateway.yaml", "gateway.yaml");
    for _ in 0..2 {
        link("..v2", "..data");
        wait_until("the new route", || gateway.get("/b").status == 200);
        assert_eq!(gateway.get("/a").status, 404);
        link("..v1", "..data");
        wait_until("the old route", || gateway.get("/a").status == 200);
    }
}

#[test]
fn a_secret_in_a_file_is_followed() {
    let setup =
        Gateway::before(&Upstream::start()).file("key", "another secret of the tests 0123456789");
    let setup = setup.section(
        "tokens",
        "{ access: { algorithm: HS256, secret: \"file:key\", lifetime: 30d } }",
    );
    let gateway = setup
        .without("accounts")
        .without("rate_limits")
        .without("users")
        .start();
    let request = Request::get("/private/a").token(&token::access(5));
    assert_eq!(gateway.send(&request).status, 401);
    let file = gateway.setup().folder().join("key");
    fs::write(&file, token::ACCESS_SECRET).expect("a file");
    wait_until("the new key", || gateway.send(&request).status == 200);
    fs::remove_file(&file).expect("a file");
    gateway.log_line("key cannot be read");
    assert_eq!(gateway.send(&request).status, 200);
}

#[test]
fn a_signal_is_enough() {
    let gateway = unwatched(&Upstream::start()).routes(BEFORE).start();
    gateway.write(&changed(&gateway, BEFORE, AFTER));
    gateway.sighup();
    wait_until("the new route", || gateway.get("/b").status == 200);
    let line = gateway.log_line("the configuration was read again and is in effect");
    assert!(line.contains("SIGHUP"), "{line}");
}

#[test]
fn a_gateway_that_is_not_to_watch_does_not_until_it_is_told_otherwise() {
    let gateway = unwatched(&Upstream::start()).routes(BEFORE).start();
    let watching = changed(&gateway, "watch: false", "watch: true");
    gateway.reload(&watching);
    gateway.write(&watching.replace(BEFORE, AFTER));
    wait_until("the new route", || gateway.get("/b").status == 200);
}

#[test]
fn what_has_changed_between_reading_and_serving_is_found() {
    let gateway = Gateway::before(&Upstream::start()).routes(BEFORE).start();
    // Before the first look, or after it: the process says that it listens in between.
    gateway.write(&changed(&gateway, BEFORE, AFTER));
    wait_until("the new route", || gateway.get("/b").status == 200);
}
