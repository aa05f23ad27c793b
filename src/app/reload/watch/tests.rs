//! Files that change, and what is told and seen of it.

use std::{fs, os::unix::fs::symlink, time::Duration};

use tempfile::TempDir;

use super::*;

/// Files in a folder of their own, watched, as they were tried last.
struct Bench {
    folder: TempDir,
    tried: Stamps,
    watch: Watch,
    told: Arc<Notify>,
}

impl Bench {
    fn with(files: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let told = Arc::new(Notify::new());
        let file = |name: &&str| (folder.path().join(name), None);
        Self {
            tried: files.iter().map(file).collect(),
            watch: Watch::new(Arc::clone(&told)),
            folder,
            told,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("a file");
    }

    fn try_now(&mut self) {
        self.tried = again(&self.tried);
    }

    fn look(&mut self) -> Look {
        self.watch.look(&self.tried)
    }

    fn is_told(&self) -> bool {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().build().expect("a runtime");
        let told = self.told.notified();
        let waiting = async { tokio::time::timeout(Duration::from_secs(10), told).await };
        runtime.block_on(waiting).is_ok()
    }
}

#[test]
fn a_change_counts_when_two_looks_find_the_same() {
    let mut bench = Bench::with(&["gateway.yaml", "key"]);
    assert_eq!(bench.look(), Look::Same);
    bench.write("gateway.yaml", "1");
    assert_eq!(bench.look(), Look::Moving);
    bench.write("key", "1");
    assert_eq!(bench.look(), Look::Moving);
    assert_eq!(bench.look(), Look::Changed);
    assert_eq!(bench.look(), Look::Changed);
    bench.try_now();
    assert_eq!(bench.look(), Look::Same);
    fs::remove_file(bench.path("key")).expect("a file");
    assert_eq!((bench.look(), bench.look()), (Look::Moving, Look::Changed));
}

#[test]
fn what_changes_and_changes_back_is_no_change() {
    let mut bench = Bench::with(&["link"]);
    bench.write("one", "1");
    bench.write("other", "2");
    symlink("one", bench.path("link")).expect("a link");
    bench.try_now();
    let link_to = |bench: &Bench, name: &str| {
        symlink(name, bench.path("next")).expect("a link");
        fs::rename(bench.path("next"), bench.path("link")).expect("a link");
    };
    link_to(&bench, "other");
    assert_eq!(bench.look(), Look::Moving);
    link_to(&bench, "one");
    assert_eq!(bench.look(), Look::Same);
}

#[test]
fn a_link_to_the_folder_that_is_replaced_is_told_and_seen() {
    let mut bench = Bench::with(&["gateway.yaml"]);
    for version in ["v1", "v2"] {
        fs::create_dir(bench.path(version)).expect("a folder");
        bench.write(&format!("{version}/gateway.yaml"), version);
    }
    symlink("v1", bench.path("..data")).expect("a link");
    symlink("..data/gateway.yaml", bench.path("gateway.yaml")).expect("a link");
    bench.try_now();
    assert_eq!(bench.look(), Look::Same);
    symlink("v2", bench.path("..data_tmp")).expect("a link");
    fs::rename(bench.path("..data_tmp"), bench.path("..data")).expect("a link");
    assert!(bench.is_told());
    assert_eq!((bench.look(), bench.look()), (Look::Moving, Look::Changed));
}

#[test]
fn what_is_written_where_there_was_nothing_is_told_and_reading_is_not() {
    let mut bench = Bench::with(&["key"]);
    assert_eq!(bench.look(), Look::Same);
    bench.write("key", "secret");
    assert!(bench.is_told());
    assert_eq!((bench.look(), bench.look()), (Look::Moving, Look::Changed));
    for (kind, change) in [
        (EventKind::Access(AccessKind::Read), false),
        (EventKind::Access(AccessKind::Open(AccessMode::Any)), false),
        (
            EventKind::Access(AccessKind::Close(AccessMode::Read)),
            false,
        ),
        (
            EventKind::Access(AccessKind::Close(AccessMode::Write)),
            true,
        ),
        (EventKind::Create(notify::event::CreateKind::File), true),
        (EventKind::Any, true),
    ] {
        assert_eq!(may_be_a_change(kind), change, "{kind:?}");
    }
}
