//! Targets that are normalised and targets that are refused.

use proptest::prelude::*;

use super::*;

#[test]
fn canonical_paths_are_kept_as_they_are() {
    for path in [
        "/",
        "/items",
        "/items/",
        "/items/5",
        "/a.b/c..d/.hidden",
        "/~user/-_.x",
        "/%ED%95%9C%EA%B8%80",
        "/a%20b",
        "/a%3Fb",
        "/a%3Bb",
        "/a%23b",
        "/100%25",
        "/a@b:c+d,e=f!g$h&i'j(k)l*",
    ] {
        let canonical = canonical_path(path);
        assert_eq!(canonical, Ok(Cow::Borrowed(path)), "{path}");
    }
}

#[test]
fn equivalent_spellings_become_one() {
    for (path, canonical) in [
        ("/%ed%95%9c", "/%ED%95%9C"),
        ("/%61dmin", "/admin"),
        ("/%7Euser", "/~user"),
        ("/a%2eb", "/a.b"),
        ("/a%2Db%5f", "/a-b_"),
        ("/%41/%42/", "/A/B/"),
    ] {
        assert_eq!(canonical_path(path).as_deref(), Ok(canonical), "{path}");
    }
}

#[test]
fn what_two_parsers_could_read_differently_is_refused() {
    use TargetError::*;
    for (path, error) in [
        ("", Form),
        ("*", Form),
        ("items", Form),
        ("/public/../admin", DotSegment),
        ("/public/%2e%2e/admin", DotSegment),
        ("/public/%2E%2e/admin", DotSegment),
        ("/public/.%2e/admin", DotSegment),
        ("/public/..", DotSegment),
        ("/.", DotSegment),
        ("/./admin", DotSegment),
        ("/%2e/admin", DotSegment),
        ("/a/...", DotSegment),
        ("/public/..%2fadmin", EncodedSlash),
        ("/public%2Fadmin", EncodedSlash),
        ("/public%2fadmin", EncodedSlash),
        ("/public/..%5cadmin", Backslash),
        ("/public%5Cadmin", Backslash),
        ("/public\\admin", Backslash),
        ("//admin", EmptySegment),
        ("///admin", EmptySegment),
        ("//host/path", EmptySegment),
        ("/a//b", EmptySegment),
        ("/a//%61", EmptySegment),
        ("/a/b//", EmptySegment),
        ("/admin;x", SegmentParameter),
        ("/admin;/", SegmentParameter),
        ("/a;v=1/../b", SegmentParameter),
        ("/..;/admin", SegmentParameter),
        ("/index.html#.png", Fragment),
        ("/a%00", Control),
        ("/a%0a", Control),
        ("/a%0d%0aX: y", Control),
        ("/a%7f", Control),
        ("/a b", Control),
        ("/a\u{7f}", Control),
        ("/한글", NotAscii),
        ("/a%", PercentEncoding),
        ("/a%2", PercentEncoding),
        ("/a%zz", PercentEncoding),
        ("/a%u0041", PercentEncoding),
        ("/%2541dmin", DecodesTwice),
        ("/%252e%252e/admin", DecodesTwice),
        ("/%25%34%31", DecodesTwice),
        ("/a%252fb", DecodesTwice),
    ] {
        assert_eq!(canonical_path(path), Err(error), "{path}");
    }
}

proptest! {
    #[test]
    fn a_canonical_path_is_canonical(path in "/[ -~]{0,40}") {
        if let Ok(canonical) = canonical_path(&path) {
            prop_assert_eq!(canonical_path(&canonical), Ok(Cow::Borrowed(&*canonical)));
        }
    }

    #[test]
    fn both_passes_agree(path in "/[a-c./]{0,12}") {
        let careful = Scan::default().run(path.as_bytes());
        prop_assert_eq!(canonical_path(&path).map(Cow::into_owned), careful);
    }

    #[test]
    fn no_input_panics(path in ".{0,60}") {
        let _ = canonical_path(&path);
    }
}
