use std::{fs, os::unix::fs::symlink, time::Duration};

use super::*;

fn watch(files: &[&Path]) -> (Watch, Arc<Notify>) {
    let told = Arc::new(Notify::new());
    let files = files.iter().map(|file| file.to_path_buf()).collect();
    (Watch::new(files, Arc::clone(&told)), told)
}

fn is_told(told: &Notify) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build();
    let waiting = async { tokio::time::timeout(Duration::from_secs(10), told.notified()).await };
    runtime.expect("a runtime").block_on(waiting).is_ok()
}

#[test]
fn a_change_counts_when_two_looks_find_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("gateway.yaml");
    fs::write(&file, "1").expect("a file");
    let (mut watch, _) = watch(&[&file]);
    assert_eq!(watch.look(), Look::Same);
    fs::write(&file, "12").expect("a file");
    assert_eq!(watch.look(), Look::Moving);
    fs::write(&file, "123").expect("a file");
    assert_eq!(watch.look(), Look::Moving);
    assert_eq!(watch.look(), Look::Changed);
    watch.begin(vec![file.clone()]);
    assert_eq!(watch.look(), Look::Same);
    fs::remove_file(&file).expect("a file");
    assert_eq!((watch.look(), watch.look()), (Look::Moving, Look::Changed));
}

#[test]
fn what_changes_while_it_is_read_is_a_change() {
    let folder = tempfile::tempdir().expect("a folder");
    let [one, other] = ["one", "other"].map(|name| folder.path().join(name));
    fs::write(&one, "1").expect("a file");
    let (mut watch, _) = watch(&[&one]);
    watch.begin(vec![one.clone()]);
    fs::write(&one, "12").expect("a file");
    watch.end(vec![other, one]);
    assert_eq!(watch.look(), Look::Changed);
}

#[test]
fn a_link_to_the_folder_that_is_replaced_is_told_and_seen() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    for version in ["v1", "v2"] {
        fs::create_dir(path(version)).expect("a folder");
        fs::write(path(version).join("gateway.yaml"), version).expect("a file");
    }
    symlink("v1", path("..data")).expect("a link");
    symlink("..data/gateway.yaml", path("gateway.yaml")).expect("a link");
    let (mut watch, told) = watch(&[&path("gateway.yaml")]);
    symlink("v2", path("..data_tmp")).expect("a link");
    fs::rename(path("..data_tmp"), path("..data")).expect("a link");
    assert!(is_told(&told));
    assert_eq!((watch.look(), watch.look()), (Look::Moving, Look::Changed));
}

#[test]
fn a_file_that_is_written_where_there_was_none_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("key");
    let (mut watch, told) = watch(&[&file]);
    assert_eq!(watch.look(), Look::Same);
    fs::write(&file, "secret").expect("a file");
    assert!(is_told(&told));
    assert_eq!((watch.look(), watch.look()), (Look::Moving, Look::Changed));
}
