//! The routes that the gateway answers itself, in the monolith's own bytes.
