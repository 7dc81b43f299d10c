//! A district that could exist.
//!
//! Schools by level, classes, teachers, students with their guardians, and who is in which class. The same [`Shape`] makes
//! the same district, byte for byte. Everybody in it is invented.

mod names;
mod people;
mod places;

use std::io::Cursor;

use jiff::civil::Date;
use rand::{SeedableRng, rngs::StdRng};

use crate::oneroster::{
    Class, Course, Demographics, Enrollment, Org, PackageWriter, Session, User, Version,
    WriteError, roles_of,
};

/// Most students of a seeded district: a package of more is over the limit of an import.
pub const STUDENTS_MAX: u32 = 250_000;

/// How large a district, of which year.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// How many students.
    pub students: u32,
    /// What makes it this district and not another.
    pub seed: u64,
    /// The year in which its school year begins.
    pub year: i16,
}

impl Shape {
    /// A district of so many students, in the school year that begins in 2026.
    pub const fn of(students: u32) -> Self {
        Self { students, seed: 1, year: 2026 }
    }
}

/// A district as the rows of a OneRoster package, each with its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct District {
    /// The district and its schools.
    pub orgs: Vec<(String, Org)>,
    /// A school year and its semesters.
    pub sessions: Vec<(String, Session)>,
    /// What is taught.
    pub courses: Vec<(String, Course)>,
    /// Classes, about 44 students each.
    pub classes: Vec<(String, Class)>,
    /// Students, their guardians, teachers and the heads of schools.
    pub users: Vec<(String, User)>,
    /// Students in classes, eight each, and who teaches them.
    pub enrollments: Vec<(String, Enrollment)>,
    /// The students' birth dates.
    pub demographics: Vec<(String, Demographics)>,
}

/// The year in which the school year of a day begins: the next one is planned from July on.
pub fn school_year(day: Date) -> i16 {
    if day.month() >= 7 { day.year() } else { day.year() - 1 }
}

impl District {
    /// The district of a shape.
    pub fn of(shape: Shape) -> Self {
        let mut rng = StdRng::seed_from_u64(shape.seed);
        let mut district = Self::default();
        let schools = places::lay(&mut district, shape);
        let pupils = people::move_in(&mut district, shape, &schools, &mut rng);
        people::employ(&mut district, &schools, &mut rng);
        people::enroll(&mut district, shape, &pupils, &mut rng);
        district.sort();
        district
    }

    /// The district as a bulk package of a version.
    ///
    /// # Errors
    /// Memory takes everything; what the zip refuses is a defect.
    pub fn package(&self, version: Version) -> Result<Vec<u8>, WriteError> {
        let mut package = PackageWriter::new(Cursor::new(Vec::new()), version);
        package.rows(&self.orgs)?;
        package.rows(&self.sessions)?;
        package.rows(&self.courses)?;
        package.rows(&self.classes)?;
        package.rows(&self.users)?;
        if version == Version::V1p2 {
            let roles: Vec<_> =
                self.users.iter().flat_map(|(id, user)| roles_of(id, user)).collect();
            package.rows(&roles)?;
        }
        package.rows(&self.enrollments)?;
        package.rows(&self.demographics)?;
        Ok(package.finish()?.into_inner())
    }

    fn sort(&mut self) {
        self.orgs.sort_by(|a, b| a.0.cmp(&b.0));
        self.sessions.sort_by(|a, b| a.0.cmp(&b.0));
        self.courses.sort_by(|a, b| a.0.cmp(&b.0));
        self.classes.sort_by(|a, b| a.0.cmp(&b.0));
        self.users.sort_by(|a, b| a.0.cmp(&b.0));
        self.enrollments.sort_by(|a, b| a.0.cmp(&b.0));
        self.demographics.sort_by(|a, b| a.0.cmp(&b.0));
    }
}
