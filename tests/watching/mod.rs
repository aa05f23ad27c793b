//! The built gateway beside a real MariaDB that the monolith writes to.

mod bans;
mod faults;
mod monolith;
mod polling;
mod upgrades;
mod wire;
