//! A file to a compiled configuration, with everything that is wrong about it.

use std::path::{Path, PathBuf};

use super::{
    compile::{Extent, Findings, compile},
    compiled::Compiled,
    diagnostic::{Diagnostic, sort},
    document::Document,
    fingerprint::Recorder,
    reading::{places::Places, reader::read},
    source::{Environment, Files, Source, SourceError},
};

/// What loading gave.
#[derive(Debug)]
pub struct Loaded {
    /// The configuration; only there if nothing is a mistake.
    pub compiled: Option<Compiled>,
    /// Mistakes and warnings, in the order of the text.
    pub diagnostics: Vec<Diagnostic>,
    /// The other files that were read, or should have been.
    pub files: Vec<PathBuf>,
    /// The text as a tree.
    pub places: Places,
}

/// Reads and compiles the file at `path`. Relative paths in it begin at its own folder.
pub fn load(
    path: &Path,
    files: &dyn Files,
    environment: &dyn Environment,
) -> Result<Loaded, SourceError> {
    let source = Source::load(files, path)?;
    let folder = path.parent().unwrap_or(Path::new("."));
    Ok(load_source(&source, folder, files, environment))
}

/// Compiles a text that has been read already.
pub fn load_source(
    source: &Source,
    folder: &Path,
    files: &dyn Files,
    environment: &dyn Environment,
) -> Loaded {
    let reading = read::<Document>(source, environment);
    let mut diagnostics = reading.diagnostics;
    let sound = reading.value.is_some();
    let mut compiled = None;
    let files = Recorder::new(files, source);
    // What is left of a broken document is compiled too, for more mistakes, but never used.
    if let Some(document) = reading.value.or(reading.remainder) {
        let extent = if sound {
            Extent::Whole
        } else {
            Extent::Remainder(&reading.made_up)
        };
        let mut findings = Findings::new(&reading.places, extent, &files, folder);
        compiled = compile(&document, &mut findings).filter(|_| sound);
        diagnostics.extend(findings.into_diagnostics());
    }
    sort(&mut diagnostics);
    Loaded {
        compiled,
        diagnostics,
        files: files.paths(),
        places: reading.places,
    }
}
