//! How a case is written.
//!
//! ```text
//! # a length that is not plain digits
//! > POST /a HTTP/1.1
//! > Host: gateway.test
//! > Content-Length:{}
//! >
//! > hello\
//! * +5
//! * -5
//! < 400 closed
//! ```
//!
//! `#` names it. Each `>` line is sent with CR LF behind it, or without when it ends with `\`. Each `*` line stands for
//! `{}` in a case of its own. `<` says the statuses of the answers in their order (`400|431`: either) and then whether
//! the connection is `open`, `closed`, `waiting` for the rest of a request, or in `any` state as long as nothing further is
//! answered with 200. `=` lines are what reaches the upstream:
//! the request line, the headers in any order and without those that the gateway adds, an empty line and the body; `==`
//! begins another request, `= nothing whole` allows one that broke off and `= anything` all. Without `=` nothing reaches it. `upstream` stands for its
//! address.
//!
//! In sent, replacing and expected text: `\r \n \t \0 \\ \xHH`, and `\{3:ab}` for `ababab`. A line that begins with
//! `;` is a comment.

use std::{fs, net::SocketAddr, path::Path};

use crate::harness::Seen;

/// What the gateway adds, with values that differ from one request to the next or are tested elsewhere.
const ADDED: [&str; 5] = [
    "x-request-id",
    "x-forwarded-for",
    "x-forwarded-proto",
    "x-forwarded-host",
    "via",
];

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) name: String,
    pub(super) sent: Vec<u8>,
    /// For each answer the statuses that will do.
    pub(super) answers: Vec<Vec<u16>>,
    pub(super) end: End,
    pub(super) arrives: Arrives,
}

/// What becomes of the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    Open,
    Closed,
    Waiting,
    Any,
}

/// What the upstream sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Arrives {
    /// These and nothing else, as [`Arrived`] writes them.
    Exactly(Vec<String>),
    /// At most requests that broke off.
    NothingWhole,
    Anything,
}

/// The lines of one case.
#[derive(Debug, Default)]
struct Draft {
    name: String,
    sent: Vec<String>,
    alternatives: Vec<String>,
    answers: String,
    arrives: Vec<Vec<String>>,
}

impl Case {
    /// Every case of a file.
    pub(super) fn load(file: &str) -> Vec<Self> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/wire");
        let text = fs::read_to_string(path.join(format!("{file}.txt"))).expect("a file of cases");
        let mut drafts: Vec<Draft> = Vec::new();
        for line in text.lines() {
            let (mark, rest) = line.split_at_checked(1).unwrap_or((line, ""));
            let rest = rest.strip_prefix(' ').unwrap_or(rest);
            if mark == "#" {
                let name = format!("{file}: {rest}");
                drafts.push(Draft {
                    name,
                    ..Draft::default()
                });
            } else if !mark.is_empty() && mark != ";" {
                let draft = drafts
                    .last_mut()
                    .expect("a name before the lines of a case");
                draft.add(mark, rest);
            }
        }
        let cases: Vec<Self> = drafts.iter().flat_map(Draft::cases).collect();
        assert!(!cases.is_empty(), "{file} has no case");
        cases
    }
}

impl Draft {
    fn add(&mut self, mark: &str, rest: &str) {
        match mark {
            ">" => self.sent.push(rest.to_owned()),
            "*" => self.alternatives.push(rest.to_owned()),
            "<" => rest.clone_into(&mut self.answers),
            "=" if rest.starts_with('=') => {
                let line = rest.trim_start_matches('=').trim_start();
                self.arrives.push(vec![line.to_owned()]);
            }
            "=" => match self.arrives.last_mut() {
                Some(request) => request.push(rest.to_owned()),
                None => self.arrives.push(vec![rest.to_owned()]),
            },
            _ => panic!("{}: what is {mark:?}?", self.name),
        }
    }

    fn cases(&self) -> Vec<Case> {
        if self.alternatives.is_empty() {
            return vec![self.case(None)];
        }
        let alternatives = self.alternatives.iter();
        alternatives.map(|text| self.case(Some(text))).collect()
    }

    fn case(&self, alternative: Option<&str>) -> Case {
        let fill = |line: &String| match alternative {
            Some(alternative) => line.replace("{}", alternative),
            None => line.clone(),
        };
        let filled = |lines: &[String]| lines.iter().map(fill).collect::<Vec<_>>();
        let name = match alternative {
            Some(alternative) => format!("{}: {alternative:?}", self.name),
            None => self.name.clone(),
        };
        let (answers, end) = answers(&self.answers, &name);
        let arrives = match self.arrives.as_slice() {
            [lines] if lines == &["nothing whole"] => Arrives::NothingWhole,
            [lines] if lines == &["anything"] => Arrives::Anything,
            requests => Arrives::Exactly(
                requests
                    .iter()
                    .map(|lines| expected(&filled(lines)))
                    .collect(),
            ),
        };
        Case {
            sent: text(&filled(&self.sent)),
            name,
            answers,
            end,
            arrives,
        }
    }
}

/// `200 400|431 closed`.
fn answers(line: &str, name: &str) -> (Vec<Vec<u16>>, End) {
    let mut words: Vec<&str> = line.split_ascii_whitespace().collect();
    let end = match words.pop() {
        Some("open") => End::Open,
        Some("closed") => End::Closed,
        Some("waiting") => End::Waiting,
        Some("any") => End::Any,
        other => panic!("{name}: does the connection stay open? {other:?}"),
    };
    let status = |text: &str| text.parse().expect("a status");
    let answers = words
        .into_iter()
        .map(|word| word.split('|').map(status).collect());
    (answers.collect(), end)
}

/// Lines as they are sent.
fn text(lines: &[String]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for line in lines {
        match line.strip_suffix('\\') {
            Some(open) => bytes.extend(unescaped(open)),
            None => bytes.extend([unescaped(line), b"\r\n".to_vec()].concat()),
        }
    }
    bytes
}

fn unescaped(line: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut rest = line;
    while let Some((before, escape)) = rest.split_once('\\') {
        bytes.extend_from_slice(before.as_bytes());
        let (letter, after) = escape.split_at(1);
        rest = after;
        match letter {
            "r" => bytes.push(b'\r'),
            "n" => bytes.push(b'\n'),
            "t" => bytes.push(b'\t'),
            "0" => bytes.push(0),
            "\\" => bytes.push(b'\\'),
            "x" => {
                let (digits, after) = after.split_at(2);
                bytes.push(u8::from_str_radix(digits, 16).expect("two hexadecimal digits"));
                rest = after;
            }
            "{" => {
                let (inside, after) = after.split_once('}').expect("a closing brace");
                let (count, repeated) = inside.split_once(':').expect("a count and a text");
                bytes.extend(unescaped(repeated).repeat(count.parse().expect("a count")));
                rest = after;
            }
            _ => panic!("{line}: what is \\{letter}?"),
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    bytes
}

/// The form of [`arrived`] from the lines of a case.
fn expected(lines: &[String]) -> String {
    let mut parts = lines.splitn(2, String::is_empty);
    let head = parts.next().unwrap_or_default();
    let head: Vec<String> = head
        .iter()
        .map(|line| String::from_utf8_lossy(&unescaped(line)).into_owned())
        .collect();
    written(&head, &text(parts.next().unwrap_or_default()))
}

/// A request as the upstream saw it, in a form that can be compared.
pub(super) fn arrived(seen: &Seen, upstream: SocketAddr) -> String {
    let head = seen.head.replace(&upstream.to_string(), "upstream");
    let lines = head.trim_end_matches("\r\n").split("\r\n");
    let added = |line: &&str| {
        let name = line.split(':').next().unwrap_or_default();
        !ADDED.contains(&name.to_ascii_lowercase().as_str())
    };
    let head: Vec<String> = lines.filter(added).map(str::to_owned).collect();
    let broken = if seen.whole { "" } else { " (broke off)" };
    written(&head, &seen.body) + broken
}

fn written(head: &[String], body: &[u8]) -> String {
    let (line, headers) = head.split_first().expect("a request line");
    let mut headers = headers.to_vec();
    headers.sort();
    let body = body.escape_ascii();
    format!("{line} | {} | {body}", headers.join(", "))
}

#[test]
fn a_case_is_read_as_it_is_written() {
    assert_eq!(unescaped(r"a\t\x80\{2:b\0}\\n"), b"a\t\x80b\0b\0\\n");
    let lines = ["POST / HTTP/1.1", "", "open\\"].map(str::to_owned);
    assert_eq!(text(&lines), b"POST / HTTP/1.1\r\n\r\nopen");
    assert_eq!(
        answers("200 400|431 closed", ""),
        (vec![vec![200], vec![400, 431]], End::Closed)
    );
}
