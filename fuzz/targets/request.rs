//! The head of a request through the first stages: what goes on is what was matched, and its token is its own.

#![no_main]

use http::header;
use libfuzzer_sys::fuzz_target;
use sidegate::{
    http::{host, target::canonical_path},
    pipeline::fuzzing,
};
use sidegate_fuzz::request;

fuzz_target!(|head: &[u8]| {
    let Some(sent) = request(head) else { return };
    let Some(received) = fuzzing::received(sent.clone()) else {
        return;
    };
    let uri = received.uri();
    assert!(uri.scheme().is_none() && uri.authority().is_none());
    let path = uri.path();
    assert_eq!(canonical_path(path).as_deref(), Ok(path));
    assert_eq!(uri.query(), sent.uri().query());
    let mut hosts = received.headers().get_all(header::HOST).iter();
    let host = hosts.next();
    assert!(hosts.next().is_none(), "two Hosts");
    if received.version() >= http::Version::HTTP_11 {
        assert!(host.is_some(), "no Host");
    }
    if let Some(value) = host {
        let text = value.to_str().expect("text");
        assert_eq!(host::parse(text).as_deref(), Ok(text));
        if let Some(authority) = sent.uri().authority() {
            assert!(authority.as_str().eq_ignore_ascii_case(text));
        }
    }
    let token = fuzzing::bearer(&received);
    let lines = received.headers().get_all(header::AUTHORIZATION);
    let said = |token: &[u8]| lines.iter().all(|line| line.as_bytes().ends_with(token));
    if let Ok(Some(token)) = token {
        assert!(said(&token), "a token that not every line has");
    }
});
