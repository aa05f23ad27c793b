//! The commands beside `run`, and how each of them ends.
