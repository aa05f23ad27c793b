//! What no field expects.

use serde_json::Value;

use super::super::urlencoded;

/// What every text has in it, so that it is found where it should not be.
pub(in crate::accounts) const MARK: &str = "h0st1le";

/// A field's value, as a body spells it.
#[derive(Clone)]
pub(in crate::accounts) struct Hostile {
    /// In a JSON document.
    pub(in crate::accounts) json: String,
    /// In a form, if forms can say it.
    pub(in crate::accounts) form: Option<String>,
}

/// All of them.
pub(in crate::accounts) fn all() -> Vec<Hostile> {
    let texts = texts().into_iter().map(|text| Hostile {
        json: Value::from(text.as_str()).to_string(),
        form: Some(value_of(&text)),
    });
    let json = |json: String| Hostile { json, form: None };
    let form = |form: &str| Hostile {
        json: "null".to_owned(),
        form: Some(form.to_owned()),
    };
    let odd = ODD.iter().map(|it| json((*it).to_owned()));
    let deep = [json(format!("{}{}", "[".repeat(900), "]".repeat(900)))];
    let forms = ["%zz", "%ff%fe", "%", "%00", "+", "&=&=", "a;b", "%ED%A0%80"].map(form);
    texts.chain(odd).chain(deep).chain(forms).collect()
}

/// What is of another type, and what is no JSON for most.
const ODD: [&str; 16] = [
    "null",
    "true",
    "0",
    "-1",
    "1.5",
    "18446744073709551615",
    "18446744073709551616",
    "-99999999999999999999999999999999999999",
    "1e400",
    "NaN",
    "[]",
    "{}",
    "[\"h0st1le\"]",
    "{\"$gt\":\"h0st1le\"}",
    "\"h0st1le\\ud800\"",
    "\"h0st1le\\",
];

fn texts() -> Vec<String> {
    let short = [
        "",
        " ",
        "\0",
        "{M}\0{M}",
        "\u{1f980}{M}\u{1f980}",
        "\u{430}nn-{M}@example.com",
        "ann@example.com\u{200b}",
        "\u{ff41}nn@example.com",
        "{M}' OR '1'='1' -- ",
        "{M}\\' OR 1=1 #",
        "\"; DROP TABLE member; -- {M}",
        "{M}%",
        "{M}_",
        "%s%n{M}${jndi:ldap://x}",
        "{M}\r\nSet-Cookie: a=b\r\n\r\n",
        "{M}\u{202e}\u{7}\u{1b}[31m",
        "{{M}}{user.password}",
        "<script>{M}</script>",
        "../../etc/passwd/{M}",
        "2024-13-45T{M}",
        "{M}\u{feff}\u{fffe}",
    ];
    let short = short.iter().map(|it| it.replace("{M}", MARK));
    let long = [80, 5_000, 1 << 20].map(|length| format!("{MARK}{}", "x".repeat(length)));
    short.chain(long).collect()
}

fn value_of(text: &str) -> String {
    let pair = urlencoded(&[("", text)]);
    pair.strip_prefix('=').unwrap_or_default().to_owned()
}
