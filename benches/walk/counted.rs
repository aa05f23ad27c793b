//! One case so many times and nothing else, for a program that counts what it costs.

use std::{
    fs,
    io::{Write as _, stdout},
    sync::Arc,
};

use ::http::Request;
use sidegate::{
    clock::Clock,
    pipeline::{Live, explain::decide},
};

use crate::cases::{CONFIGURATION, bearer, block, live, many, request, token, watched};

/// `CASE TIMES FOLDER`, with keys in the folder, where the case is `routes=N`, `rule=PATH`, `watched=BLOCKED`, `told=BLOCKED`, `warm=ALGORITHM`, `cold=ALGORITHM`,
/// `fill` or `block`.
pub(crate) fn run(mut arguments: impl Iterator<Item = String>) {
    let case = arguments.next().expect("a case");
    let times = arguments.next().and_then(|times| times.parse().ok());
    let times: u64 = times.expect("how many times");
    let keys = arguments.next().expect("a folder with keys");
    match case.split_once('=') {
        Some(("routes", count)) => {
            let count = count.parse().expect("a number of routes");
            let path = format!("/s{}/7/p{}", (count - 1) % 100, count - 1);
            repeat(&live(&many(count)), &path, &token("HS256", None, 7), times);
        }
        Some(("rule", path)) => {
            repeat(&live(CONFIGURATION), path, &token("HS256", None, 7), times);
        }
        Some((kind @ ("watched" | "told"), blocked)) => {
            let (live, denylist) = watched(blocked.parse().expect("a number of users"));
            let bearer = bearer(&token("HS256", None, 7));
            drop(decide(
                request("/deals", &bearer),
                &live,
                Clock.unix_seconds(),
            ));
            for number in 0..times {
                if kind == "told" {
                    // Whatever was found out before has to be found out again.
                    denylist.end_session(&number.to_string(), Clock.unix_seconds());
                }
                assert!(decide_once(&live, request("/deals", &bearer)), "refused");
            }
        }
        Some((kind @ ("warm" | "cold"), algorithm)) => {
            let (live, token) = of(algorithm, &keys);
            if kind == "warm" {
                repeat(&live, "/deals", &token, times);
            } else {
                repeat_cold(&live, &token, times);
            }
        }
        _ if case == "block" => {
            let (_live, denylist) = watched(0);
            let before = resident();
            block(&denylist, times);
            say_grown(before, 0);
        }
        _ => {
            assert_eq!(case, "fill", "no such case");
            fill(times);
        }
    }
}

fn repeat(live: &Live, path: &str, token: &str, times: u64) {
    let bearer = bearer(token);
    // The first finds nothing in the cache.
    drop(decide(request(path, &bearer), live, Clock.unix_seconds()));
    for _ in 0..times {
        assert!(decide_once(live, request(path, &bearer)), "{path}");
    }
}

/// As if the token were new each time.
fn repeat_cold(live: &Live, token: &str, times: u64) {
    let bearer = bearer(token);
    for _ in 0..times {
        live.proofs.forget(token.as_bytes());
        assert!(decide_once(live, request("/deals", &bearer)), "refused");
    }
}

/// What is counted, found by this name.
#[inline(never)]
fn decide_once(live: &Live, request: Request<()>) -> bool {
    decide(request, live, Clock.unix_seconds()).is_ok()
}

/// A gateway whose issuer signs with the algorithm, and a token of it.
fn of(algorithm: &str, keys: &str) -> (Arc<Live>, String) {
    let name = match algorithm {
        "ES256" => "p256",
        "ES384" => "p384",
        "EdDSA" => "ed25519",
        _ if algorithm.starts_with("HS") => {
            let configuration = CONFIGURATION.replace("HS256", algorithm);
            return (live(&configuration), token(algorithm, None, 7));
        }
        _ => "rsa",
    };
    let file = format!("{keys}/{name}.der");
    let key = fs::read(&file).expect("a key");
    let tokens = format!(
        "tokens: {{ access: {{ algorithm: {algorithm}, private_key: \"file:{file}\", lifetime: 30d }} }}"
    );
    let others = CONFIGURATION
        .lines()
        .filter(|line| !line.starts_with("tokens:"));
    let configuration = others
        .chain([tokens.as_str()])
        .fold(String::new(), |text, line| text + line + "\n");
    (live(&configuration), token(algorithm, Some(&key), 7))
}

/// Says how much memory proofs of so many tokens take.
fn fill(times: u64) {
    let roomy = CONFIGURATION.replace("tokens: { ", "tokens: { cache: { capacity: 1000000 }, ");
    let live = live(&roomy);
    let now = Clock.unix_seconds();
    let before = resident();
    let mut bytes = 0;
    for number in 0..times {
        let token = token("HS256", None, number);
        bytes += token.len();
        let decided = decide(request("/deals", &bearer(&token)), &live, now);
        assert!(decided.is_ok(), "{number}");
    }
    say_grown(before, bytes);
}

fn say_grown(before: u64, bytes: usize) {
    let grown = resident() - before;
    writeln!(stdout(), "{{ \"grown\": {grown}, \"tokens\": {bytes} }}").expect("an output");
}

/// The memory of this process, in bytes.
fn resident() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("what the kernel says");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let line = line.and_then(|line| line.trim().strip_suffix(" kB"));
    let kibibytes: u64 = line.and_then(|line| line.parse().ok()).expect("a number");
    kibibytes * 1024
}
