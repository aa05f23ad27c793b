//! The configuration at the root of the repository.

use std::{fs, path::Path, process::Command};

/// Values for the variables that a text names.
fn value_of(name: &str) -> &'static str {
    if name.contains("DATABASE") {
        "sqlite:users.db"
    } else if name.contains("REFRESH") {
        "a-refresh-secret-of-more-than-32-bytes"
    } else {
        "an-access-secret-of-more-than-32-bytes"
    }
}

/// The names in `${NAME}`; those with a default need no value.
fn variables(text: &str) -> Vec<&str> {
    let rest = text.split("${").skip(1);
    let inner = rest
        .filter_map(|rest| rest.split_once('}'))
        .map(|(inner, _)| inner);
    inner.filter(|inner| !inner.contains(":-")).collect()
}

#[test]
fn the_sample_has_no_mistake() {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("gateway.yaml");
    let Ok(text) = fs::read_to_string(&sample) else {
        return;
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_sidegate"));
    command.env_clear().args(["check", "--config"]).arg(&sample);
    for name in variables(&text) {
        command.env(name, value_of(name));
    }
    let output = command.output().expect("the binary");
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
