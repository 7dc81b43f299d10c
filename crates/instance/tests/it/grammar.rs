//! What is a header, and what is said about one that is not.

use instance::log::{Fault, Header, Rule, Severity};

fn fault(line: &str) -> Fault {
    Header::parse(line.as_bytes()).expect_err(line)
}

#[test]
fn a_header_has_its_five_fields() {
    let line = b"11/14/25-09:45:55:657 (4114424) 2 [Crypto.FIPS1402NotConfigured]  LMF Info:  x ";
    let header = Header::parse(line).expect("a header");
    assert_eq!(header.stamp.to_string(), "11/14/25-09:45:55:657");
    assert_eq!((header.pid, header.severity), (4_114_424, Severity::Severe));
    assert_eq!(header.category, "Crypto.FIPS1402NotConfigured");
    assert_eq!(header.text, b" LMF Info:  x ");
}

#[test]
fn a_text_may_be_empty_and_a_category_one_word() {
    for line in ["11/14/25-09:45:55:657 (0) 0 [SIMD] ", "11/14/25-09:45:55:657 (0) 0 [SIMD]"] {
        assert_eq!(Header::parse(line.as_bytes()).map(|header| header.text), Ok(&b""[..]));
    }
}

#[test]
fn a_fault_names_its_rule_and_column() {
    let cases = [
        ("11/14/2025-09:45:55 (1) 0 [A] x", Rule::Stamp, 9),
        ("13/14/25-09:45:55:657 (1) 0 [A] x", Rule::Date, 1),
        ("11/14/25-24:45:55:657 (1) 0 [A] x", Rule::Time, 10),
        ("11/14/25-09:45:55:657  (1) 0 [A] x", Rule::Pid, 23),
        ("11/14/25-09:45:55:657 (4294967296) 0 [A] x", Rule::Pid, 33),
        ("11/14/25-09:45:55:657 (1) 4 [A] x", Rule::Severity, 27),
        ("11/14/25-09:45:55:657 (1) 0 [A.1] x", Rule::Category, 32),
        ("11/14/25-09:45:55:657 (1) 0 [A]x", Rule::Blank, 32),
    ];
    for (line, rule, column) in cases {
        assert_eq!(fault(line), Fault { rule, column }, "{line}");
    }
}
