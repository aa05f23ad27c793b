//! Messages reach mail servers and providers, sooner or later.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use serde_json::json;

use super::{VERIFY, asked, messages, setup, tried};
use crate::harness::{
    Gateway, Request, Setup, Upstream, Watch, own_tables::OwnTables, token::ACCESS_SECRET,
    wait_until,
};

/// A mail server that puts off the first letter and takes the others. What it has heard is kept.
struct MailServer {
    port: u16,
    heard: Arc<Watch<Vec<String>>>,
}

impl MailServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let heard = Arc::new(Watch::new(Vec::new()));
        let told = Arc::clone(&heard);
        thread::spawn(move || {
            for (number, stream) in listener.incoming().enumerate() {
                let Ok(stream) = stream else { return };
                let letter = talk(&stream, number == 0);
                told.change(|letters| letters.push(letter));
            }
        });
        Self { port, heard }
    }
}

fn talk(stream: &TcpStream, puts_off: bool) -> String {
    let mut out = stream.try_clone().expect("the other half");
    let mut say = |line: &str| {
        let _ = out.write_all(format!("{line}\r\n").as_bytes());
    };
    say("220 mail.test ESMTP");
    let (mut heard, mut in_data) = (String::new(), false);
    for line in BufReader::new(stream).lines() {
        let Ok(line) = line else { break };
        heard.push_str(&line);
        heard.push('\n');
        let verb = line
            .split(' ')
            .next()
            .unwrap_or_default()
            .to_ascii_uppercase();
        match &*verb {
            "." if in_data => {
                in_data = false;
                say("250 taken");
            }
            _ if in_data => {}
            "EHLO" => say("250 mail.test"),
            "RCPT" if puts_off => say("451 4.7.1 <withdrawn@example.com> is put off"),
            "DATA" => {
                in_data = true;
                say("354 go on");
            }
            "QUIT" => {
                say("221 bye");
                break;
            }
            _ => say("250 fine"),
        }
    }
    heard
}

fn ready(setup: Setup) -> Gateway {
    let gateway = setup.start();
    wait_until("the tables", || {
        tried(&gateway, "nobody", "AAAAAA").status == 400
    });
    gateway
}

#[test]
fn a_letter_that_was_put_off_is_delivered_later() {
    let server = MailServer::start();
    let mail = format!(
        "{{ from: \"Shop <no-reply@shop.example>\", to: {{ smtp: {{ host: 127.0.0.1, port: {}, tls: clear_text, hello: gateway.test }} }} }}",
        server.port
    );
    let gateway = ready(setup(&OwnTables::Sqlite, VERIFY, "").section("mail", &mail));
    asked(&gateway, "/code", "withdrawn");
    server
        .heard
        .wait_for("two connections", |letters| letters.len() >= 2);
    let letter = server.heard.read(|letters| letters[1].clone());
    for line in [
        "EHLO gateway.test",
        "MAIL FROM:<no-reply@shop.example>",
        "RCPT TO:<withdrawn@example.com>",
        "From: Shop <no-reply@shop.example>",
        "To: withdrawn@example.com",
        "Content-Type: text/plain; charset=utf-8",
    ] {
        assert!(letter.contains(line), "{line} in {letter}");
    }
    assert!(letter.contains("Subject: Shop: your code is "), "{letter}");
    let line = gateway.log_line("a message is tried again");
    assert!(
        line.contains("451") && !line.contains("example.com"),
        "{line}"
    );
    gateway.log_line("a message was handed over");
}

#[test]
fn an_address_in_the_table_that_is_more_than_one_is_written_to_by_nobody() {
    let verify = format!("{VERIFY}, to: name");
    let gateway = ready(setup(&OwnTables::Sqlite, &verify, ""));
    for name in [
        "'withdrawn@example.com' || char(13, 10) || 'Bcc: eve@example.com'",
        "'withdrawn@example.com, eve@example.com'",
        "'withdrawn@example.com>' || char(13, 10) || 'RCPT TO:<eve@example.com'",
    ] {
        let sql = format!("UPDATE user SET name = {name} WHERE id = 3");
        gateway.setup().users().execute(&sql);
        asked(&gateway, "/code", "withdrawn");
    }
    gateway.log_line("a message was not delivered");
    assert_eq!(messages(&gateway, "eml"), Vec::<String>::new());
    assert!(!gateway.said().contains("eve@"), "{}", gateway.said());
}

#[test]
fn a_code_goes_to_a_phone_by_a_provider_in_the_language_of_its_reader() {
    let provider = Upstream::start();
    let sms = format!(
        "{{ to: {{ hook: {{ url: \"{}/send?v=1\", clear_text: acknowledged, headers: {{ X-Key: \"${{SECRET_KEY}}\" }}, \
         body: {{ messages: [{{ to: \"{{phone}}\", text: \"{{text}}\" }}] }} }} }}, texts: {{ languages: [en, ko] }} }}",
        provider.url()
    );
    let verify = format!("{VERIFY}, by: phone, to: name, alphabet: digits");
    let gateway = ready(setup(&OwnTables::Sqlite, &verify, "").section("sms", &sms));
    gateway
        .setup()
        .users()
        .execute("UPDATE user SET name = '+82 10-1234-5678' WHERE id = 3");
    let request = Request::post("/code").header("Accept-Language", "ko-KR,ko;q=0.9,en;q=0.5");
    gateway.send(&request.json(&json!({ "email": "withdrawn@example.com" })));
    provider.wait_for("a message", |seen| seen.whole);
    let seen = provider.only();
    assert_eq!(seen.request_line(), "POST /send?v=1 HTTP/1.1");
    assert_eq!(seen.values("x-key"), [ACCESS_SECRET]);
    let body: serde_json::Value = serde_json::from_slice(&seen.body).expect("JSON");
    let message = &body["messages"][0];
    assert_eq!(message["to"], "+821012345678");
    let text = message["text"].as_str().expect("a text");
    assert!(text.starts_with("[Shop] 인증번호는 "), "{text}");
}

#[test]
fn what_is_written_to_the_log_stands_there_because_somebody_said_so() {
    let mail = "{ from: no-reply@shop.example, to: log, texts: { languages: [ko] } }";
    let gateway = ready(setup(&OwnTables::Sqlite, VERIFY, "").section("mail", mail));
    asked(&gateway, "/code", "withdrawn");
    let line = gateway.log_line("a message is written here");
    let line: serde_json::Value = serde_json::from_str(&line).expect("JSON");
    let code = line["code"].as_str().expect("a code");
    assert_eq!(tried(&gateway, "withdrawn", code).status, 200);
}
