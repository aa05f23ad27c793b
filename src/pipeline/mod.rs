//! The life of a request: received, routed, presented, identified, permitted, prepared, dispatched.
//!
//! [`Pipeline`] is one core's handler. `walk` is the order of the stages; each stage is one file and the only
//! constructor of its value, so that a request that was not authorised cannot be dispatched. Inside, a stage says no
//! with a [`Rejection`]; outside, `handle` alone turns it into an answer.

mod access_log;
mod authorize;
mod body;
mod credential;
mod dispatch;
pub mod explain;
mod forwarded;
#[cfg(fuzzing)]
pub mod fuzzing;
mod identify;
mod inject;
mod live;
mod options;
mod preflight;
mod receive;
mod refuse;
mod rejection;
mod route;
mod stage;
mod throttle;
mod upgrade;

use std::{cell::RefCell, rc::Rc, sync::Arc, time::Duration};

use ::http::{Request, Response, Version};
use bytes::Bytes;
use hyper::body::{Body as _, Incoming};
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

pub use body::Body;
pub use identify::{IdentityHeaders, Proof, SubjectLog};
pub use live::Live;
pub use rejection::Rejection;

use crate::{
    clock::Clock,
    entropy::Entropy,
    listener::{Core, Handler, Peer, Refusal},
    telemetry::counters::CoreCounts,
    upstream::{Group, Upstream},
};
use access_log::{Begun, Record};
use identify::{KeysNeeded, Looked};
use refuse::{refuse, refuse_unread};
use stage::{Identified, Prepared};

/// One core's way of answering requests.
#[derive(Debug)]
pub struct Pipeline {
    live: Arc<Live>,
    upstreams: Vec<Rc<Upstream>>,
    entropy: RefCell<Entropy>,
    clock: Clock,
    core: Core,
    control: Control,
    counts: Arc<CoreCounts>,
}

/// Where work that waits for the database or for password checks is done.
#[derive(Debug, Clone)]
pub struct Control {
    /// The control runtime.
    pub runtime: Handle,
    /// Owns what is spawned there: the drain waits for it.
    pub tasks: TaskTracker,
}

impl Pipeline {
    /// The handler of one core, with its own upstream connections. Has to be called on the core's runtime.
    pub fn new(live: Arc<Live>, control: Control, core: Core) -> Self {
        let upstream = |group: &Arc<Group>| {
            let deadlines = core.deadlines().clone();
            let (group, stripped) = (Arc::clone(group), live.stripped.clone());
            Rc::new(Upstream::new(
                group,
                deadlines,
                Entropy::from_os(),
                stripped,
            ))
        };
        let upstreams: Vec<Rc<Upstream>> = live.upstreams.iter().map(upstream).collect();
        // Ends with this core's runtime.
        tokio::task::spawn_local(close_stale(upstreams.clone()));
        Self {
            upstreams,
            counts: live.counters.core(),
            live,
            entropy: RefCell::new(Entropy::from_os()),
            clock: Clock,
            core,
            control,
        }
    }

    fn begin(&self) -> Begun<'_> {
        Begun {
            decision: self.entropy.borrow_mut().decision_id(),
            started: self.clock.instant(),
            counts: &self.counts,
        }
    }

    /// Every decision about a request. Nothing here waits.
    fn walk<'a>(
        &'a self,
        peer: &'a Peer,
        mut request: Box<Request<Incoming>>,
        record: &mut Record<'a>,
    ) -> Result<Walked<'a>, Rejection> {
        let live = &*self.live;
        if request.version() == Version::HTTP_2 {
            receive::check_head(&request, self.core.settings().head)?;
        }
        check_body(peer, request.body())?;
        if let Some(answer) = options::answer(&mut request, record)? {
            return Ok(Walked::Answered(Box::new(answer)));
        }
        let received = receive::receive(request, live.reading)?;
        if let Some(answer) = preflight::answer(&received, live, record) {
            return Ok(Walked::Answered(Box::new(answer)));
        }
        let routed = route::route(received, &live.table)?;
        record.routed(&routed);
        throttle::arriving(&routed, live, peer, record)?;
        let presented = credential::extract(routed)?;
        match identify::look(presented, live, self.clock.unix_seconds())? {
            Looked::Identified(identified) => self.permit(identified, peer, record),
            Looked::Waits(needed) => Ok(Walked::Waits(needed)),
        }
    }

    /// The rest of the walk, when it is known whose request it is.
    fn permit<'a>(
        &'a self,
        identified: Identified<'a, Incoming>,
        peer: &'a Peer,
        record: &mut Record<'a>,
    ) -> Result<Walked<'a>, Rejection> {
        let live = &*self.live;
        record.identified(&identified);
        let permitted = authorize::authorize(identified, peer.certificate())?;
        throttle::identified(&permitted, live, peer, record)?;
        let prepared = inject::inject(permitted, live, peer, record.decision())?;
        Ok(Walked::Prepared(prepared))
    }
}

/// A body that has begun wrongly never reaches the upstream.
fn check_body(peer: &Peer, body: &Incoming) -> Result<(), Rejection> {
    if body.is_end_stream() {
        return Ok(());
    }
    match peer.notices.body_violation() {
        Some(violation) => Err(Refusal::Malformed(violation).into()),
        None => Ok(()),
    }
}

/// Where the walk of a request that nobody refused has led.
enum Walked<'a> {
    Prepared(Prepared<'a, Incoming>),
    Answered(Box<Response<Body>>),
    /// The one wait before the upstream: for the keys of an issuer that publishes them.
    Waits(Box<KeysNeeded<'a, Incoming>>),
}

/// Closes connections that nobody used for too long, so that an idle gateway does not hold them for ever.
async fn close_stale(upstreams: Vec<Rc<Upstream>>) {
    const EVERY: Duration = Duration::from_secs(1);
    loop {
        tokio::time::sleep(EVERY).await;
        for upstream in &upstreams {
            upstream.close_stale();
        }
    }
}

impl Handler for Pipeline {
    type Body = Body;

    async fn handle(
        self: Rc<Self>,
        peer: Rc<Peer>,
        request: Box<Request<Incoming>>,
    ) -> Response<Body> {
        let mut record = Record::new(self.begin(), &peer, &request, &self.live);
        let walked = match self.walk(&peer, request, &mut record) {
            Ok(Walked::Waits(needed)) => {
                // Boxed, since it is rare and what stands here weighs on every request.
                match Box::pin(needed.wait(&self.live, self.clock)).await {
                    Ok(identified) => self.permit(identified, &peer, &mut record),
                    Err(rejection) => Err(rejection),
                }
            }
            walked => walked,
        };
        let answered = match walked {
            Ok(Walked::Prepared(prepared)) => self.dispatch(prepared, &peer, &mut record).await,
            Ok(Walked::Answered(answer)) => Ok(*answer),
            Ok(Walked::Waits(_)) => Err(Rejection::Misrouted),
            Err(rejection) => Err(rejection),
        };
        let response = match answered {
            Ok(response) => response,
            Err(rejection) => refuse(&rejection.of_body(&peer), &self.live, &mut record),
        };
        record.attach(response)
    }

    fn refuse(&self, peer: &Peer, refusal: Refusal) -> Response<Bytes> {
        let record = Record::unread(self.begin(), peer, &self.live);
        refuse_unread(&refusal.into(), &self.live, record)
    }
}
