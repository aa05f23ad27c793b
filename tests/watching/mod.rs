//! The built gateway beside a real MariaDB that the monolith writes to.

mod bans;
mod faults;
mod logins;
mod monolith;
mod polling;
mod upgrades;
mod wire;
