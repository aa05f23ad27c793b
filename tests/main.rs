//! The built binary, seen from outside: its front door, its operators' listener, its logs and its exit.
//!
//! One test binary, so that it is linked once. `cfg(test)` on the modules is what tells the lints that a failure may
//! panic here.

#[cfg(test)]
mod accounts;
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod config;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod examples;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod listeners;
#[cfg(test)]
mod operation;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod revocation;
#[cfg(test)]
mod watching;
