//! What happens to a request, from its first byte to the last of its answer.

mod routing;
