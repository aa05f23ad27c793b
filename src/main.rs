//! The `sidegate` binary: everything is in the library, see [`sidegate::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    sidegate::cli::run()
}
