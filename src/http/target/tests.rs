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
        ("/a\"b<c>d^e`f{g|h}", "/a%22b%3Cc%3Ed%5Ee%60f%7Bg%7Ch%7D"),
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
        ("/a%3Bb", SegmentParameter),
        ("/a%3bb", SegmentParameter),
        ("/..%3b/admin", SegmentParameter),
        ("/%c0%ae%c0%ae/admin", Overlong),
        ("/a%c0%af..", Overlong),
        ("/a%C1%9C", Overlong),
        ("/a%c0%80", Overlong),
        ("/a%e0%80%af", Overlong),
        ("/a%f0%80%80%af", Overlong),
        ("/a%f8%80%80%80%af", Overlong),
        ("/a%fc%80%80%80%80%af", Overlong),
        ("/a/.%2e", DotSegment),
        ("/a/%2e%2e%2e", DotSegment),
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

#[test]
fn bytes_of_other_encodings_pass() {
    // EUC-KR, Latin-1, surrogates, bytes that begin nothing.
    for path in [
        "/%C0%CC%C7%D8",
        "/caf%E9",
        "/%ED%A0%80",
        "/%FF%FE",
        "/%80",
        "/a%C0",
        "/%C3%A9",
        "/%E0%A0%80",
        "/%F0%90%80%80",
    ] {
        assert_eq!(canonical_path(path), Ok(Cow::Borrowed(path)), "{path}");
    }
}

fn relaxed() -> Reading {
    Reading {
        case: Difference::Ignored,
        trailing_slash: Difference::Ignored,
        empty_segments: Oddity::Ignored,
        segment_parameters: Oddity::Ignored,
        overlong_escapes: Overlong::Kept,
    }
}

fn keeping() -> Reading {
    Reading {
        empty_segments: Oddity::Kept,
        segment_parameters: Oddity::Kept,
        ..Reading::default()
    }
}

#[test]
fn what_upstreams_ignore_goes_on_and_is_not_matched() {
    for (path, matched) in [
        ("/", "/"),
        ("/a/", "/a"),
        ("/a//", "/a"),
        ("//a///b", "/a/b"),
        ("//", "/"),
        ("/a;v=1/b;w=2", "/a/b"),
        ("/a;v=1;w=/b/", "/a/b"),
        ("/A/b", "/A/b"),
        ("/;x/a", "/a"),
        ("/a;b%20c", "/a"),
        ("/%C0%AF", "/%C0%AF"),
    ] {
        let canonical = canonical_path_for(path, relaxed()).expect(path);
        assert_eq!(canonical, path, "goes on");
        assert_eq!(relaxed().matched(&canonical), matched, "{path}");
    }
}

#[test]
fn what_is_relaxed_hides_no_dot_segment() {
    for path in [
        "/a/..;/b",
        "/a/..;x=y/b",
        "/a/..;",
        "/a/.;/b",
        "/..//a",
        "//../a",
        "/a//..",
        "/a/%2e%2e;/b",
    ] {
        for reading in [relaxed(), keeping()] {
            let refused = canonical_path_for(path, reading);
            assert_eq!(refused, Err(TargetError::DotSegment), "{path}");
        }
    }
}

#[test]
fn what_is_kept_is_matched_as_it_stands() {
    for path in ["/a//b", "//a", "/a;v=1/b", "/a%3Bb", "/;"] {
        let canonical = canonical_path_for(path, keeping()).expect(path);
        assert_eq!(canonical, path);
        assert_eq!(keeping().matched(&canonical), path);
    }
}

#[test]
fn an_encoded_semicolon_is_a_parameter_to_some_and_not_to_others() {
    let refused = Err(TargetError::SegmentParameter);
    assert_eq!(canonical_path_for("/a%3Bb", relaxed()), refused);
}

#[test]
fn segments_that_only_case_tells_apart_are_one() {
    for (one, two) in [
        ("Admin", "aDMIN"),
        ("caf%C3%A9", "CAF%C3%89"),
        ("a%20B", "A%20b"),
        ("admin", "adm%C4%B1n"),
        ("users", "u%C5%BFers"),
        ("kelvin", "%E2%84%AAelvin"),
        ("%C0%CC", "%C0%CC"),
    ] {
        assert_eq!(fold_case(one), fold_case(two), "{one} {two}");
    }
    assert_ne!(fold_case("admin"), fold_case("admins"));
}

/// Paths of the pieces that reading one is about.
fn pieced_paths() -> impl Strategy<Value = String> {
    let piece = prop::sample::select(vec![
        "/",
        "/",
        "a",
        "A",
        "b",
        ".",
        "..",
        ";",
        ";v=1",
        "%2e",
        "%2E",
        "%2f",
        "%61",
        "%41",
        "%7e",
        "%7E",
        "%25",
        "%252e",
        "%3b",
        "%3B",
        "%ed%95%9c",
        "%C0%af",
        "%c3%A9",
        "%5c",
        "\\",
        "%00",
        "%",
        "%4",
        "%20",
        " ",
        "+",
        ":",
        "@",
        "{",
        "|",
        "~",
        "*",
        "\u{e9}",
        "?",
        "#",
    ]);
    prop::collection::vec(piece, 0..8).prop_map(|pieces| format!("/{}", pieces.concat()))
}

fn readings() -> impl Strategy<Value = Reading> {
    let difference = || prop::sample::select(vec![Difference::Exact, Difference::Ignored]);
    let oddity = || prop::sample::select(vec![Oddity::Refused, Oddity::Kept, Oddity::Ignored]);
    let overlong = prop::sample::select(vec![Overlong::Refused, Overlong::Kept]);
    (difference(), difference(), oddity(), oddity(), overlong).prop_map(
        |(case, trailing_slash, empty_segments, segment_parameters, overlong_escapes)| Reading {
            case,
            trailing_slash,
            empty_segments,
            segment_parameters,
            overlong_escapes,
        },
    )
}

proptest! {
    #[test]
    fn canonicalisation_is_idempotent_however_the_upstreams_read(
        path in pieced_paths(),
        reading in readings(),
    ) {
        if let Ok(canonical) = canonical_path_for(&path, reading) {
            let again = canonical_path_for(&canonical, reading);
            prop_assert_eq!(again, Ok(Cow::Borrowed(&*canonical)));
            let matched = reading.matched(&canonical).into_owned();
            prop_assert_eq!(reading.matched(&matched), &*matched);
            let folded = fold_case(&matched);
            prop_assert_eq!(fold_case(&folded), folded);
        }
    }

    #[test]
    fn a_matched_path_is_matched_as_itself(path in "/[ab;./]{0,12}") {
        if let Ok(canonical) = canonical_path_for(&path, relaxed()) {
            let matched = relaxed().matched(&canonical).into_owned();
            prop_assert_eq!(canonical_path(&matched), Ok(Cow::Borrowed(&*matched)));
            prop_assert_eq!(relaxed().matched(&matched), &*matched);
        }
    }

    #[test]
    fn a_canonical_path_is_canonical(path in "/[ -~]{0,40}") {
        if let Ok(canonical) = canonical_path(&path) {
            prop_assert_eq!(canonical_path(&canonical), Ok(Cow::Borrowed(&*canonical)));
        }
    }

    #[test]
    fn both_passes_agree(path in "/[a-c./]{0,12}") {
        let careful = Scan::new(Reading::default()).run(path.as_bytes());
        prop_assert_eq!(canonical_path(&path).map(Cow::into_owned), careful);
    }

    #[test]
    fn no_input_panics(path in ".{0,60}") {
        let _ = canonical_path(&path);
    }
}
