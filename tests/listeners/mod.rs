//! Where clients connect: sockets of every kind, TLS, PROXY headers, and how many may come.

mod address_limit;
mod client_certificates;
mod proxy_protocol;
mod service_manager;
mod tls;
mod tls_half_close;
mod unix_sockets;
