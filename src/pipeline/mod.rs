//! The life of a request: received, routed, presented, identified, admitted, permitted, prepared, dispatched.
//!
//! [`Pipeline`] is one core's handler. `walk` is the order of the stages; each stage is one file and the only
//! constructor of its value, so that a request that was not authorised cannot be dispatched. Inside, a stage says no
//! with a [`Rejection`]; outside, `handle` alone turns it into an answer.

mod access_log;
mod admit;
mod assertion;
mod authorize;
mod body;
mod credential;
mod csrf;
mod decisions;
mod dispatch;
mod endpoint_cookie;
pub mod explain;
mod forwarded;
#[cfg(fuzzing)]
pub mod fuzzing;
mod identify;
mod inject;
mod live;
mod noted;
mod observe;
mod open;
mod options;
mod paged;
mod preflight;
mod publish;
mod receive;
mod record;
mod refuse;
mod rejection;
mod renewal;
mod route;
mod row;
mod snapshot;
mod stage;
mod statuses;
mod throttle;
mod token_facts;
mod token_fate;
mod unread;
mod upgrade;

use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use ::http::{Request, Response, Version};
use bytes::Bytes;
use hyper::body::Body as _;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

pub use admit::Revocation;
pub use assertion::{Assertions, Unasserted};
pub use body::{Body, BrokenOff};
pub use decisions::{Decision, Decisions};
pub use identify::{IdentityHeaders, Proof, SubjectLog};
pub use live::Live;
pub use open::Ended;
pub use rejection::Rejection;
pub use snapshot::Snapshots;

use crate::{
    clock::Clock,
    entropy::Entropy,
    http::request_body::RequestBody,
    listener::{Core, Handler, Peer, Refusal},
    member::Row,
    membership,
};
use admit::{AskNeeded, Standing, admit, admit_again};
use authorize::{Authorized, Connected, authorize_or_note};
use decisions::CoreDecisions;
use identify::{Judging, KeysNeeded, Looked};
use receive::LastHost;
use record::{Begun, Record};
use refuse::{refuse, refuse_unread};
use renewal::RenewalNeeded;
use row::RowNeeded;
use snapshot::{Follower, View};
use stage::{Admitted, Identified, Permitted, Prepared, Routed};
use throttle::{CountNeeded, Held};

/// One core's way of answering requests.
#[derive(Debug)]
pub struct Pipeline {
    follower: Rc<Follower>,
    entropy: RefCell<Entropy>,
    clock: Clock,
    core: Core,
    control: Control,
    kept: Arc<CoreDecisions>,
    last_host: LastHost,
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
    pub fn new(
        snapshots: Arc<Snapshots>,
        decisions: &Decisions,
        control: Control,
        core: Core,
    ) -> Self {
        let follower = Rc::new(Follower::new(snapshots, core.clone()));
        // Ends with this core's runtime.
        tokio::task::spawn_local(keep_tidy(Rc::clone(&follower)));
        Self {
            follower,
            entropy: RefCell::new(Entropy::from_os()),
            clock: Clock,
            core,
            control,
            kept: decisions.core(),
            last_host: LastHost::default(),
        }
    }

    fn begin<'a>(&'a self, view: &'a View) -> Begun<'a> {
        Begun {
            decision: self.entropy.borrow_mut().decision_id(),
            started: self.clock.instant(),
            counts: &view.counts,
            kept: &self.kept,
        }
    }

    /// Every decision about a request. Nothing here waits.
    fn walk<'a>(
        &self,
        view: &'a View,
        peer: &'a Peer,
        mut request: Box<Request<RequestBody>>,
        record: &mut Record<'a>,
    ) -> Result<Walked<'a>, Rejection> {
        let live = &*view.live;
        if request.version() == Version::HTTP_2 {
            receive::check_head(&request, self.core.settings().head)?;
        }
        check_body(peer, request.body())?;
        if let Some(answer) = options::answer(&mut request, record)? {
            return Ok(Walked::Answered(Box::new(answer)));
        }
        let received = receive::receive(request, live.reading, &self.last_host)?;
        if let Some(answer) = preflight::answer(&received, live, record) {
            return Ok(Walked::Answered(Box::new(answer)));
        }
        record.received(&received);
        let routed = route::route(received, &live.table)?;
        record.routed(&routed);
        match throttle::arriving(&routed, live, peer, record) {
            Ok(()) => self.present(routed, (view, peer), record),
            Err(Held::Asks(needed)) => {
                let waiting = Waiting::Arriving(Box::new(routed), needed);
                Ok(Walked::Waits(Box::new(waiting)))
            }
            Err(Held::Refused(rejection)) => {
                record.noted().refused(&routed, live);
                Err(rejection)
            }
        }
    }

    /// The rest of the walk, when the request may be looked at.
    #[inline]
    fn present<'a>(
        &self,
        routed: Routed<'a, RequestBody>,
        (view, peer): (&'a View, &'a Peer),
        record: &mut Record<'a>,
    ) -> Result<Walked<'a>, Rejection> {
        let live = &*view.live;
        let presented = credential::extract(routed)?;
        record.presented(&presented.credential);
        let judging = Judging {
            live,
            recent: Some(&view.recent),
            now: self.clock.unix_seconds(),
        };
        match identify::look(presented, judging, record.noted())? {
            Looked::Identified(identified) => {
                let now = record.started();
                go_on(identified, now, (live, peer), record)
            }
            Looked::Waits(needed) => Ok(Walked::Waits(Box::new(Waiting::Keys(needed)))),
            Looked::Renews(needed) => Ok(Walked::Waits(Box::new(Waiting::Renewal(needed)))),
        }
    }

    /// The rest of a walk that has to wait: for keys, for the user's row, or for one after the other. Each wait leads to
    /// what comes behind it, so there is an end.
    async fn resume<'a>(
        &self,
        mut waiting: Waiting<'a>,
        view: &'a View,
        peer: &'a Peer,
        record: &mut Record<'a>,
    ) -> Result<Walked<'a>, Rejection> {
        let live = &*view.live;
        let context = (live, peer, &self.control);
        loop {
            let walked = match waiting {
                Waiting::Arriving(routed, needed) => {
                    if let Err(rejection) = needed.arriving(&routed, context, record).await {
                        record.noted().refused(&routed, live);
                        return Err(rejection);
                    }
                    self.present(*routed, (view, peer), record)?
                }
                Waiting::Identified(permitted, needed) => {
                    let permitted = within(*permitted, needed, context, record).await?;
                    let prepared = inject::inject(permitted, live, peer, record)?;
                    Walked::Prepared(prepared)
                }
                Waiting::Keys(needed) => {
                    let identified = needed.wait(live, self.clock, record.noted()).await?;
                    go_on(identified, self.clock.instant(), (live, peer), record)?
                }
                Waiting::Renewal(needed) => {
                    let renewed = needed.wait((live, peer), &self.control, self.clock, record);
                    let identified = renewed.await?;
                    record.identified(&identified);
                    // Whose page has sent it was asked before, when its cookies were still those that the page knows.
                    go_on_of_page(identified, self.clock.instant(), (live, peer), record)?
                }
                Waiting::Standing(needed) => {
                    let admitted = needed.wait(live, &self.control, record.noted()).await?;
                    permit(admitted, live, peer, record)?
                }
                Waiting::Row(needed) => {
                    let looked = needed.wait(live, &self.control).await?;
                    permit_with_row(needed, &looked, (live, peer), record)?
                }
            };
            match walked {
                Walked::Waits(next) => waiting = *next,
                walked @ (Walked::Prepared(_) | Walked::Answered(_)) => return Ok(walked),
            }
        }
    }
}

/// The rest of the walk, when it is known whose request it is.
fn go_on<'a>(
    mut identified: Identified<'a, RequestBody>,
    now: Instant,
    (live, peer): (&'a Live, &'a Peer),
    record: &mut Record<'a>,
) -> Result<Walked<'a>, Rejection> {
    record.identified(&identified);
    csrf::check(&mut identified, &peer.scheme, live, record.noted())?;
    go_on_of_page(identified, now, (live, peer), record)
}

/// The same when it is known that a page may have sent it.
#[inline]
fn go_on_of_page<'a>(
    identified: Identified<'a, RequestBody>,
    now: Instant,
    (live, peer): (&'a Live, &'a Peer),
    record: &mut Record<'a>,
) -> Result<Walked<'a>, Rejection> {
    match admit(identified, live, now, record.noted())? {
        Standing::Admitted(admitted) => permit(admitted, live, peer, record),
        Standing::Unknown(needed) => Ok(Walked::Waits(Box::new(Waiting::Standing(needed)))),
    }
}

/// The rest of the walk, when the token may still be used.
fn permit<'a>(
    admitted: Admitted<'a, RequestBody>,
    live: &'a Live,
    peer: &'a Peer,
    record: &mut Record<'a>,
) -> Result<Walked<'a>, Rejection> {
    let connected = connected(live, peer, None);
    match authorize_or_note(admitted, &connected, live, record.noted())? {
        Authorized::Permitted(permitted) => prepare(permitted, &connected, (live, peer), record),
        Authorized::NeedsRow(needed) => match needed.known(live, Clock) {
            Some(looked) => permit_with_row(needed, &looked, (live, peer), record),
            None => Ok(Walked::Waits(Box::new(Waiting::Row(needed)))),
        },
    }
}

/// The same when the user's row is known, or known not to be had.
fn permit_with_row<'a>(
    needed: RowNeeded<'a, RequestBody>,
    looked: &membership::Looked,
    (live, peer): (&'a Live, &'a Peer),
    record: &mut Record<'a>,
) -> Result<Walked<'a>, Rejection> {
    let mut admitted = admit_again(needed.identified, live, record.noted())?;
    let row = match row::judge(looked) {
        Ok(row) => Some(row),
        Err(rejection) => {
            let identified = &mut admitted.identified;
            let connected = connected(live, peer, None);
            record.noted().refused_by_rule(identified, &connected, live);
            identified.observed = Some(observe::observe(rejection, identified.routed.route.mode)?);
            None
        }
    };
    let connected = connected(live, peer, row);
    match authorize_or_note(admitted, &connected, live, record.noted())? {
        Authorized::Permitted(permitted) => prepare(permitted, &connected, (live, peer), record),
        Authorized::NeedsRow(_) => Err(Rejection::Misrouted),
    }
}

fn connected<'a>(live: &'a Live, peer: &'a Peer, row: Option<&'a Row>) -> Connected<'a> {
    Connected {
        peer: peer.address,
        proxies: &live.trusted_proxies,
        certificate: peer.certificate(),
        row,
    }
}

/// What is left to do for a request that may go on.
fn prepare<'a>(
    mut permitted: Permitted<'a, RequestBody>,
    connected: &Connected<'_>,
    (live, peer): (&'a Live, &'a Peer),
    record: &mut Record<'a>,
) -> Result<Walked<'a>, Rejection> {
    match throttle::identified(&mut permitted, live, peer, record) {
        Ok(()) => {}
        Err(Held::Asks(needed)) => {
            let waiting = Waiting::Identified(Box::new(permitted), needed);
            return Ok(Walked::Waits(Box::new(waiting)));
        }
        Err(Held::Refused(rejection)) => {
            let identified = &permitted.identified;
            record.noted().refused_by_rule(identified, connected, live);
            return Err(rejection);
        }
    }
    let prepared = inject::inject(permitted, live, peer, record)?;
    Ok(Walked::Prepared(prepared))
}

/// Waits for what all gateways have counted of the limits by subject.
async fn within<'a>(
    mut permitted: Permitted<'a, RequestBody>,
    needed: CountNeeded,
    (live, peer, control): (&'a Live, &'a Peer, &Control),
    record: &mut Record<'a>,
) -> Result<Permitted<'a, RequestBody>, Rejection> {
    let counted = needed.identified(&mut permitted, (live, peer, control), record);
    if let Err(rejection) = counted.await {
        record.noted().refused(&permitted.identified.routed, live);
        return Err(rejection);
    }
    permitted.admitted_again(live, record.noted())
}

/// A body that has begun wrongly never reaches the upstream.
fn check_body(peer: &Peer, body: &RequestBody) -> Result<(), Rejection> {
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
    Prepared(Prepared<'a, RequestBody>),
    Answered(Box<Response<Body>>),
    /// Few have to.
    Waits(Box<Waiting<'a>>),
}

/// The waits that there are before the upstream.
enum Waiting<'a> {
    /// For what all gateways have counted of the limits by client and by route.
    Arriving(Box<Routed<'a, RequestBody>>, CountNeeded),
    /// The same of those by subject.
    Identified(Box<Permitted<'a, RequestBody>>, CountNeeded),
    /// For the keys of an issuer that publishes them.
    Keys(Box<KeysNeeded<'a, RequestBody>>),
    /// For a new token in the place of the browser's, which has expired.
    Renewal(Box<RenewalNeeded<'a, RequestBody>>),
    /// For the user's row, where only that can tell whether the token may still be used.
    Standing(AskNeeded<'a, RequestBody>),
    /// For the user's row, where a rule asks for it and it is not known.
    Row(RowNeeded<'a, RequestBody>),
}

/// What an idle core has to do, too.
async fn keep_tidy(follower: Rc<Follower>) {
    const EVERY: Duration = Duration::from_secs(1);
    loop {
        tokio::time::sleep(EVERY).await;
        follower.tidy();
    }
}

impl Handler for Pipeline {
    type Body = Body;

    async fn handle(
        self: Rc<Self>,
        peer: Rc<Peer>,
        request: Box<Request<RequestBody>>,
    ) -> Response<Body> {
        let view = self.follower.view();
        let mut record = Record::new(self.begin(&view), &peer, &request, &view.live);
        let walked = match self.walk(&view, &peer, request, &mut record) {
            Ok(Walked::Waits(waiting)) => {
                // Boxed, since it is rare and what stands here weighs on every request.
                Box::pin(self.resume(*waiting, &view, &peer, &mut record)).await
            }
            walked => walked,
        };
        let answered = match walked {
            Ok(Walked::Prepared(prepared)) => {
                self.dispatch(prepared, &view, &peer, &mut record).await
            }
            Ok(Walked::Answered(answer)) => {
                peer.notices.leave_body();
                Ok(*answer)
            }
            Ok(Walked::Waits(_)) => Err(Rejection::Misrouted),
            Err(rejection) => Err(rejection),
        };
        let mut response = match answered {
            Ok(response) => response,
            Err(rejection) => {
                peer.notices.leave_body();
                refuse(&rejection.of_body(&peer), &view.live, &mut record)
            }
        };
        record.attach(&mut response);
        response
    }

    fn refuse(&self, peer: &Peer, refusal: Refusal) -> Response<Bytes> {
        let view = self.follower.view();
        let record = Record::unread(self.begin(&view), peer, &view.live);
        refuse_unread(&refusal.into(), &view.live, record)
    }
}
