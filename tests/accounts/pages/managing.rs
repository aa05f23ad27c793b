//! The pages of managers: who sees them, what their forms do to a member, and what they leave alone.

use super::{
    browser::{Browser, Form},
    logged_in, pages,
};
use crate::harness::{
    Gateway, Request, Response, Setup, own_tables::OwnTables, users::PASSWORD, wait_until,
};

const MANAGED: &str = "
brand: Pampam
members:
  require: { user: { user_type: admin } }
  search: [email, name]
  block: { state: banned }";

const WITHDRAWAL: &str = "{ set: { is_active: { value: false }, quit_at: { generated: today } } }";

/// Somebody who may manage, as row 9.
const MANAGER: &str = "INSERT INTO user (id, user_type, is_active, email, hashed_password, name, is_restricted) \
     SELECT 9, 'admin', 1, 'boss@example.com', hashed_password, 'boss', 0 FROM user WHERE id = 1";

fn managed() -> Setup {
    let setup = pages()
        .writing("[block, withdraw]")
        .section("pages", MANAGED)
        .section("withdrawal", WITHDRAWAL);
    setup.users().execute(MANAGER);
    setup
}

fn view(id: &str) -> String {
    format!("/account/members/view?member={id}")
}

#[track_caller]
fn form(browser: &mut Browser<'_>, id: &str, act: &str) -> Form {
    browser.form(&view(id), &format!("/account/members/{act}"))
}

fn state_of(gateway: &Gateway, id: i64) -> (i64, i64) {
    let users = gateway.setup().users();
    let has = |condition: &str| users.count(&format!("id = {id} AND {condition}"));
    (has("is_restricted"), has("is_active"))
}

/// What the monolith's own client has of a login on a page.
fn bearer(gateway: &Gateway, token: &str) -> u16 {
    let request = Request::get("/users/1/orders");
    let authorization = format!("Bearer {token}");
    let answer = gateway.send(&request.header("Authorization", &authorization));
    answer.status
}

#[track_caller]
fn is_refused(answer: &Response, status: u16, word: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert!(answer.text().contains(word), "{}", answer.text());
}

#[test]
fn only_managers_see_members() {
    let gateway = managed().start();
    let mut nobody = Browser::new(&gateway);
    let mut user = logged_in(&gateway, "active");
    for path in ["/account/members", "/account/members?text=", &*view("2")] {
        let answer = nobody.get(path);
        assert_eq!(answer.status, 303, "{path}");
        let to = answer.header("location").expect("a place");
        assert!(
            to.starts_with("/account/login?next=/account/members"),
            "{to}"
        );
        is_refused(&user.get(path), 403, "This page is for managers");
    }
    let token = user.form("/account/profile", "/account/logout");
    let block = Form::to("/account/members/block")
        .and("csrf_token", token.value("csrf_token"))
        .and("member", "9")
        .and("reason", "why not");
    is_refused(&user.submit(&block), 403, "This page is for managers");
    assert_eq!(state_of(&gateway, 9), (0, 1));
    gateway.log_line("\"security\":\"manager_refused\"");
}

#[test]
fn a_role_that_was_taken_away_is_gone_at_the_next_request() {
    let gateway = managed().start();
    let mut boss = logged_in(&gateway, "boss");
    assert_eq!(boss.get(&view("1")).status, 200);
    let block = form(&mut boss, "1", "block").and("reason", "spam");
    let users = gateway.setup().users();
    users.execute("UPDATE user SET user_type = 'user' WHERE id = 9");
    is_refused(&boss.submit(&block), 403, "This page is for managers");
    is_refused(&boss.get("/account/members"), 403, "for managers");
    assert_eq!(state_of(&gateway, 1), (0, 1));
    users.execute("UPDATE user SET user_type = 'admin', is_restricted = 1 WHERE id = 9");
    let answer = boss.submit(&block);
    assert_eq!(answer.status, 303, "a blocked manager is nobody");
    assert_eq!(state_of(&gateway, 1), (0, 1));
}

#[test]
fn a_blocked_member_is_out_at_once_and_comes_back_by_logging_in() {
    let gateway = managed().start();
    let mut member = logged_in(&gateway, "active");
    let token = member.cookies["__Host-access"].clone();
    assert_eq!(bearer(&gateway, &token), 200);
    let mut boss = logged_in(&gateway, "boss");
    let block = form(&mut boss, "1", "block").and("reason", " sells \u{1f980} ");
    let answer = boss.submit(&block);
    assert_eq!(
        (answer.status, answer.header("location")),
        (303, Some("/account/members/view?member=1&done=block"))
    );
    assert_eq!(state_of(&gateway, 1), (1, 1));
    assert_eq!(bearer(&gateway, &token), 401);
    assert_eq!(member.get("/account/profile").status, 303);
    let login = Form::to("/account/login")
        .and("login", "active@example.com")
        .and("password", PASSWORD);
    assert_eq!(Browser::new(&gateway).submit(&login).status, 403);
    let page = boss.get("/account/members/view?member=1&done=block").text();
    for shown in [
        "The member was blocked.",
        "sells \u{1f980}",
        "<td>9</td>",
        "banned",
    ] {
        assert!(page.contains(shown), "{shown} is not in {page}");
    }
    let line = gateway.log_line("\"security\":\"member_blocked\"");
    let begun = gateway.log_line("\"security\":\"member_act_begun\"");
    for said in ["\"account\":\"1\"", "\"manager\":\"9\"", "sells \u{1f980}"] {
        assert!(line.contains(said) && begun.contains(said), "{begun}{line}");
    }
    let place = |line: &str| gateway.said().find(line.trim_end());
    assert!(
        place(&begun) < place(&line),
        "the reason comes before the act"
    );
    // Whoever sends the form twice does nothing the second time.
    is_refused(&boss.submit(&block), 409, "has changed meanwhile");
    let refused = gateway.log_line("\"security\":\"member_act_refused\"");
    assert!(refused.contains("\"why\":\"changed\""), "{refused}");

    let admit = form(&mut boss, "1", "admit").and("reason", "said sorry");
    assert_eq!(boss.submit(&admit).status, 303);
    is_refused(&boss.submit(&admit), 409, "has changed meanwhile");
    assert_eq!(state_of(&gateway, 1), (0, 1));
    assert_eq!(bearer(&gateway, &token), 401, "what was ended stays ended");
    let again = logged_in(&gateway, "active");
    assert_eq!(bearer(&gateway, &again.cookies["__Host-access"]), 200);
    gateway.log_line("\"security\":\"member_admitted\"");
    assert!(!gateway.said().contains("@example.com"));
}

#[test]
fn every_gateway_learns_who_is_blocked_and_who_is_not() {
    for watch in [
        None,
        Some("{ secret: \"${SECRET_KEY}\", poll: { every: 100ms } }"),
    ] {
        let tables = OwnTables::maria_db();
        let mut setup = managed().section("state", &tables.section(""));
        if let Some(watch) = watch {
            setup = setup.section("watch", watch);
        }
        let one = setup.start();
        let mut boss = logged_in(&one, "boss");
        let other = one.follow();
        let member = logged_in(&other, "active");
        let token = &member.cookies["__Host-access"];
        assert_eq!(bearer(&one, token), 200);
        let block = form(&mut boss, "1", "block").and("reason", "spam");
        assert_eq!(boss.submit(&block).status, 303);
        assert_eq!(bearer(&one, token), 401, "at once where it was done");
        wait_until("the other to know", || bearer(&other, token) == 401);
        let admit = form(&mut boss, "1", "admit").and("reason", "sorry");
        assert_eq!(boss.submit(&admit).status, 303);
        for gateway in [&one, &other] {
            let again = logged_in(gateway, "active");
            let token = &again.cookies["__Host-access"];
            for gateway in [&one, &other] {
                wait_until("both to let them in", || bearer(gateway, token) == 200);
            }
        }
    }
}

#[test]
fn a_state_that_was_changed_meanwhile_is_left_alone() {
    let gateway = managed().start();
    let mut boss = logged_in(&gateway, "boss");
    let block = form(&mut boss, "1", "block").and("reason", "spam");
    let withdraw = form(&mut boss, "1", "withdraw")
        .and("reason", "spam")
        .and("confirm", "yes");
    let users = gateway.setup().users();
    users.execute("UPDATE user SET is_active = 0, quit_at = '2020-01-01' WHERE id = 1");
    is_refused(&boss.submit(&block), 409, "has changed meanwhile");
    is_refused(&boss.submit(&withdraw), 409, "has changed meanwhile");
    assert_eq!(state_of(&gateway, 1), (0, 0));
    assert_eq!(users.count("id = 1 AND quit_at = '2020-01-01'"), 1);
    // Somebody else's state is not for managers to take away.
    let admit = form(&mut boss, "2", "admit").and("reason", "sorry");
    let admit = admit.with("member", "1");
    is_refused(&boss.submit(&admit), 409, "has changed meanwhile");
    users.execute("DELETE FROM user WHERE id = 1");
    assert_eq!(boss.submit(&block).status, 404);
}

#[test]
fn managers_keep_themselves_in() {
    let gateway = managed().start();
    let mut boss = logged_in(&gateway, "boss");
    let page = boss.get(&view("9")).text();
    assert!(
        page.contains("You cannot block or withdraw yourself"),
        "{page}"
    );
    assert!(!page.contains("/members/block"), "{page}");
    for act in ["block", "withdraw"] {
        let other = form(&mut boss, "1", act);
        let own = other
            .with("member", "9")
            .and("reason", "spam")
            .and("confirm", "yes");
        is_refused(&boss.submit(&own), 403, "You cannot do this to yourself");
    }
    assert_eq!(state_of(&gateway, 9), (0, 1));
    gateway.log_line("\"security\":\"member_act_refused\"");
}

#[test]
fn nothing_is_done_without_a_reason_or_a_tick() {
    let gateway = managed().start();
    let mut boss = logged_in(&gateway, "boss");
    let long = "\u{ac00}".repeat(501);
    for (reason, said) in [
        ("", "Enter a reason"),
        ("  \t ", "Enter a reason"),
        ("a\nb", "cannot be kept"),
        ("a\0b", "cannot be kept"),
        ("\u{202e}evil", "cannot be kept"),
        (&*long, "at most 500 characters"),
    ] {
        for act in ["block", "withdraw"] {
            let sent = form(&mut boss, "1", act)
                .and("reason", reason)
                .and("confirm", "yes");
            is_refused(&boss.submit(&sent), 422, said);
        }
    }
    let twice = form(&mut boss, "1", "block")
        .and("reason", "a")
        .and("reason", "b");
    is_refused(&boss.submit(&twice), 422, "Enter a reason");
    let untold = form(&mut boss, "1", "withdraw").and("reason", "a");
    is_refused(&boss.submit(&untold), 422, "Tick the box");
    let untold = form(&mut boss, "1", "end-sessions").and("confirm", "no");
    is_refused(&boss.submit(&untold), 422, "Tick the box");
    assert_eq!(state_of(&gateway, 1), (0, 1));
    let longest = form(&mut boss, "1", "block").and("reason", &"\u{1f980}".repeat(500));
    assert_eq!(boss.submit(&longest).status, 303);
}

#[test]
fn sessions_end_and_members_leave() {
    let gateway = managed().start();
    let mut boss = logged_in(&gateway, "boss");
    let member = logged_in(&gateway, "active");
    let token = &member.cookies["__Host-access"];
    assert!(boss.get(&view("1")).text().contains("Firefox · Linux"));
    let end = form(&mut boss, "1", "end-sessions").and("confirm", "yes");
    assert_eq!(boss.submit(&end).status, 303);
    assert_eq!(bearer(&gateway, token), 401);
    assert_eq!(state_of(&gateway, 1), (0, 1));
    assert!(!boss.get(&view("1")).text().contains("Firefox · Linux"));
    let again = logged_in(&gateway, "active");
    let leave = form(&mut boss, "1", "withdraw")
        .and("reason", "asked by letter")
        .and("confirm", "yes");
    assert_eq!(boss.submit(&leave).status, 303);
    assert_eq!(state_of(&gateway, 1), (0, 0));
    assert_eq!(bearer(&gateway, &again.cookies["__Host-access"]), 401);
    is_refused(&boss.submit(&leave), 409, "has changed meanwhile");
    let page = boss.get(&view("1")).text();
    assert!(
        page.contains("asked by letter") && page.contains("withdrawn"),
        "{page}"
    );
    for word in ["member_sessions_ended", "member_withdrawn", "member_viewed"] {
        gateway.log_line(&format!("\"security\":\"{word}\""));
    }
}

#[test]
fn what_is_searched_for_means_itself() {
    let setup = managed();
    let insert = "INSERT INTO user (id, user_type, is_active, email, name, is_restricted) VALUES";
    for (id, name) in [
        (50, "50%_off"),
        (51, "50x_off"),
        (52, "\u{1f980} crab"),
        (53, "o''hara"),
    ] {
        let users = setup.users();
        users.execute(&format!(
            "{insert} ({id}, 'user', 1, 'x{id}@example.com', '{name}', 0)"
        ));
    }
    for id in 100..160 {
        let users = setup.users();
        users.execute(&format!(
            "{insert} ({id}, 'user', 1, 'y{id}@example.com', 'many', 0)"
        ));
    }
    let gateway = setup.start();
    let mut boss = logged_in(&gateway, "boss");
    let mut ids = |query: &str| -> Vec<String> {
        let answer = boss.get(&format!("/account/members?{query}"));
        assert_eq!(answer.status, 200, "{query}");
        let page = answer.text();
        let links = page.split("view?member=").skip(1);
        links
            .map(|link| link.split('"').next().unwrap_or_default().to_owned())
            .collect()
    };
    for (query, found) in [
        ("by=name&text=50%25_", &["50"][..]),
        ("by=name&text=50", &["50", "51"]),
        ("by=name&text=%F0%9F%A6%80", &["52"]),
        ("by=name&text=o%27hara", &["53"]),
        ("by=name&text=%25", &[]),
        ("by=name&text=_", &[]),
        ("by=name&text=%5C", &[]),
        ("by=name&text=%00", &[]),
        ("by=name&text=%27+OR+%27%27%3D%27", &[]),
        ("by=email&text=ACTIVE", &["1"]),
        ("text=active%40example.com", &["1"]),
        ("by=id&text=9", &["9"]),
        ("by=id&text=09", &[]),
        ("by=id&text=9+OR+1%3D1", &[]),
        ("by=hashed_password&text=%24", &[]),
        ("by=name&by=email&text=active", &["1"]),
    ] {
        assert_eq!(ids(query), found, "{query}");
    }
    assert_eq!(ids("by=name&text=many").len(), 25);
    assert_eq!(ids("by=name&text=many&after=124")[0], "125");
    assert_eq!(ids("by=name&text=many&after=149").len(), 10);
    let long = "a".repeat(6_000);
    assert!(ids(&format!("by=name&text={long}")).is_empty());
    let line = gateway.log_line("\"security\":\"members_searched\"");
    assert!(!gateway.said().contains("hara"), "{line}");
}

#[test]
fn no_foreign_page_and_no_link_acts_on_members() {
    let gateway = managed().start();
    let mut boss = logged_in(&gateway, "boss");
    let block = form(&mut boss, "1", "block").and("reason", "spam");
    for request in [
        block.request().header("Sec-Fetch-Site", "cross-site"),
        block.request().header("Origin", "https://evil.test"),
        block.request(),
        block
            .clone()
            .without("csrf_token")
            .request()
            .header("Sec-Fetch-Site", "same-origin"),
    ] {
        is_refused(&boss.send(request), 403, "This page has expired");
    }
    for act in ["block", "admit", "end-sessions", "withdraw"] {
        let link = format!("/account/members/{act}?member=1&reason=spam&confirm=yes");
        assert_eq!(boss.get(&link).status, 303);
    }
    assert_eq!(state_of(&gateway, 1), (0, 1));
    for odd in ["", "1%00", "01", "1+", "%27", "77"] {
        assert_eq!(boss.get(&view(odd)).status, 404, "{odd}");
        let odd = form(&mut boss, "1", "block")
            .with("member", odd)
            .and("reason", "x");
        assert_eq!(boss.submit(&odd).status, 404);
    }
}

#[test]
fn without_members_there_are_no_such_pages() {
    let gateway = pages().start();
    let mut user = logged_in(&gateway, "active");
    for path in ["/account/members", "/account/members/view?member=1"] {
        assert_eq!(user.get(path).status, 404);
    }
    let token = user.form("/account/profile", "/account/logout");
    let block = Form::to("/account/members/block").and("csrf_token", token.value("csrf_token"));
    assert_eq!(user.submit(&block).status, 404);
}

#[test]
fn a_manager_comes_back_from_the_login_to_what_was_asked_for() {
    let gateway = managed().start();
    logged_in(&gateway, "active");
    let mut browser = Browser::new(&gateway);
    let asked = "/account/members?by=email&text=%EA%B0%80%26next%3D%2F%2Fevil.test";
    let login = browser.get(asked);
    let login = login.header("location").expect("the login").to_owned();
    assert!(login.starts_with("/account/login?next=/account/members%3Fby%3Demail%26"));
    let form = browser.form(&login, "/account/login");
    let form = form.with("login", "boss@example.com");
    let answer = browser.submit(&form.with("password", PASSWORD));
    assert_eq!(answer.header("location"), Some(asked));
    assert_eq!(browser.get(asked).status, 200);

    let long = format!("/account/members?text={}", "a".repeat(3000));
    let answer = Browser::new(&gateway).get(&long);
    assert_eq!(
        answer.header("location"),
        Some("/account/login?next=/account/members")
    );
}

#[test]
fn a_profile_leads_managers_and_nobody_else_to_members() {
    let gateway = managed().start();
    let leads = |name: &str| {
        let page = logged_in(&gateway, name).get("/account/profile");
        page.text().contains("href=\"/account/members\"")
    };
    assert!(leads("boss"));
    assert!(!leads("active"));
    assert!(!gateway.said().contains("manager_refused"));
}
