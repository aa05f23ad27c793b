//! What happens to a request, from its first byte to the last of its answer.

mod authorization;
mod bearer;
mod bodies;
mod cors;
mod credentials;
mod departures;
mod endpoints;
mod failures;
mod forwarding;
mod framing;
mod hops;
mod http2;
mod identity;
mod limits;
mod outages;
mod overload;
mod quiet;
mod rate_limits;
mod refusals;
mod routing;
mod targets;
mod transports;
mod upgrades;
mod upstream_http2;
mod upstream_tls;
mod wire;
