//! The right to have a request at an upstream, from before it is sent until its response has ended.

use std::rc::Rc;

use super::{endpoint::Standing, pool::Upstream};

/// Counts one request at the upstream and at the endpoint that has it. However the request ends, dropping this makes
/// room for the next.
#[derive(Debug)]
pub(super) struct Ticket {
    upstream: Rc<Upstream>,
    /// Which endpoint counts it; none, where there is only one.
    counted: Option<usize>,
}

impl Ticket {
    /// For a request that has passed the upstream's gate.
    pub(super) fn entered(upstream: &Rc<Upstream>) -> Self {
        Self {
            upstream: Rc::clone(upstream),
            counted: None,
        }
    }

    pub(super) fn upstream(&self) -> &Rc<Upstream> {
        &self.upstream
    }

    /// Moves the request to an endpoint.
    pub(super) fn count_at(&mut self, endpoint: usize) {
        if self.upstream.group().has_several() {
            self.uncount();
            self.counted = Some(endpoint);
            self.counted_at().map(Standing::add_load);
        }
    }

    fn uncount(&mut self) {
        self.counted_at().map(Standing::remove_load);
        self.counted = None;
    }

    fn counted_at(&self) -> Option<&Standing> {
        let endpoint = self.counted?;
        self.upstream.group().standing(endpoint)
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.uncount();
        self.upstream.group().gate().leave();
    }
}
