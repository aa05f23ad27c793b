//! What makes the configuration be read again: a file that has changed, and SIGHUP. The third, an operator who asks, comes
//! in through the admin listener.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::Notify,
    time::{Interval, MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{
    Reload, Trigger,
    watch::{Look, Stamps, Watch},
};
use crate::app::{renewal::Renewal, service_manager};

/// How often the files are looked at when nobody tells of a change.
const LOOK: Duration = Duration::from_secs(2);

/// How long after a change the next look is. Several files, or one that is written piece by piece, are one change.
const SETTLE: Duration = Duration::from_millis(100);

/// Waits for reasons to read files again.
struct Triggers {
    reload: Arc<Reload>,
    renewal: Renewal,
    hangups: Signal,
    told: Arc<Notify>,
    watch: Watch,
    looks: Interval,
}

/// Follows the files of the configuration and of the listeners' TLS until the drain begins. Has to be called inside the
/// control runtime; from now on SIGHUP does not end the process.
pub(in crate::app) fn follow(
    reload: Arc<Reload>,
    renewal: Renewal,
    draining: CancellationToken,
) -> io::Result<impl Future<Output = ()> + Send> {
    let told = Arc::new(Notify::new());
    let watch = Watch::new(Arc::clone(&told));
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut triggers = Triggers {
        reload,
        renewal,
        hangups: signal(SignalKind::hangup())?,
        told,
        watch,
        looks,
    };
    Ok(async move {
        tokio::select! {
            () = draining.cancelled() => {}
            () = triggers.run() => {}
        }
    })
}

impl Triggers {
    async fn run(&mut self) {
        let mut settling = false;
        loop {
            let told = Arc::clone(&self.told);
            tokio::select! {
                _ = self.looks.tick() => {
                    settling = self.look().await == Look::Moving;
                    if settling {
                        self.looks.reset_after(SETTLE);
                    }
                }
                // Not again and again: whoever writes all the time would put the look off for ever.
                () = told.notified(), if !settling => {
                    settling = true;
                    self.looks.reset_after(SETTLE);
                }
                Some(()) = self.hangups.recv() => self.hung_up().await,
            }
        }
    }

    async fn look(&mut self) -> Look {
        self.renewal.look();
        self.reload.left.tidy();
        let Some(tried) = self.reload.watched() else {
            return Look::Same;
        };
        let look = self.watch.look(&tried);
        if look == Look::Changed {
            self.read(Trigger::Change).await;
        }
        look
    }

    async fn hung_up(&mut self) {
        info!("SIGHUP: certificates and the configuration are read again");
        service_manager::reloading();
        self.renewal.read();
        self.read(Trigger::Signal).await;
        service_manager::ready();
    }

    async fn read(&self, trigger: Trigger) {
        let reload = Arc::clone(&self.reload);
        // A fault of ours is no reason not to read it the next time.
        drop(tokio::task::spawn_blocking(move || reload.reload(trigger)).await);
    }
}

impl Reload {
    /// The files whose changes are reason enough to read them again, as they were tried last.
    fn watched(&self) -> Option<Stamps> {
        let status = self.status();
        (self.path.is_some() && status.watched).then(|| status.tried.clone())
    }
}
