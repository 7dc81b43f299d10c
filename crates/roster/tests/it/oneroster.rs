//! OneRoster packages: what is read, and what is refused where. No database.

use std::io::{Cursor, Write};

use proptest::prelude::*;
use roster::oneroster::{
    Class, Demographics, Enrollment, EnrollmentRole, File, Line, Mode, Org, OrgType, Package,
    Refused, RoleOf, Row, RowError, Session, State, User, UserRole, Version,
};
use zip::{ZipWriter, write::SimpleFileOptions};

const ORGS: &str = "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n";
const CLASSES: &str = "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n";
const USERS: &str = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n";
const ENROLLMENTS: &str = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n";

/// A package of these files; the manifest is made for them unless they hold one.
fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn manifest(version: &str, files: &[(&str, &str)]) -> String {
    let head = format!("propertyName,value\nmanifest.version,1.0\noneroster.version,{version}\n");
    let lines = files.iter().map(|(name, mode)| format!("file.{name},{mode}\n"));
    head + &lines.collect::<String>()
}

fn open(bytes: &[u8]) -> Result<Package<Cursor<Vec<u8>>>, Refused> {
    Package::open(Cursor::new(bytes.to_vec()))
}

/// The rows of the only file of a 1.1 bulk package.
fn rows<T: Row>(content: &[u8]) -> Result<Vec<Line<T>>, Refused> {
    of_mode("bulk", content)
}

fn of_mode<T: Row>(mode: &str, content: &[u8]) -> Result<Vec<Line<T>>, Refused> {
    let name = format!("{}.csv", T::FILE.name());
    let manifest = manifest("1.1", &[(T::FILE.name(), mode)]);
    let bytes = zip(&[("manifest.csv", manifest.as_bytes()), (&name, content)]);
    all(&mut open(&bytes)?)
}

fn all<T: Row>(package: &mut Package<Cursor<Vec<u8>>>) -> Result<Vec<Line<T>>, Refused> {
    let mut rows = Vec::new();
    package.each(|row| rows.push(row))?;
    Ok(rows)
}

fn faults<T: Row + std::fmt::Debug>(line: &Line<T>) -> Vec<(&'static str, &'static str)> {
    line.row.as_ref().unwrap_err().iter().map(|e: &RowError| (e.column, e.code)).collect()
}

#[test]
fn a_bulk_package_of_1_1_is_read() {
    let users = format!(
        "{USERS}u1,,,true,\"s1,s2\",student,ada,,Ada,Byron,,007,ada@example.org,,555,\"g1,g2\",07,\n\
         u2,,,false,s1,teacher,joe,,Joe,Doe,,,,,,,,\n"
    );
    let enrollments = format!(
        "{ENROLLMENTS}e1,,,c1,s1,u1,student,,2026-08-20,2027-06-10\ne2,,,c1,s1,u2,teacher,true,,\n"
    );
    let manifest =
        manifest("1.1", &[("users", "bulk"), ("enrollments", "delta"), ("orgs", "absent")]);
    let files: [(&str, &[u8]); 3] = [
        ("manifest.csv", manifest.as_bytes()),
        ("users.csv", users.as_bytes()),
        ("enrollments.csv", enrollments.as_bytes()),
    ];
    let mut package = open(&zip(&files)).unwrap();
    assert_eq!(package.version(), Version::V1p1);
    assert_eq!(package.mode(File::Users), Mode::Bulk);
    assert_eq!(package.mode(File::Enrollments), Mode::Delta);
    assert_eq!(package.mode(File::Orgs), Mode::Absent);

    let users: Vec<Line<User>> = all(&mut package).unwrap();
    let ada = users[0].row.as_ref().unwrap();
    assert_eq!((users[0].line, users[0].sourced_id.as_str()), (2, "u1"));
    assert_eq!((ada.role, ada.given_name.as_str()), (Some(UserRole::Student), "Ada"));
    assert_eq!(ada.identifier.as_deref(), Some("007"), "ids are text");
    assert_eq!(ada.grades, ["07"]);
    assert_eq!(
        (&*ada.orgs, &*ada.agents),
        (&["s1".to_owned(), "s2".to_owned()][..], &["g1".to_owned(), "g2".to_owned()][..])
    );
    assert!(!users[1].row.as_ref().unwrap().enabled);
    let none: Vec<Line<Org>> = all(&mut package).unwrap();
    assert!(none.is_empty(), "an absent file says nothing");
}

#[test]
fn roles_of_1_2_are_rows_of_their_own_and_vendors_words_are_no_mistake() {
    let users = "sourcedId,status,dateLastModified,enabledUser,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password,userMasterIdentifier,preferredGivenName,preferredMiddleName,preferredFamilyName,primaryOrgSourcedId,pronouns\n\
                 u1,,,true,ada,,Ada,Byron,,,,,,,,,,,,,,\n";
    let roles = "sourcedId,status,dateLastModified,userSourcedId,roleType,role,beginDate,endDate,orgSourcedId,userProfileSourcedId\n\
                 r1,,,u1,primary,counselor,,,s1,\nr2,,,u1,secondary,ext:coach,,,s1,\nr3,,,u1,secondary,coach,,,s1,\n";
    let said = manifest("1.2", &[("users", "bulk"), ("roles", "bulk")]);
    let files: [(&str, &[u8]); 3] = [
        ("manifest.csv", said.as_bytes()),
        ("users.csv", users.as_bytes()),
        ("roles.csv", roles.as_bytes()),
    ];
    let mut package = open(&zip(&files)).unwrap();
    let users: Vec<Line<User>> = all(&mut package).unwrap();
    assert_eq!(users[0].row.as_ref().unwrap().role, None);
    let roles: Vec<Line<RoleOf>> = all(&mut package).unwrap();
    assert_eq!(roles[0].row.as_ref().unwrap().role, UserRole::Counselor);
    assert!(roles[1].row.is_ok());
    assert_eq!(faults(&roles[2]), [("role", "unknown_word")]);

    let alone = manifest("1.2", &[("users", "bulk")]);
    let files: [(&str, &[u8]); 2] =
        [("manifest.csv", alone.as_bytes()), ("users.csv", b"sourcedId\n")];
    assert!(matches!(open(&zip(&files)), Err(Refused::NoRoles)));
}

#[test]
fn what_spreadsheets_and_systems_add_does_not_matter() {
    let orgs = format!(
        "\u{feff}{}s1,,,\"Oak\nSchool\",school,,\r\ns2,,,\"Elm, \"\"New\"\"\",school,,\r\n\r\n",
        ORGS.replace('\n', "\r\n")
    );
    let said = format!("\u{feff}{}", manifest("1.1", &[("orgs", "bulk")]));
    let files: [(&str, &[u8]); 4] = [
        ("export/manifest.csv", said.as_bytes()),
        ("export/ORGS.CSV", orgs.as_bytes()),
        ("__MACOSX/export/._orgs.csv", b"x"),
        (".DS_Store", b"x"),
    ];
    let orgs: Vec<Line<Org>> = all(&mut open(&zip(&files)).unwrap()).unwrap();
    assert_eq!(orgs.len(), 2);
    assert_eq!(faults(&orgs[0]), [("name", "control_character")], "a line break is no name");
    assert_eq!((orgs[1].line, orgs[1].row.as_ref().unwrap().name.as_str()), (4, "Elm, \"New\""));
}

#[test]
fn the_order_of_columns_is_free_and_further_ones_are_left_alone() {
    let content = "type,name,metadata.x,sourcedId,status,dateLastModified,parentSourcedId,identifier,color\nschool,Oak,1,s1,,,d1,42,red\n";
    let orgs: Vec<Line<Org>> = rows(content.as_bytes()).unwrap();
    let oak = orgs[0].row.as_ref().unwrap();
    assert_eq!((oak.kind, oak.parent.as_deref()), (OrgType::School, Some("d1")));
    assert_eq!(oak.identifier.as_deref(), Some("42"));
}

#[test]
fn ids_are_compared_as_they_are_written() {
    let content = format!("{ORGS}A1,,,Oak,school,,\na1,,,Elm,school,,\n007,,,Ash,school,,\n");
    let orgs: Vec<Line<Org>> = rows(content.as_bytes()).unwrap();
    assert_eq!(orgs.iter().map(|o| o.sourced_id.as_str()).collect::<Vec<_>>(), ["A1", "a1", "007"]);
}

#[test]
fn a_row_that_is_wrong_is_still_seen_and_names_every_fault() {
    let long = "x".repeat(256);
    let content = format!(
        "{CLASSES}c1,,,Algebra,,k1,,Homeroom,,s1,,,,\nc2,deleted,,,,,,homeroom,,{long},t1,,,\nc3,tobedeleted,,B,,k1,,scheduled,,s1,t1,,,\n"
    );
    let classes: Vec<Line<Class>> = rows(content.as_bytes()).unwrap();
    assert_eq!(
        classes.iter().map(|c| c.sourced_id.as_str()).collect::<Vec<_>>(),
        ["c1", "c2", "c3"]
    );
    assert_eq!(faults(&classes[0]), [("classType", "unknown_word"), ("termSourcedIds", "empty")]);
    assert_eq!(
        faults(&classes[1]),
        [
            ("status", "unknown_word"),
            ("title", "empty"),
            ("courseSourcedId", "empty"),
            ("schoolSourcedId", "too_long")
        ]
    );
    assert_eq!(faults(&classes[2]), [("status", "not_in_bulk")]);
    let error = &classes[1].row.as_ref().unwrap_err()[0];
    assert_eq!((error.file, error.line), ("classes", 3));
    assert_eq!(error.message, "One of: active, tobedeleted.");
}

#[test]
fn days_must_exist_and_follow_each_other() {
    let sessions = "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\n\
        t1,,,Fall,term,2026-08-20,2026-12-18,y1,2027\nt2,,,Spring,term,2027-02-31,20270610,y1,2027\nt3,,,Back,term,2027-06-10,2027-01-05,y1,2027\n";
    let sessions: Vec<Line<Session>> = rows(sessions.as_bytes()).unwrap();
    assert!(sessions[0].row.is_ok());
    assert_eq!(faults(&sessions[1]), [("startDate", "no_date"), ("endDate", "no_date")]);
    assert_eq!(faults(&sessions[2]), [("endDate", "before_start")]);

    let enrollments = format!("{ENROLLMENTS}e1,,,c1,s1,u1,student,yes,2026-08-20,2026-08-19\n");
    let enrollments: Vec<Line<Enrollment>> = rows(enrollments.as_bytes()).unwrap();
    assert_eq!(faults(&enrollments[0]), [("primary", "no_flag"), ("endDate", "before_start")]);
    let born =
        "sourcedId,status,dateLastModified,birthDate,sex\nu1,,,2015-02-29,\nu2,,,2016-02-29,\n";
    let born: Vec<Line<Demographics>> = rows(born.as_bytes()).unwrap();
    assert_eq!(faults(&born[0]), [("birthDate", "no_date")]);
    assert_eq!(born[1].row.as_ref().unwrap().birth_date, Some(jiff::civil::date(2016, 2, 29)));
}

#[test]
fn a_delta_says_of_each_row_whether_it_stands() {
    let content = format!(
        "{ENROLLMENTS}e1,active,2026-09-01T00:00:00Z,c1,s1,u1,student,,,\ne2,tobedeleted,2026-09-01T00:00:00Z,c1,s1,u1,proctor,,,\ne3,,,c1,s1,u1,student,,,\n"
    );
    let rows: Vec<Line<Enrollment>> = of_mode("delta", content.as_bytes()).unwrap();
    assert_eq!(rows[0].row.as_ref().unwrap().state, State::Active);
    let ended = rows[1].row.as_ref().unwrap();
    assert_eq!((ended.state, ended.role), (State::ToBeDeleted, EnrollmentRole::Other));
    assert_eq!(faults(&rows[2]), [("status", "empty")]);
}

#[test]
fn a_file_that_is_empty_but_for_its_header_is_not_an_absent_one() {
    let rows: Vec<Line<Org>> = rows(ORGS.as_bytes()).unwrap();
    assert!(rows.is_empty());
    let nothing = self::rows::<Org>(b"");
    assert!(matches!(nothing, Err(Refused::Column { column, .. }) if column == "sourcedId"));
}

#[test]
fn text_that_is_not_utf_8_is_refused_with_its_line() {
    let mut content = format!("{ORGS}s1,,,Oak,school,,\ns2,,,").into_bytes();
    content.extend(b"Caf\xe9,school,,\n");
    let refused = rows::<Org>(&content).unwrap_err();
    assert!(matches!(refused, Refused::Encoding { file: "orgs", line: 3 }), "{refused}");
    assert!(refused.to_string().contains("Windows-1252"));
}

#[test]
fn rows_of_another_length_and_columns_of_another_name_are_refused_with_their_place() {
    let short = rows::<Org>(format!("{ORGS}s1,,,Oak\n").as_bytes()).unwrap_err();
    assert_eq!(short.to_string(), "orgs.csv, line 2: 4 cells, but the header has 7");
    let lower = rows::<Org>(ORGS.to_lowercase().as_bytes()).unwrap_err();
    assert_eq!(
        lower.to_string(),
        "orgs.csv: the column sourcedId is missing; names are case-sensitive"
    );
    let twice = rows::<Org>(format!("name,{ORGS}").as_bytes()).unwrap_err();
    assert_eq!(
        twice.to_string(),
        "orgs.csv: the column name is there twice; names are case-sensitive"
    );
}

#[test]
fn manifest_and_files_must_agree() {
    let with = |manifest: &str, more: &[(&str, &[u8])]| {
        let files = [&[("manifest.csv", manifest.as_bytes())][..], more].concat();
        open(&zip(&files)).err().unwrap().to_string()
    };
    let orgs = ("orgs.csv", ORGS.as_bytes());
    assert!(matches!(open(&zip(&[orgs])), Err(Refused::NoManifest)));
    assert!(with(&manifest("1.1", &[("orgs", "bulk")]), &[]).contains("but it is not"));
    assert!(with(&manifest("1.1", &[]), &[orgs]).contains("says that it is absent"));
    assert!(
        with(&manifest("2.0", &[]), &[]).starts_with("manifest.csv, line 3: oneroster.version")
    );
    assert!(
        with(&manifest("1.1", &[("orgs", "full")]), &[orgs])
            .contains("accepted: absent, bulk, delta")
    );
    assert!(with("name,value\n", &[]).contains("propertyName,value"));
    let twice = manifest("1.1", &[("orgs", "bulk"), ("orgs", "delta")]);
    assert!(with(&twice, &[orgs]).contains("line 5: file.orgs is there twice"));
}

#[test]
fn archives_made_to_hurt_are_refused() {
    let said = manifest("1.1", &[("orgs", "bulk")]);
    let with = |name: &str, content: &[u8]| {
        let files: [(&str, &[u8]); 3] =
            [("manifest.csv", said.as_bytes()), ("orgs.csv", ORGS.as_bytes()), (name, content)];
        open(&zip(&files)).err().unwrap()
    };
    for name in ["../orgs.csv", "/etc/orgs.csv", "a/../../b.csv", "C:\\orgs.csv", "..\\orgs.csv"] {
        let refused = with(name, b"x");
        assert!(matches!(refused, Refused::BadName(_)), "{name}: {refused}");
    }
    assert!(matches!(with("more.zip", b"PK"), Refused::Nested(_)));
    assert!(
        matches!(with("again/manifest.csv", said.as_bytes()), Refused::Twice(name) if name == "manifest.csv")
    );
    assert!(matches!(open(b"sourcedId,name\n"), Err(Refused::NotAZip(_))));
    let whole = zip(&[("manifest.csv", said.as_bytes())]);
    assert!(open(&whole[..whole.len() - 30]).is_err(), "cut");
}

#[test]
fn a_gigabyte_of_zeros_is_not_unpacked() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("manifest.csv", SimpleFileOptions::default()).unwrap();
    zip.write_all(manifest("1.1", &[("orgs", "bulk")]).as_bytes()).unwrap();
    zip.start_file("orgs.csv", SimpleFileOptions::default().large_file(true)).unwrap();
    let zeros = vec![0; 1 << 20];
    for _ in 0..1 << 10 {
        zip.write_all(&zeros).unwrap();
    }
    let mut package = open(&zip.finish().unwrap().into_inner()).unwrap();
    let refused = all::<Org>(&mut package).unwrap_err();
    assert!(matches!(refused, Refused::TooLarge { .. }), "{refused}");
}

proptest! {
    /// Whatever a row holds, reading it ends, and its id is what was written.
    #[test]
    fn any_text_survives_or_is_refused_by_name(name in "\\PC{0,40}", id in "[A-Za-z0-9_.-]{1,40}") {
        let mut csv = csv::Writer::from_writer(ORGS.as_bytes().to_vec());
        csv.write_record([&*id, "", "", &*name, "school", "", ""]).unwrap();
        let orgs: Vec<Line<Org>> = rows(&csv.into_inner().unwrap()).unwrap();
        prop_assert_eq!(&orgs[0].sourced_id, &id);
        match &orgs[0].row {
            Ok(org) => prop_assert_eq!(&org.name, name.trim()),
            Err(errors) => prop_assert!(errors.iter().all(|e| e.column == "name"), "{:?}", errors),
        }
    }

    /// Bytes that are no package are refused, never more.
    #[test]
    fn any_bytes_are_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(open(&bytes).is_err());
    }
}
