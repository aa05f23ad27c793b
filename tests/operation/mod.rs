//! How the gateway is operated: its health, its end, its logs.

mod admin;
mod drain;
mod explain;
mod explained_privately;
mod explained_tokens;
mod health;
mod logs;
mod metrics;
mod own_tables;
mod reload;
mod takeover;
