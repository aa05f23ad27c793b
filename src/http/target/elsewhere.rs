//! What a path that is refused could mean to servers that are less strict: for explanations.

use percent_encoding::percent_decode_str;

/// Each way to read it that leads to another path, and that path.
pub fn other_readings(path: &str) -> Vec<(&'static str, String)> {
    let once = decoded(path);
    let twice = decoded(&once);
    let slashes = once.replace('\\', "/");
    let plain = without_parameters(&slashes);
    let readings = [
        ("decoded once", once.clone()),
        ("decoded twice", twice),
        ("with backslashes as slashes", slashes),
        ("without parameters", plain.clone()),
        ("with dot segments resolved", resolved(&plain)),
    ];
    let mut found: Vec<(&'static str, String)> = Vec::new();
    for (how, reading) in readings {
        if reading != path && found.iter().all(|(_, known)| *known != reading) {
            found.push((how, reading));
        }
    }
    found
}

fn decoded(path: &str) -> String {
    percent_decode_str(path).decode_utf8_lossy().into_owned()
}

fn without_parameters(path: &str) -> String {
    let segments = path
        .split('/')
        .map(|segment| segment.split(';').next().unwrap_or_default());
    segments.collect::<Vec<_>>().join("/")
}

/// RFC 3986 section 5.2.4, and empty segments folded.
fn resolved(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(segments.pop()),
            _ => segments.push(segment),
        }
    }
    format!("/{}", segments.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_the_readings_that_differ() {
        let of = |path| {
            other_readings(path)
                .into_iter()
                .map(|(_, path)| path)
                .collect::<Vec<_>>()
        };
        assert_eq!(of("/a"), Vec::<String>::new());
        assert_eq!(of("/a/../b"), ["/b"]);
        assert_eq!(of("/a%2Fb"), ["/a/b"]);
        assert_eq!(of("/a%252e"), ["/a%2e", "/a."]);
        assert_eq!(of("/x;y/admin"), ["/x/admin"]);
        assert_eq!(of("/a\\..\\b"), ["/a/../b", "/b"]);
    }
}
