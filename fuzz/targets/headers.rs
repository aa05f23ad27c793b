//! Header hygiene: after it, no name that an upstream could take for one of the gateway's, and nothing of the hop.

#![no_main]

use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use sidegate::http::{
    header::{clean_request, clean_response},
    stripped::Stripped,
};

const OURS: [&str; 2] = ["X-User-Id", "X-Tenant"];
/// Some of those that are removed wherever they come from.
const USUAL: [&str; 4] = ["X-Real-Ip", "X-Request-Id", "Forwarded", "Proxy"];
const PREFIXES: [&str; 3] = ["X-Forwarded-", "X-Sidegate-", "Remote-"];
const HOP_BY_HOP: [&str; 8] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// What `Connection` may not remove.
const END_TO_END: [&str; 7] = [
    "host",
    "content-length",
    "content-type",
    "authorization",
    "cookie",
    "cache-control",
    "origin",
];

fuzz_target!(|data: &[u8]| {
    let sent = headers(data);
    let named = named_by_connection(&sent);
    let mut cleaned = sent.clone();
    let stripped = Stripped::new(OURS, []);
    clean_request(&mut cleaned, &stripped);
    let is_gone = |name: &str| {
        let folded = folded(name);
        let ours = OURS.iter().chain(&USUAL).any(|ours| fold(ours) == folded);
        let prefixed = PREFIXES
            .iter()
            .any(|prefix| folded.starts_with(&fold(prefix)));
        let covered = stripped.covers(name);
        assert!(covered || !(ours || prefixed), "{name} is not covered");
        assert_eq!(stripped.covers(&folded), covered, "a spelling of {name}");
        let framing = ["content_length", "transfer_encoding"].contains(&folded.as_str());
        covered
            || HOP_BY_HOP.contains(&name)
            || ["expect", "proxy-authorization"].contains(&name)
            || (framing && name != "content-length")
            || (named.iter().any(|option| option == name) && !END_TO_END.contains(&name))
    };
    compare(&sent, &cleaned, is_gone);

    let mut answer = sent.clone();
    clean_response(&mut answer);
    let is_gone = |name: &str| {
        HOP_BY_HOP.contains(&name)
            || name == "proxy-authorization"
            || (named.iter().any(|option| option == name) && !END_TO_END.contains(&name))
    };
    compare(&sent, &answer, is_gone);
});

fn compare(before: &HeaderMap, after: &HeaderMap, is_gone: impl Fn(&str) -> bool) {
    for name in before.keys() {
        let kept: Vec<_> = after.get_all(name).iter().collect();
        if is_gone(name.as_str()) {
            assert!(kept.is_empty(), "{name} went on");
        } else {
            let all: Vec<_> = before.get_all(name).iter().collect();
            assert_eq!(kept, all, "{name} was changed");
        }
    }
    assert!(after.keys().all(|name| before.contains_key(name)));
}

fn headers(data: &[u8]) -> HeaderMap {
    let lines = data.split(|&byte| byte == b'\n').take(100);
    let pairs = lines.filter_map(|line| {
        let colon = line.iter().position(|&byte| byte == b':')?;
        let name = HeaderName::from_bytes(&line[..colon]).ok()?;
        let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
        Some((name, value))
    });
    let mut headers = HeaderMap::new();
    for (name, value) in pairs {
        headers.append(name, value);
    }
    headers
}

fn named_by_connection(headers: &HeaderMap) -> Vec<String> {
    let values = headers.get_all("connection").iter();
    let options = values.flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let names = options.filter_map(|option| std::str::from_utf8(option.trim_ascii()).ok());
    names.map(str::to_ascii_lowercase).collect()
}

fn fold(name: &str) -> String {
    folded(&name.to_ascii_lowercase())
}

fn folded(name: &str) -> String {
    name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
}
