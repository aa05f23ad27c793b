//! What a device is called: the browser and the system, as people know them, out of what it calls itself.

/// Browsers by a word of theirs. Those that also call themselves another one come before that.
const BROWSERS: [(&str, &str); 10] = [
    ("KAKAOTALK", "KakaoTalk"),
    ("NAVER(", "NAVER"),
    ("Whale/", "Whale"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
];

/// Systems, in the same way.
const SYSTEMS: [(&str, &str); 7] = [
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS X", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// The longest name of a program that is shown as it is.
const LONGEST: usize = 60;

/// What `User-Agent` says, in short. What is no browser's says it as it is.
pub(super) fn name(agent: &str) -> String {
    let first = |known: &[(&str, &'static str)]| {
        let mut known = known.iter();
        let found = known.find(|(word, _)| agent.contains(word));
        found.map(|(_, name)| *name)
    };
    let safari = || agent.contains("Safari/").then_some("Safari");
    let browser = first(&BROWSERS).or_else(safari);
    match (browser, first(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} · {system}"),
        (Some(browser), None) => browser.to_owned(),
        (None, _) => agent.chars().take(LONGEST).collect(),
    }
}

/// A moment as RFC 3339 writes it, for people: without the seconds.
pub(super) fn moment(written: &str) -> String {
    let minutes = written.split_once('T').and_then(|(date, time)| {
        let time = time.strip_suffix('Z')?.get(..5)?;
        Some(format!("{date} {time} UTC"))
    });
    minutes.unwrap_or_else(|| written.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_device_is_called_as_people_know_it() {
        const WEBKIT: &str = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, expected) in [
            (
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {WEBKIT} Chrome/140.0 Safari/537.36 Edg/140.0"),
                "Edge · Windows",
            ),
            (
                format!("Mozilla/5.0 (Linux; Android 15; SM-S921N) {WEBKIT} SamsungBrowser/28.0 Chrome/130.0 Mobile Safari/537.36"),
                "Samsung Internet · Android",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Version/18.0 Safari/604.1".to_owned(),
                "Safari · iPhone",
            ),
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
                "Firefox · Linux",
            ),
            ("okhttp/4.12.0".to_owned(), "okhttp/4.12.0"),
            (String::new(), ""),
        ] {
            assert_eq!(name(&agent), expected);
        }
        assert_eq!(name(&"가".repeat(1000)).chars().count(), LONGEST);
    }

    #[test]
    fn a_moment_is_written_without_its_seconds() {
        assert_eq!(moment("2026-11-22T02:45:09Z"), "2026-11-22 02:45 UTC");
        for other in [
            "",
            "T",
            "2026-11-22",
            "253402300800 s after 1970",
            "aT가나Z",
        ] {
            assert_eq!(moment(other), other);
        }
    }
}
