//! Standard output and standard error. A closed pipe ends nothing: there is nobody left to tell.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
};

use crate::config::{
    compiled::Compiled,
    diagnostic::{Diagnostic, Severity},
    load::{Loaded, load},
    paint::Paint,
    source::{Disk, Environment, ProcessEnvironment},
};

/// An answer.
pub(super) fn report(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// A complaint.
pub(super) fn complain(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Colours for a terminal, unless its user wants none (<https://no-color.org>) or it has none.
pub(super) fn paint(is_terminal: bool, environment: &dyn Environment) -> Paint {
    let refused = environment
        .get("NO_COLOR")
        .is_some_and(|value| !value.is_empty());
    let plain = environment.get("TERM").is_some_and(|name| name == "dumb");
    if is_terminal && !refused && !plain {
        Paint::Coloured
    } else {
        Paint::Plain
    }
}

/// Loads a configuration for a command that needs a good one; complains about everything that is wrong with it.
pub(super) fn load_or_complain(path: &Path) -> Option<Compiled> {
    load_with_files(path).map(|(compiled, _files)| compiled)
}

/// The same, with the other files that it is made of.
pub(super) fn load_with_files(path: &Path) -> Option<(Compiled, Vec<PathBuf>)> {
    let Loaded {
        compiled,
        diagnostics,
        files,
        places: _,
    } = match load(path, &Disk, &ProcessEnvironment) {
        Ok(loaded) => loaded,
        Err(error) => {
            complain(&format!("sidegate: {}", with_causes(&error)));
            return None;
        }
    };
    let paint = paint(io::stderr().is_terminal(), &ProcessEnvironment);
    for diagnostic in &diagnostics {
        complain(&diagnostic.painted(paint));
    }
    if compiled.is_none() {
        let mistakes = diagnostics.iter().filter(|found| is_mistake(found)).count();
        complain(&format!(
            "sidegate: {} has {}",
            path.display(),
            counted(mistakes, "mistake")
        ));
    }
    compiled.map(|compiled| (compiled, files))
}

pub(super) fn is_mistake(diagnostic: &Diagnostic) -> bool {
    diagnostic.severity == Severity::Mistake
}

/// `1 mistake`, `2 mistakes`.
pub(super) fn counted(count: usize, of: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {of}{plural}")
}

/// An error and what lies beneath it, on one line.
pub(super) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Variables(&'static [(&'static str, &'static str)]);

    impl Environment for Variables {
        fn get(&self, name: &str) -> Option<String> {
            let found = self.0.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn colours_are_for_terminals_whose_user_wants_them() {
        let paint = |terminal, variables| paint(terminal, &Variables(variables));
        assert_eq!(paint(true, &[("TERM", "xterm")]), Paint::Coloured);
        assert_eq!(paint(true, &[("NO_COLOR", "")]), Paint::Coloured);
        assert_eq!(paint(true, &[("NO_COLOR", "1")]), Paint::Plain);
        assert_eq!(paint(true, &[("TERM", "dumb")]), Paint::Plain);
        assert_eq!(paint(false, &[]), Paint::Plain);
    }
}
