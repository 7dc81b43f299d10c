//! Who is in which class, and who teaches it: two kinds of things in one file.

use std::io::{Read, Seek};

use super::{Assignment, Enrollment, Reading, Wants};
use crate::{
    oneroster::{self, EnrollmentRole, File, Refused, State},
    teaching::TeacherRole,
};

/// Students in classes, and teachers of classes. Administrators and proctors of classes are not kept.
pub(super) fn enrolments<S: Read + Seek>(
    reading: &mut Reading<'_, S>,
) -> Result<(Wants<Enrollment>, Wants<Assignment>), Refused> {
    let mode = reading.mode(File::Enrollments);
    let mut students = Wants::new(mode);
    let mut teachers = Wants::new(mode);
    reading.each(|id, line, row: Option<oneroster::Enrollment>| {
        let Some(row) = row else {
            students.refuse(id.clone());
            teachers.refuse(id);
            return;
        };
        if row.state == State::ToBeDeleted {
            students.end(id.clone());
            teachers.end(id);
            return;
        }
        match row.role {
            EnrollmentRole::Student => students.stand(id, line, enrollment(row)),
            EnrollmentRole::Teacher => teachers.stand(id, line, assignment(row)),
            EnrollmentRole::Other => {}
        }
    })?;
    Ok((students, teachers))
}

fn enrollment(row: oneroster::Enrollment) -> Enrollment {
    Enrollment {
        class: row.class,
        school: row.school,
        student: row.user,
        begin: row.begin,
        end: row.end,
    }
}

fn assignment(row: oneroster::Enrollment) -> Assignment {
    let role = if row.is_primary { TeacherRole::Lead } else { TeacherRole::Assistant };
    Assignment { class: row.class, school: row.school, teacher: row.user, role }
}
