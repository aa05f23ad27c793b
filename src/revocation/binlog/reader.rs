//! The task that reads the stream, and the handle that others hold.
//!
//! It is a task of its own so that reading goes on while somebody looks at rows: a heartbeat that waits in a queue is a
//! server that is there. And a defect in the driver's decoding ends this task and nothing else.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use mysql_async::BinlogStream;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::change::News;
use super::connection::{Companion, Settings, stream};
use super::decode::Decoder;
use super::fault::Fault;
use super::position::{LogPosition, Position};
use crate::clock::Clock;

/// How much news may wait; then the server waits.
const QUEUE: usize = 1024;

/// Without a sign for this many heartbeats the server is gone.
const MISSED: u32 = 4;

/// How often it is asked whether something is visible, and for how long it may be not.
const LOOK_AGAIN: Duration = Duration::from_millis(2);
const VISIBLE_WITHIN: Duration = Duration::from_secs(10);

/// News, and when it came: it may have waited since.
type Told = Result<(Instant, News), Fault>;

/// A stream of news from one server.
pub struct Replica {
    news: mpsc::Receiver<Told>,
    companion: Companion,
    start: Position,
    /// Where the server stood when that was asked, until the stream has come so far.
    goal: Option<LogPosition>,
    /// Ends with the handle.
    _task: JoinSet<()>,
}

impl std::fmt::Debug for Replica {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Replica")
            .field("start", &self.start)
            .finish_non_exhaustive()
    }
}

impl Replica {
    /// Connects and begins to read: behind `from` where MariaDB's ids say what that is on any server, else now. `number`
    /// is random.
    ///
    /// What is committed and visible when this returns is not told, everything else is.
    pub async fn connect(
        settings: &Settings,
        from: Option<&Position>,
        number: u32,
    ) -> Result<Self, Fault> {
        let mut companion = Companion::connect(settings).await?;
        let server = companion.server.clone();
        let mut decoder = Decoder::new(settings.tables.clone(), &server.schema, server.any_case);
        for (schema, watched) in decoder.watched() {
            companion.check(schema, watched).await?;
        }
        let resumed = from.filter(|from| server.is_mariadb && !from.gtids.is_empty());
        let start = match resumed {
            // Which file that is, the stream says.
            Some(from) => Position {
                log: LogPosition::default(),
                gtids: from.gtids.clone(),
            },
            None => companion.position().await?,
        };
        decoder.start(start.clone());
        let goal = match resumed {
            Some(_) => Some(companion.goal().await?),
            None => None,
        };
        let events = stream(settings, (&server, number), (&start, resumed.is_some())).await?;
        let layouts = Companion::connect(settings).await?;
        let (sender, news) = mpsc::channel(QUEUE);
        let mut task = JoinSet::new();
        let reading = Reading {
            events,
            decoder,
            layouts,
            silence: settings
                .heartbeat
                .saturating_mul(MISSED)
                .max(Duration::from_secs(1)),
        };
        task.spawn(reading.run(sender));
        Ok(Self {
            news,
            companion,
            start,
            goal,
            _task: task,
        })
    }

    /// Where it began.
    pub fn start(&self) -> &Position {
        &self.start
    }

    /// Whether a stream that has come to `at` has told everything that was committed before it was connected, or before
    /// [`Self::aim`] was called. Once it has, it has.
    pub fn has_caught_up(&mut self, at: &LogPosition) -> bool {
        self.goal = self.goal.take().filter(|goal| !at.reaches(goal));
        self.goal.is_none()
    }

    /// Asks the server where it stands now: [`Self::has_caught_up`] says when the stream has come so far.
    pub async fn aim(&mut self) -> Result<(), Fault> {
        self.goal = Some(self.companion.goal().await?);
        Ok(())
    }

    /// How many seconds our clock is ahead of the server's.
    pub fn ahead(&self) -> i64 {
        self.companion.server.ahead
    }

    /// The next news, and when it came; cancel-safe.
    pub async fn next(&mut self) -> Told {
        // Without a word the task ended by a panic.
        let news = self.news.recv().await;
        news.unwrap_or(Err(Fault::Protocol("an event broke the decoder")))
    }

    /// Waits until everything before a position can be read from the tables.
    ///
    /// A transaction stands in the binlog before it is visible, so a row that is read at once may be the old one. Only
    /// MariaDB can be asked; with any other server this returns `false` at once, and rows have to be read a second time
    /// a little later.
    pub async fn visible(&mut self, until: &LogPosition) -> Result<bool, Fault> {
        if !self.companion.server.is_mariadb {
            return Ok(false);
        }
        let waiting = async {
            while !self.companion.visible_position().await?.reaches(until) {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            Ok(true)
        };
        let waited = timeout(VISIBLE_WITHIN, waiting).await;
        waited.unwrap_or(Err(Fault::Silent {
            silence: VISIBLE_WITHIN,
        }))
    }
}

struct Reading {
    events: BinlogStream,
    decoder: Decoder,
    layouts: Companion,
    silence: Duration,
}

impl Reading {
    async fn run(mut self, sender: mpsc::Sender<Told>) {
        loop {
            let news = match self.step().await {
                Ok(None) => continue,
                Ok(Some(news)) => Ok((Clock.instant(), news)),
                Err(fault) => Err(fault),
            };
            let ended = news.is_err();
            if sender.send(news).await.is_err() || ended {
                return;
            }
        }
    }

    async fn step(&mut self) -> Result<Option<News>, Fault> {
        let read = timeout(self.silence, self.events.next()).await;
        let silent = Fault::Silent {
            silence: self.silence,
        };
        let event = read.map_err(|_| silent)?.ok_or(Fault::Ended)??;
        if let Some(place) = self.decoder.wants_layout(&event) {
            let wanted = self.decoder.watched().nth(place);
            let wanted = wanted.map(|(schema, watched)| (schema.to_owned(), watched.clone()));
            if let Some((schema, watched)) = wanted {
                let layout = self.layouts.layout(&schema, &watched).await?;
                self.decoder.learn(&event, (place, &layout));
            }
        }
        let map = self
            .decoder
            .rows_of(&event)
            .and_then(|id| self.events.get_tme(id));
        Ok(self.decoder.read(&event, map))
    }
}
