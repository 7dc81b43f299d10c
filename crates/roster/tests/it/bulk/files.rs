//! Files that are refused as a whole, each with the line, and files that only look wrong.

use anyhow::Result;
use serde_json::json;

use super::{csv, done, lines, run, send, summary};
use crate::home::District;

const PATH: &str = "/bulk/students?source=sis";

#[tokio::test]
async fn a_file_that_cannot_be_read_is_refused_with_its_line() -> Result<()> {
    let district = District::new().await?;
    let head = "externalId,givenName,familyName";
    let long = "x".repeat(70_000);
    let cases: [(Vec<u8>, &str, &str); 10] = [
        (Vec::new(), "no_rows", "The file has no rows."),
        (format!("{head}\r\n\r\n").into_bytes(), "no_rows", "The file has no rows."),
        (
            format!("{head},nickname\n1,A,B,C\n").into_bytes(),
            "unknown_column",
            "Line 1: column 4 is not known.",
        ),
        (
            format!("{head},givenName\n1,A,B,C\n").into_bytes(),
            "repeated_column",
            "Line 1: the column givenName is there twice.",
        ),
        (
            b"ExternalId,givenName,familyName\n1,A,B\n".to_vec(),
            "unknown_column",
            "Line 1: column 1 is not known.",
        ),
        (
            b"givenName,grade\nA,05\n".to_vec(),
            "missing_column",
            "Line 1: the column familyName is missing.",
        ),
        (
            [head.as_bytes(), b"\n1,Ren\xe9e,B\n"].concat(),
            "not_utf8",
            "Line 2, byte 6: 0xe9 is no UTF-8.",
        ),
        (
            format!("{head}\n1,A,\"B\n2,C,D\n").into_bytes(),
            "endless",
            "Line 2: a quote opens here that does not close.",
        ),
        (
            format!("{head}\n1,A,{long}\n").into_bytes(),
            "endless",
            "Line 2: more than 65536 bytes in one line.",
        ),
        (
            format!("{head}\n1,A,\"{long}\n\"\n").into_bytes(),
            "endless",
            "Line 2: a quote opens here that does not close.",
        ),
    ];
    for (file, code, said) in cases {
        let request = district.registrar.post(PATH, ()).header("content-type", "text/csv");
        let problem = request.bytes(file).await?.problem(400, "malformed");
        let error = &problem["errors"][0];
        assert_eq!(error["code"], code, "{problem}");
        assert!(error["message"].as_str().unwrap().starts_with(said), "{problem}");
    }
    let array =
        send(&district.registrar, PATH, "application/jsonl", "[{\"givenName\":\"A\"}]").await?;
    assert_eq!(array.problem(400, "malformed")["errors"][0]["code"], "wrong_shape");
    assert_eq!(district.count("select count(*) from roster.bulk_job").await?, 0);
    Ok(())
}

#[tokio::test]
async fn marks_line_ends_and_quotes_of_spreadsheets_are_understood() -> Result<()> {
    let district = District::new().await?;
    let file = "\u{feff}externalId,givenName,familyName\r\n007,\"Ada \"\"the\"\" First\",\"Love,lace\"\r\n\r\n008,O\"Brien,B";
    let job = run(&district, "students", file).await?;
    assert_eq!(job["summary"], summary(2, 0, 0, 0, 0));
    let page = district.registrar.get("/students?q=007").await?.expect(200);
    let student = &page["items"][0];
    assert_eq!(
        (&student["givenName"], &student["familyName"]),
        (&json!("Ada \"the\" First"), &json!("Love,lace"))
    );
    // A name on two lines is a row that fails, and the next row is read.
    let job = run(&district, "students", "externalId,givenName,familyName\n1,\"A\nB\",C\n2,D,E\n")
        .await?;
    assert_eq!(job["summary"], summary(1, 0, 0, 1, 0));
    Ok(())
}

#[tokio::test]
async fn a_source_is_needed_where_rows_do_not_name_our_ids() -> Result<()> {
    let district = District::new().await?;
    for file in ["externalId,givenName,familyName\n1,A,B\n", "givenName,familyName\nA,B\n"] {
        let problem = send(&district.registrar, "/bulk/students", "text/csv", file)
            .await?
            .problem(422, "invalid");
        assert_eq!(problem["errors"][0]["pointer"], "?source");
        assert!(
            problem["errors"][0]["message"].as_str().unwrap().starts_with("Line 2 "),
            "{problem}"
        );
    }
    let problem = send(&district.registrar, "/bulk/students?source=", "text/csv", "a").await?;
    assert_eq!(problem.problem(400, "malformed")["errors"][0]["pointer"], "?source");
    Ok(())
}

#[tokio::test]
async fn other_types_sizes_and_numbers_of_rows_are_refused() -> Result<()> {
    let district = District::new().await?;
    for kind in
        ["application/json", "text/plain", "text/csv; charset=windows-1252", "multipart/form-data"]
    {
        send(&district.registrar, PATH, kind, "externalId\n1\n")
            .await?
            .problem(415, "unsupported-media-type");
    }
    let rows = lines(0..50_001, |n| n.to_string());
    let problem = csv(&district.registrar, "students", &format!("externalId\n{rows}"))
        .await?
        .problem(422, "invalid");
    assert_eq!(problem["errors"][0]["code"], "too_many_rows");
    let huge = district.registrar.post(PATH, ()).header("content-type", "text/csv");
    huge.bytes(vec![b'x'; (64 << 20) + 1]).await?.problem(413, "too-large");
    Ok(())
}

#[tokio::test]
async fn more_than_a_megabyte_is_streamed() -> Result<()> {
    let district = District::new().await?;
    let name = "x".repeat(100);
    let rows = lines(0..4_000, |n| format!("{n},{name},{name}{name}{name}"));
    let answer =
        csv(&district.registrar, "students", &format!("externalId,givenName,familyName\n{rows}"))
            .await?;
    let job = done(&district.registrar, &answer).await?;
    assert!(job["bytes"].as_i64().unwrap() > 1 << 20);
    assert_eq!(job["summary"], summary(0, 0, 0, 4_000, 0));
    Ok(())
}
