//! `sidegate demo`: what it prints can be pasted, and does what it says.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::harness::Setup;

/// A running demo and the commands that it printed.
struct Demo {
    child: Child,
    commands: Vec<String>,
}

impl Demo {
    fn start() -> Self {
        let mut command = Setup::empty().command(&["demo", "--listen", "127.0.0.1:0"]);
        command.current_dir("/").env_clear();
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the binary");
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let lines = output.lines().map_while(Result::ok);
        // The last sentence of the instructions; further lines are of requests.
        let instructions = lines.take_while(|line| !line.starts_with("Every refusal"));
        let commands = instructions.filter_map(|line| Some(line.strip_prefix("  ")?.to_owned()));
        let commands = commands.filter(|line| !line.starts_with('#')).collect();
        Self { child, commands }
    }

    /// Pastes everything into one shell, as a person would, and gives each answer.
    fn pasted(&self) -> Vec<String> {
        const CUT: &str = "---8<---";
        let cut = format!("\necho; echo '{CUT}'\n");
        let script = self.commands.join(&cut) + &cut;
        let output = Command::new("sh")
            .args(["-c", &script])
            .output()
            .expect("a shell");
        let answers = String::from_utf8(output.stdout).expect("a text");
        let answers = answers.split(CUT).map(|answer| answer.trim().to_owned());
        answers.take(self.commands.len()).collect()
    }

    /// The answers to the commands that contain this.
    fn answers_to<'a>(&self, answers: &'a [String], part: &str) -> Vec<&'a str> {
        let both = self.commands.iter().zip(answers);
        let found: Vec<&str> = both
            .filter(|(line, _)| line.contains(part))
            .map(|(_, answer)| answer.as_str())
            .collect();
        assert!(
            !found.is_empty(),
            "no command has {part}: {:#?}",
            self.commands
        );
        found
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text:?}"))
}

#[test]
fn every_printed_command_does_what_it_says() {
    let demo = Demo::start();
    assert!(demo.commands.len() >= 12, "{:#?}", demo.commands);
    let answers = demo.pasted();

    let login =
        json(demo.answers_to(&answers, "email=active@example.com&password=open-sesame'")[0]);
    assert_eq!(login["email"], "active@example.com");
    assert_eq!(login["token"]["token_type"], "bearer");

    let guarded = json(demo.answers_to(&answers, "X-User-Id: 999")[0]);
    assert_eq!(guarded["headers"]["x-user-id"], "1");
    assert_eq!(guarded["monolith"], "received");

    let without = demo.answers_to(&answers, "/deals");
    assert!(without[1].starts_with("HTTP/1.1 401 "), "{without:?}");
    assert!(
        without[1].contains("www-authenticate: Bearer"),
        "{without:?}"
    );

    for path in ["/docs/intro", "/items"] {
        let open = json(demo.answers_to(&answers, path)[0]);
        assert_eq!(open["target"], path);
        assert_eq!(open["headers"].get("x-user-id"), None);
    }
    let other = demo.answers_to(&answers, "/users/2/profile")[0];
    assert!(other.starts_with("HTTP/1.1 403 "), "{other}");

    let why = demo.answers_to(&answers, " explain $ID ")[0];
    for part in [
        "/users/{user_id}/**",
        "- subject_is: user_id",
        "refused with 403 not_the_subject",
    ] {
        assert!(why.contains(part), "{part}: {why}");
    }

    let banned = json(demo.answers_to(&answers, "banned@")[0]);
    assert_eq!(banned["detail"]["message"], "보호조치된 계정입니다.");
    let withdrawn = json(demo.answers_to(&answers, "withdrawn@")[0]);
    assert_eq!(withdrawn["detail"]["error_code"], 191);
    let wrong = json(demo.answers_to(&answers, "password=wrong")[0]);
    assert_eq!(wrong["detail"]["error_code"], 192);

    let pair = json(demo.answers_to(&answers, "/auth/token/pair")[0]);
    assert!(
        pair["access_token"].is_string() && pair["refresh_token"].is_string(),
        "{pair}"
    );
    assert_eq!(
        demo.answers_to(&answers, "/auth/token/verify"),
        [r#"{"bool":true}"#]
    );
    let banned = json(demo.answers_to(&answers, "-X POST http")[0]);
    assert_eq!(banned["is_restricted"], true);
    let refused = demo.answers_to(&answers, "&& break")[0];
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let released = json(demo.answers_to(&answers, "-X DELETE")[0]);
    assert_eq!(released["is_restricted"], false);
    let ready = json(demo.answers_to(&answers, "/ready")[0]);
    assert_eq!(ready["ready"], true);
    assert_eq!(ready["reasons"], Value::Array(Vec::new()));
}
