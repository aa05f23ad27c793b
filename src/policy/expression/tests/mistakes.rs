//! What is wrong before there is a request, and where.

use super::*;

fn mistake(text: &str) -> (String, String) {
    let mistake = Expression::compile(text).expect_err(text);
    let at = text.get(mistake.at.clone());
    (
        at.unwrap_or_else(|| panic!("{mistake:?}")).to_owned(),
        mistake.message,
    )
}

#[test]
fn mistakes_stand_where_they_are() {
    for (text, at, message) in [
        ("claims.level >=", "=", "something is missing at the end"),
        ("claims.level => 3", "=", "this is nothing that CEL knows"),
        ("claims.a = 3", "=", "this is nothing that CEL knows"),
        (
            "claims.a == 'x",
            "'",
            "this text has no end, or an escape that CEL does not know",
        ),
        ("claims.a claims.b", "claims", "this was not expected here"),
        ("(claims.a", "a", "something is missing at the end"),
        ("claims.a and true", "and", "this was not expected here"),
        ("if", "if", "reserved identifier: if"),
        ("claim.a == 1", "claim", "there is no variable `claim`"),
        ("'한국' == claim.a", "claim", "there is no variable `claim`"),
        (
            "claims.a == 1 &&\n  clams.b",
            "clams",
            "there is no variable `clams`",
        ),
        ("request.query == 'a'", "query", "there is no value `query`"),
        (
            "lower(claims.a) == 'x'",
            "lower",
            "there is no function `lower`",
        ),
        (
            "claims.a.matches('a+')",
            "matches",
            "there are no regular expressions",
        ),
        (
            "startsWith(claims.a, 'x')",
            "startsWith",
            "`startsWith` is written in another way",
        ),
        ("claims.a.all(x)", "all", "`all` is not written like this"),
    ] {
        assert_eq!(mistake(text), (at.to_owned(), message.to_owned()), "{text}");
    }
}

#[test]
fn types_that_cannot_be_are_mistakes() {
    for (text, at, message) in [
        (
            "request.method.startsWith(1)",
            "startsWith",
            "`text.startsWith(text)` cannot be applied to int",
        ),
        (
            "size() > 1",
            "size",
            "`size(text or list)` is not given as much as it needs",
        ),
        (
            "subject == 7",
            "==",
            "`==` cannot be applied to string and int",
        ),
        ("1 == '1'", "==", "`==` cannot be applied to int and string"),
        (
            "request.method in ['GET', 'PUT'] && 1 in ['x']",
            "in",
            "`in` cannot be applied to int and list(string)",
        ),
        ("now > 5", ">", "`>` cannot be applied to timestamp and int"),
        (
            "subject + 1 == 'x'",
            "+",
            "`+` cannot be applied to string and int",
        ),
        ("!subject", "!", "`!` cannot be applied to string"),
        (
            "claims.a && subject",
            "&&",
            "`&&` cannot be applied to string",
        ),
        ("-subject == 'a'", "-", "`-` cannot be applied to string"),
        (
            "subject[0] == 'a'",
            "[",
            "`[` cannot be applied to string and int",
        ),
        (
            "subject.name == 'a'",
            "name",
            "string has nothing called `name`",
        ),
        (
            "subject.all(x, true)",
            "(",
            "there is nothing to go through in string",
        ),
        (
            "claims.a.all(claims, true)",
            "(",
            "`claims` is the name of something else",
        ),
        ("claims == 1", "claims", "`claims` is no value by itself"),
        (
            "claims[subject] == 1",
            "[",
            "only a name in quotes can stand here",
        ),
        (
            "subject in claims",
            "in",
            "only a name in quotes can stand here",
        ),
        (
            "{'a': 1} == claims.a",
            "{",
            "objects cannot be written in an expression",
        ),
        ("b'a' == claims.a", "b'a'", "nothing in a request is bytes"),
    ] {
        assert_eq!(mistake(text), (at.to_owned(), message.to_owned()), "{text}");
    }
}

#[test]
fn what_is_neither_true_nor_false_is_a_mistake() {
    for (text, message) in [
        ("", "this is empty"),
        (" \n", "this is empty"),
        (
            "claims.level + 1",
            "this is neither true nor false: it is int",
        ),
        ("'x'", "this is neither true nor false: it is string"),
    ] {
        assert_eq!(mistake(text), (text.to_owned(), message.to_owned()));
    }
}

#[test]
fn a_name_that_is_none_has_others_beside_it() {
    let unknown = |text: &str| {
        let mistake = Expression::compile(text).expect_err(text);
        mistake.unknown.expect("a name")
    };
    assert!(unknown("claim.a == 1").known.contains(&"claims"));
    assert!(unknown("request.methods == 'x'").known.contains(&"method"));
    assert!(
        unknown("claims.a.startWith('x')")
            .known
            .contains(&"startsWith")
    );
}

#[test]
fn expressions_have_bounds() {
    let long = format!("claims.a == '{}'", "x".repeat(1_024));
    assert_eq!(mistake(&long).1, "this is longer than 1024 bytes");
    let brackets = format!("{}true{}", "(".repeat(65), ")".repeat(65));
    assert_eq!(mistake(&brackets).1, "there are more than 64 brackets");
    let deep = "this is more than 16 levels deep";
    for text in [
        format!("{}true{}", "!(".repeat(20), ")".repeat(20)),
        format!("claims.a{} == 1", " + 1".repeat(20)),
        format!("claims.a{} == 1", "[0]".repeat(20)),
        format!("{}true", "true ? true : ".repeat(20)),
        format!("{}true{}", "[1].all(x, ".repeat(20), ")".repeat(20)),
        format!("claims{} == 1", ".a.b".repeat(20)),
    ] {
        assert_eq!(mistake(&text).1, deep, "{text}");
    }
    // Alternatives stand side by side.
    let many = vec!["claims.a == 'x'"; 50].join(" || ");
    assert!(Expression::compile(&many).is_ok());
    let doubled = format!(
        "claims.a{}.exists(x, x == 'a')",
        ".map(x, x + x)".repeat(10)
    );
    let loops = "this has loops within loops, and could take too long";
    for text in [
        "claims.a.all(x, claims.b.all(y, claims.c.all(z, x == y || y == z)))",
        &doubled,
    ] {
        assert_eq!(mistake(text).1, loops, "{text}");
    }
}

#[test]
fn whatever_is_within_the_bounds_is_read_without_a_panic() {
    for open in [
        "(", "[", "{", "a(", "[{(", "a.b(c[d{", "!(", "-(", "a?(", "'", "\"\"\"", "{1:",
    ] {
        for times in [1, 7, 20, 64, 200] {
            let text = open.repeat(times);
            let message = Expression::compile(&text).expect_err(&text).message;
            assert_ne!(message, "this expression cannot be read", "{text}");
        }
    }
    for text in [
        "!".repeat(1_000),
        "-".repeat(1_000),
        "a.".repeat(500),
        "a||".repeat(300),
        "a?".repeat(400),
    ] {
        assert!(Expression::compile(&text).is_err(), "{text}");
        let _ = Expression::compile(&format!("{text}a"));
    }
}
