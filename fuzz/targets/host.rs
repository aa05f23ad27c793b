//! A Host: refused, or nothing more than a host and a port, whoever reads it.

#![no_main]

use http::Uri;
use libfuzzer_sys::fuzz_target;
use sidegate::http::host::{parse, without_port};

fuzz_target!(|text: &str| {
    let Ok(host) = parse(text) else {
        assert!(parse(&text.to_ascii_lowercase()).is_err());
        return;
    };
    assert_eq!(*host, *text.to_ascii_lowercase());
    assert_eq!(parse(&host).as_deref(), Ok(&*host));
    assert!(
        host.bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte))
    );
    // Frameworks build the URL of a request from it.
    let url: Uri = format!("http://{host}/x?y").parse().expect("a URL");
    assert_eq!(url.authority().map(|part| part.as_str()), Some(&*host));
    assert_eq!((url.path(), url.query()), ("/x", Some("y")));
    let name = without_port(&host);
    assert!(name.starts_with('[') || !name.contains(':'));
    assert!(!name.is_empty(), "a route for every host would match");
});
