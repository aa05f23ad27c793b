//! What a reload notices of the connections to the database.

use super::*;
use crate::harness::certificates::Authority;

#[test]
fn a_changed_authority_of_the_database_is_noticed() {
    let upstream = Upstream::start();
    let (one, other) = (Authority::new(), Authority::new());
    let users = "
database: mysql://nobody:secret@127.0.0.1:9/nothing
table: user
columns: { id: id, login: email, password: hashed_password }
states: { banned: { is_restricted: true } }
show: { id: integer, email: text, name: text }
tls: { ca: database.pem }";
    let gateway = unwatched(&upstream)
        .section("users", users)
        .file("database.pem", &one.pem)
        .start();
    let file = gateway.setup().folder().join("database.pem");
    let reloaded = || gateway.ask_to_reload().json()["result"].clone();
    assert_eq!(reloaded(), "unchanged");
    std::fs::write(&file, &other.pem).expect("a file");
    assert_eq!(reloaded(), "applied");
    assert_eq!(reloaded(), "unchanged");
    for broken in ["", "no certificate"] {
        std::fs::write(&file, broken).expect("a file");
        let answer = gateway.ask_to_reload();
        assert_eq!(answer.json()["result"], "refused", "{}", answer.text());
        assert!(answer.text().contains("users.tls.ca"), "{}", answer.text());
    }
    assert_eq!(gateway.get("/public/a").status, 200);
}
