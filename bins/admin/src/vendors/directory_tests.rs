use super::*;

const HEADER: &str =
    "vendor_id,name,phone,categories,latitude,longitude,timezone,languages,accepts_inquiries,rating";
const GOOD: [&str; 10] = [
    "v1",
    "Jua Kali",
    "+254722000001",
    "auto_parts",
    "-1.28",
    "36.81",
    "Africa/Nairobi",
    "en;sw",
    "yes",
    "4.8",
];

/// The good row with one cell replaced.
fn row(column: &str, value: &str) -> String {
    let index = COLUMNS.iter().position(|name| *name == column).unwrap();
    let mut cells = GOOD;
    cells[index] = value;
    cells.join(",")
}

fn faults(text: &str) -> Vec<String> {
    read(text.as_bytes()).unwrap_err().iter().map(ToString::to_string).collect()
}

fn read_one(row: &str) -> Result<VendorRecord, Vec<String>> {
    match read(format!("{HEADER}\n{row}\n").as_bytes()) {
        Ok(mut rows) => Ok(rows.remove(0)),
        Err(faults) => Err(faults.iter().map(ToString::to_string).collect()),
    }
}

#[test]
fn hours_are_a_column_that_may_be_missing() {
    let read = |row: &str| {
        let file = format!("{HEADER},hours\n{row}\n");
        read(file.as_bytes()).map(|rows| rows[0].hours.clone()).map_err(|faults| faults[0].to_string())
    };
    let good = GOOD.join(",");
    assert_eq!(read(&format!("{good},")), Ok(None));
    assert_eq!(
        read(&format!("{good},\"Mo-Tu 08:00-12:00,14:00-18:00\"")).unwrap().unwrap(),
        "mo 08:00-12:00;mo 14:00-18:00;tu 08:00-12:00;tu 14:00-18:00"
    );
    assert_eq!(
        read(&format!("{good},mo 8-18")).unwrap_err(),
        "line 2, column 11 (hours): expected times such as 08:00-18:00, found \"8-18\""
    );
    assert_eq!(read(&good).unwrap_err(), "line 2: expected 11 columns, found 10");
    assert_eq!(read_one(&good).unwrap().hours, None, "a file of ten columns");
}

#[test]
fn a_row_is_read_as_written() {
    let vendor =
        read_one("v1, Jua Kali ,+254 (722) 000-001,Tyres; auto_parts;tyres,,,UTC,sw;EN,No,").unwrap();
    assert_eq!(vendor.name, "Jua Kali");
    assert_eq!(vendor.phone.as_str(), "+254722000001");
    assert_eq!(vendor.categories, ["tyres", "auto_parts"]);
    assert_eq!((vendor.position, vendor.rating, vendor.accepts_inquiries), (None, None, false));
    assert_eq!(vendor.languages, [Language::Sw, Language::En]);
    assert_eq!(vendor.timezone, "UTC");
}

#[test]
fn every_column_says_what_it_expects() {
    for (column, bad, said) in [
        ("vendor_id", "", "column 1 (vendor_id): expected 1 to 64 characters of A-Z a-z 0-9 . _ : -"),
        ("vendor_id", "jua kali", "column 1 (vendor_id): expected 1 to 64"),
        ("vendor_id", "shop-0722-000-001", "column 1 (vendor_id): expected an id of your own without"),
        ("name", " ", "column 2 (name): expected 1 to 120 characters on one line, found 0"),
        ("name", "\"a\nb\"", "column 2 (name): expected 1 to 120 characters on one line, found 3"),
        ("phone", "0722000001", "column 3 (phone): expected + and 7 to 15 digits"),
        ("phone", "254722000001", "column 3 (phone): expected + and 7 to 15 digits"),
        ("categories", ";", "column 4 (categories): expected 1 to 50 categories"),
        ("latitude", "91", "column 5 (latitude): expected a number from -90 to 90, or nothing, found \"91\""),
        (
            "latitude",
            "NaN",
            "column 5 (latitude): expected a number from -90 to 90, or nothing, found \"NaN\"",
        ),
        ("latitude", "", "column 5 (latitude): expected a latitude beside the longitude"),
        ("longitude", "180.1", "column 6 (longitude): expected a number from -180 to 180"),
        ("longitude", "", "column 6 (longitude): expected a longitude beside the latitude"),
        (
            "timezone",
            "",
            "column 7 (timezone): expected an IANA time zone such as Africa/Nairobi, found \"\"",
        ),
        ("timezone", "EAT", "column 7 (timezone): expected an IANA time zone"),
        ("timezone", "Africa/", "column 7 (timezone): expected an IANA time zone"),
        ("timezone", "+03:00", "column 7 (timezone): expected an IANA time zone"),
        ("languages", "", "column 8 (languages): expected one or more of en es pt fr sw ar, separated by ;"),
        (
            "languages",
            "en;de",
            "column 8 (languages): expected one or more of en es pt fr sw ar, separated by ;, found \"de\"",
        ),
        (
            "accepts_inquiries",
            "",
            "column 9 (accepts_inquiries): expected true, false, yes, no, 1 or 0, found \"\"",
        ),
        (
            "accepts_inquiries",
            "maybe\u{1b}[2J",
            "column 9 (accepts_inquiries): expected true, false, yes, no, 1 or 0, found \"maybe\\u{1b}[2J\"",
        ),
        ("rating", "5.1", "column 10 (rating): expected a number from 0 to 5, or nothing, found \"5.1\""),
        ("rating", "inf", "column 10 (rating): expected a number from 0 to 5"),
    ] {
        let found = read_one(&row(column, bad)).unwrap_err();
        assert_eq!(found.len(), 1, "{column} {bad:?}: {found:?}");
        assert!(found[0].starts_with(&format!("line 2, {said}")), "{column} {bad:?}: {}", found[0]);
    }
    assert!(read_one(&GOOD.join(",")).is_ok(), "the row that the table breaks is good");
}

#[test]
fn no_fault_repeats_a_name_or_a_number() {
    for text in [row("phone", "0722999888"), row("name", &"Wanjiru ".repeat(40))] {
        let found = read_one(&text).unwrap_err().concat();
        assert!(!found.contains("0722999888") && !found.contains("Wanjiru"), "{found}");
    }
}

#[test]
fn the_header_is_exact() {
    for bad in [
        "",
        "\n",
        "a,b",
        &HEADER.replace(',', ";"),
        &HEADER.replace("rating", "stars"),
        &format!("{HEADER},x"),
    ] {
        assert_eq!(
            faults(bad),
            [format!("line 1: expected the header {HEADER},hours; the last column may be left out")],
            "{bad}"
        );
    }
    for good in [HEADER.to_owned(), format!("\u{feff}{HEADER}\r\n"), HEADER.replace(',', " ,")] {
        assert_eq!(read(good.as_bytes()), Ok(Vec::new()), "{good}");
    }
}

#[test]
fn lines_are_those_of_an_editor() {
    let bad = row("rating", "9");
    for text in [
        format!("{HEADER}\n\n\n{bad}\n"),
        format!("{HEADER}\r\n\r\n\r\n{bad}\r\n"),
        format!("{HEADER}\n\"v2\",\"two\nlines\",+254722000002,a,,,UTC,en,1,\n{bad}\n"),
        format!("\u{feff}{HEADER}\n{}\n\n{bad}", GOOD.join(",").replace("v1", "v0").replace("0001", "0000")),
    ] {
        let found = faults(&text);
        assert!(found.last().unwrap().starts_with("line 4, column 10"), "{text}: {found:?}");
    }
}

#[test]
fn every_fault_of_every_row_is_reported() {
    let text = format!(
        "{HEADER}\n{}\n{}\nv1,only,three\nv3,Jua,+254722000001,a,x,y,UTC,en,1,\n",
        GOOD.join(","),
        GOOD.join(",").replace("4.8", "x"),
    );
    assert_eq!(
        faults(&text),
        [
            "line 3, column 1 (vendor_id): expected each value once; line 2 has the same",
            "line 3, column 3 (phone): expected each value once; line 2 has the same",
            "line 3, column 10 (rating): expected a number from 0 to 5, or nothing, found \"x\"",
            "line 4: expected 10 columns, found 3",
            "line 5, column 3 (phone): expected each value once; line 2 has the same",
            "line 5, column 5 (latitude): expected a number from -90 to 90, or nothing, found \"x\"",
            "line 5, column 6 (longitude): expected a number from -180 to 180, or nothing, found \"y\"",
        ]
    );
}

#[test]
fn bytes_that_are_no_text_are_a_fault_of_their_cell() {
    let text = [HEADER.as_bytes(), b"\nv1,J\xff,+254722000001,a,,,UTC,en,1,\n"].concat();
    let found = read(&text).unwrap_err();
    assert_eq!(found, [Fault { line: 2, column: Some((2, "name")), problem: "expected UTF-8".to_owned() }]);
}

#[test]
fn too_many_rows_are_refused() {
    let rows: Vec<String> = (0..=ROWS_MAX).map(|n| format!("v{n},J,+254{n:09},a,,,UTC,en,1,")).collect();
    let found = read(format!("{HEADER}\n{}\n", rows.join("\n")).as_bytes()).unwrap_err();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "line 200002: expected at most 200000 rows; split the file");
}
