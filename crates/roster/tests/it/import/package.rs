//! Small packages, written as registrars' systems write them.

use std::io::{Cursor, Write};

use zip::{ZipWriter, write::SimpleFileOptions};

/// A package of 1.1: a school, a year with a term, a class, a student with a guardian and a teacher.
#[derive(Clone)]
pub(crate) struct Package {
    pub(crate) version: &'static str,
    /// Name without `.csv`, mode, content.
    pub(crate) files: Vec<(&'static str, &'static str, String)>,
}

pub(crate) const ORGS: &str =
    "sourcedId,status,dateLastModified,name,type,identifier,parentSourcedId\n";
pub(crate) const SESSIONS: &str =
    "sourcedId,status,dateLastModified,title,type,startDate,endDate,parentSourcedId,schoolYear\n";
pub(crate) const COURSES: &str = "sourcedId,status,dateLastModified,schoolYearSourcedId,title,courseCode,grades,orgSourcedId,subjects,subjectCodes\n";
pub(crate) const CLASSES: &str = "sourcedId,status,dateLastModified,title,grades,courseSourcedId,classCode,classType,location,schoolSourcedId,termSourcedIds,subjects,subjectCodes,periods\n";
pub(crate) const USERS: &str = "sourcedId,status,dateLastModified,enabledUser,orgSourcedIds,role,username,userIds,givenName,familyName,middleName,identifier,email,sms,phone,agentSourcedIds,grades,password\n";
pub(crate) const ENROLLMENTS: &str = "sourcedId,status,dateLastModified,classSourcedId,schoolSourcedId,userSourcedId,role,primary,beginDate,endDate\n";

impl Package {
    pub(crate) fn small() -> Self {
        let files = vec![
            ("orgs", "bulk", format!("{ORGS}d,,,District,district,,\ns1,,,Oak,school,,d\n")),
            (
                "academicSessions",
                "bulk",
                format!(
                    "{SESSIONS}y,,,2026-27,schoolYear,2026-08-17,2027-06-04,,2027\nt,,,Fall,term,2026-08-17,2026-12-18,y,2027\n"
                ),
            ),
            ("courses", "bulk", format!("{COURSES}k,,,,Algebra 1,ALG,,d,Mathematics,\n")),
            (
                "classes",
                "bulk",
                format!(
                    "{CLASSES}c1,,,Algebra 1,,k,,scheduled,,s1,t,,,\nc2,,,Algebra 1,,k,,scheduled,,s1,t,,,\n"
                ),
            ),
            (
                "users",
                "bulk",
                format!(
                    "{USERS}u1,,,true,s1,student,ada,,Ada,Byron,,,,,,g1,07,\ng1,,,true,d,parent,anne,,Anne,Byron,,,anne@example.org,,555 0100,,,\np1,,,true,s1,teacher,joe,,Joe,Doe,,,joe@example.org,,,,,\n"
                ),
            ),
            (
                "enrollments",
                "bulk",
                format!("{ENROLLMENTS}e1,,,c1,s1,u1,student,,,\ne2,,,c1,s1,p1,teacher,true,,\n"),
            ),
        ];
        Self { version: "1.1", files }
    }

    /// The same with other words in one file.
    pub(crate) fn with(mut self, file: &str, from: &str, to: &str) -> Self {
        let content = &mut self.files.iter_mut().find(|(name, ..)| *name == file).unwrap().2;
        assert!(content.contains(from), "{file} has no {from:?}");
        *content = content.replace(from, to);
        self
    }

    /// The same with other rows, of another mode.
    pub(crate) fn of(mut self, file: &str, mode: &'static str, content: String) -> Self {
        let found = self.files.iter_mut().find(|(name, ..)| *name == file).unwrap();
        (found.1, found.2) = (mode, content);
        self
    }

    /// Only these files.
    pub(crate) fn only(mut self, names: &[&str]) -> Self {
        self.files.retain(|(name, ..)| names.contains(name));
        self
    }

    pub(crate) fn zip(&self) -> Vec<u8> {
        let said: Vec<_> =
            self.files.iter().map(|(name, mode, _)| format!("file.{name},{mode}\n")).collect();
        let said = said.concat();
        let manifest = format!(
            "propertyName,value\nmanifest.version,1.0\noneroster.version,{}\n{said}",
            self.version
        );
        let mut files = vec![("manifest.csv".to_owned(), manifest)];
        files.extend(
            self.files.iter().map(|(name, _, content)| (format!("{name}.csv"), content.clone())),
        );
        zip(&files)
    }
}

/// A zip of these files.
pub(crate) fn zip(files: &[(String, String)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in files {
        zip.start_file(name, SimpleFileOptions::default()).unwrap();
        zip.write_all(content.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}
