//! What the monolith answered when it was asked, in `tests/fixtures/accounts`: for each question its name, its request
//! line, its body as a JSON text, the status and the body of the answer.

use std::{fs, path::Path};

use crate::harness::{Gateway, Request, Upstream, users::User};

/// A question to the monolith, and its answer.
struct Measured {
    name: String,
    target: String,
    body: String,
    status: u16,
    answer: String,
}

fn measured(file: &str) -> Vec<Measured> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures/accounts")
        .join(file);
    let text = fs::read_to_string(path).expect("a fixture");
    text.split("\n\n")
        .map(|block| one(block).expect(block))
        .collect()
}

fn one(block: &str) -> Option<Measured> {
    let mut lines = block.lines();
    let name = lines.next()?.strip_prefix("# ")?.to_owned();
    let target = lines.next()?.strip_prefix("POST ")?.to_owned();
    let body = serde_json::from_str(lines.next()?).ok()?;
    let status = lines.next()?.parse().ok()?;
    let answer = lines.next()?.to_owned();
    Some(Measured {
        name,
        target,
        body,
        status,
        answer,
    })
}

/// A gateway with the users that the questions speak of. No password is right in them.
fn gateway() -> Gateway {
    let gateway = Gateway::before(&Upstream::start()).start();
    let users = gateway.setup().users();
    users.execute("DELETE FROM user");
    let hash = bcrypt::hash("none of theirs", 4).expect("a hash");
    for (id, name, active, restricted) in [
        (1, "minji", true, false),
        (3, "banned", true, true),
        (4, "withdrawn", false, false),
        (6, "social", true, false),
        (11, "twice", false, false),
        (12, "twice", true, false),
        (13, "both", false, true),
    ] {
        users.add(&User {
            id,
            name,
            hash: (name != "social").then_some(&hash),
            active,
            restricted,
        });
    }
    gateway
}

#[test]
fn every_refusal_is_the_monolith_s_to_the_byte() {
    let gateway = gateway();
    let files = ["login.txt", "pair.txt", "refresh.txt", "verify.txt"];
    let all: Vec<Measured> = files.into_iter().flat_map(measured).collect();
    assert!(all.len() > 75, "only {} questions", all.len());
    for measured in all {
        let what = format!("{} {}", measured.target, measured.name);
        let request = Request::post(&measured.target);
        let request = request
            .header("Content-Type", "application/json")
            .body(measured.body);
        let response = gateway.send(&request);
        let expected = (measured.status, measured.answer);
        assert_eq!(super::said(&response), expected, "{what}");
        assert_eq!(
            response.header("content-type"),
            Some("application/json"),
            "{what}"
        );
        // A token that does not hold is an answer like another at `verify`.
        let decision = usize::from(response.status >= 400);
        assert_eq!(
            super::further_headers(&response),
            super::DECISION[..decision],
            "{what}"
        );
    }
}
