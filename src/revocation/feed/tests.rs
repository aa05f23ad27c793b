//! Together with real servers.
