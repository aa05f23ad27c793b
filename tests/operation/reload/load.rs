//! A hundred reloads while clients are busy.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use super::{changed, unwatched};
use crate::harness::{After, Client, Gate, Request, Upstream, http2::Http2, token, wait_until};

/// Requests that succeed with either configuration, until somebody says stop.
struct Load {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicUsize>,
    threads: Vec<thread::JoinHandle<()>>,
}

impl Load {
    fn new() -> Self {
        Self {
            stop: Arc::default(),
            answered: Arc::default(),
            threads: Vec::new(),
        }
    }

    fn add(&mut self, mut request: impl FnMut() + Send + 'static) {
        let (stop, answered) = (Arc::clone(&self.stop), Arc::clone(&self.answered));
        self.threads.push(thread::spawn(move || {
            while !stop.load(Ordering::Relaxed) {
                request();
                answered.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }

    #[track_caller]
    fn goes_on(&self) {
        let before = self.answered.load(Ordering::Relaxed);
        wait_until("load", || {
            self.answered.load(Ordering::Relaxed) > before + 3
                || self.threads.iter().any(thread::JoinHandle::is_finished)
        });
    }

    fn end(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("no request fails");
        }
        self.answered.load(Ordering::Relaxed)
    }
}

fn kept_alive(client: Client, path: &'static str) -> impl FnMut() + Send {
    let mut connection = client.connect();
    let token = token::access(5);
    move || {
        let get = Request::get(path).token(&token);
        assert_eq!(connection.send(&get).status, 200, "{path}");
        let post = Request::post(path).token(&token).body("a body");
        assert_eq!(connection.send(&post).status, 200, "{path}");
    }
}

#[test]
fn a_hundred_reloads_under_load_lose_no_request() {
    let end = Gate::shut();
    let until = end.clone();
    let upstream = Upstream::answering(move |seen, wire| {
        if seen.target() == "/public/stream" {
            wire.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n");
            until.pass();
            wire.send(b"3\r\nend\r\n0\r\n\r\n");
            return After::Keep;
        }
        wire.respond(200, &[], b"{}")
    });
    let gateway = unwatched(&upstream).section("cores", "2").start();
    let mut stream = gateway.client().connect();
    stream.write(Request::get("/public/stream").bytes());
    assert_eq!(stream.head().status, 200);
    assert_eq!(
        stream.chunk().expect("a chunk").as_deref(),
        Some(&b"begin"[..])
    );
    let mut load = Load::new();
    for path in ["/public/a", "/private/a"] {
        load.add(kept_alive(gateway.client(), path));
    }
    let http2 = Http2::connect(gateway.address);
    load.add(move || {
        let requests = (0..4).map(|_| {
            let request = Http2::request("GET", "/public/h2").body(http_body_util::Full::default());
            request.expect("a request")
        });
        let answers = http2.send_all(requests.collect());
        assert!(answers.iter().all(|answer| answer.status == 200));
    });
    let client = gateway.client();
    load.add(move || assert_eq!(client.send(&Request::get("/public/new")).status, 200));
    load.goes_on();
    let texts = [
        changed(&gateway, "/optional/**", "/other/**"),
        // The upstream is made anew each time, with connections of its own.
        changed(&gateway, "] } }", "], connect_timeout: 3s } }"),
    ];
    for round in 0..100 {
        gateway.reload(&texts[round % 2]);
        let (here, gone) = if round % 2 == 0 {
            ("/other/a", "/optional/a")
        } else {
            ("/optional/a", "/other/a")
        };
        assert_eq!(gateway.get(here).status, 200);
        assert_eq!(gateway.get(gone).status, 401);
        load.goes_on();
    }
    assert!(load.end() > 300);
    end.open();
    assert_eq!(
        stream.chunk().expect("a chunk").as_deref(),
        Some(&b"end"[..])
    );
    assert_eq!(stream.chunk().expect("the end"), None);
    assert_eq!(
        gateway.metric("sidegate_config_reloads_total{result=\"applied\"}"),
        100
    );
    wait_until("old configurations to be let go", || {
        gateway.metric("sidegate_config_snapshots") == 1
    });
}

#[test]
fn reloads_leave_nothing_behind() {
    let upstream = Upstream::start();
    let gateway = unwatched(&upstream).start();
    let many: Vec<String> = (0..500)
        .map(|number| format!("\n- {{ match: \"/r{number}/**\", access: required }}"))
        .collect();
    let many = many.concat();
    let texts = [("3s", "20/1m"), ("4s", "21/1m")].map(|(timeout, rate)| {
        let text = changed(
            &gateway,
            "] } }",
            &format!("], connect_timeout: {timeout}, health: {{ path: /health }} }} }}"),
        );
        let text = text.replace(
            "login_clients: { by: client, rate: 1000000/1m }",
            &format!("login_clients: {{ by: client, rate: {rate} }}"),
        );
        let text = text.replace("deadline: 1s", "deadline: 2s");
        format!(
            "{}passwords: {{ threads: {} }}\n",
            text.replace(
                "\n- { match: \"/optional",
                &format!("{}\n- {{ match: \"/optional", many.replace('\n', "\n  "))
            ),
            timeout.trim_end_matches('s')
        )
    });
    let settled = |count: usize| {
        for round in 0..count {
            gateway.reload(&texts[round % 2]);
            assert_eq!(gateway.get("/public/a").status, 200);
        }
        wait_until("old configurations to be let go", || {
            gateway.metric("sidegate_config_snapshots") == 1
        });
        let threads = || gateway.memory_kib("Threads:");
        (
            threads(),
            gateway.open_files(),
            gateway.memory_kib("VmRSS:"),
        )
    };
    let (threads, files, memory) = settled(20);
    let (threads_after, files_after, memory_after) = settled(100);
    assert!(
        threads_after <= threads + 2,
        "{threads} threads became {threads_after}"
    );
    assert!(
        files_after <= files + 6,
        "{files} files became {files_after}"
    );
    assert!(
        memory_after < memory + 12 * 1024,
        "{memory} KiB became {memory_after}"
    );
}
