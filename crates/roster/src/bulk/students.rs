//! Rows of students: a set at once, by the rules of single commands.

use std::collections::HashMap;

use kernel::{http::body::Change, tx::Tx};
use serde::Deserialize;

use super::{
    BulkJob,
    cells::{Column, Read},
    keys::{Keys, Name, Schools, reference},
    people::{self, Changed, Turn},
    tally::{Refusal, Tally},
};
use crate::{
    Error, events,
    external::{ExternalRef, Kind},
    school::SchoolId,
    student::{self, CreateStudent, PatchStudent, Student, StudentId, store},
};

/// The columns of a file.
pub(super) const COLUMNS: &[Column] = &[
    Column::One("studentId"),
    Column::One("externalId"),
    Column::One("givenName"),
    Column::One("familyName"),
    Column::One("birthDate"),
    Column::One("grade"),
    Column::List("schoolIds"),
    Column::List("schoolExternalIds"),
];

/// One student: new, or what is to change of one.
#[derive(Clone, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StudentRow {
    /// Who it is, by our id.
    pub(super) student_id: Option<StudentId>,
    /// Who it is, by the id that the source gave; new when nobody has it.
    #[schema(max_length = 255)]
    external_id: Option<String>,
    /// Their given name; required of somebody new.
    #[schema(max_length = 100)]
    given_name: Option<String>,
    /// Their family name; required of somebody new.
    #[schema(max_length = 100)]
    family_name: Option<String>,
    /// Their day of birth, YYYY-MM-DD; null when nobody knows. Left out, it stays.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = Date, required = false)]
    birth_date: Change<String>,
    /// Their grade (CEDS code); null for none. Left out, it stays.
    #[serde(default)]
    #[schema(value_type = Option<String>, required = false)]
    grade: Change<String>,
    /// All schools that they go to, with `schoolExternalIds`. Left out, both, they stay.
    #[schema(max_items = 20)]
    school_ids: Option<Vec<SchoolId>>,
    /// The same by the ids that the source gave.
    #[schema(max_items = 20)]
    school_external_ids: Option<Vec<String>>,
}

impl StudentRow {
    fn name(&self) -> Name<'_> {
        Name { id: self.student_id.map(|id| id.0), value: self.external_id.as_deref() }
    }
}

/// What rows are held against.
struct Ground<'a> {
    job: &'a BulkJob,
    known: HashMap<StudentId, Student>,
    schools: Schools,
}

/// Does a chunk of rows.
pub(super) async fn apply(
    tx: &mut Tx,
    job: &BulkJob,
    rows: Vec<Read<StudentRow>>,
) -> Result<Tally, Error> {
    let mut tally = Tally::default();
    let rows = tally.readable(rows);
    let names: Vec<_> = rows.iter().map(|(_, row)| row.name()).collect();
    let mut keys = Keys::find(tx, job, Kind::Student, &names).await?;
    let known = student::lock_all(tx, keys.ids(), &job.school_ids).await?;
    let ids = rows.iter().flat_map(|(_, row)| row.school_ids.iter().flatten());
    let ids = ids.chain(known.values().flat_map(|student| &student.school_ids)).copied();
    let values = rows.iter().flat_map(|(_, row)| row.school_external_ids.iter().flatten());
    let schools = Schools::find(tx, job, ids, values.map(String::as_str)).await?;
    let (ground, mut changes) = (Ground { job, known, schools }, Vec::with_capacity(rows.len()));
    for (n, row) in rows {
        let value = row.external_id.clone();
        let turn = ground.turn(tx, &keys, row);
        let to = (&mut changes, &mut tally);
        people::keep(turn, (n, value.as_deref()), |s: &Student| s.student_id.0, &mut keys, to);
    }
    let changes = people::claimed(tx, Kind::Student, changes, Student::refs, &mut tally).await?;
    save(tx, &changes, &mut tally).await?;
    Ok(tally)
}

impl Ground<'_> {
    fn turn(&self, tx: &Tx, keys: &Keys, row: StudentRow) -> Turn<Student> {
        let external = reference(self.job, row.external_id.as_deref())?;
        let found = keys.id(row.name()).map(|id| (id, self.known.get(&StudentId(id)).cloned()));
        let before = people::named(found, row.name(), ("studentId", "student"))?;
        keys.is_first(row.name())?;
        let school_ids =
            self.schools.named(row.school_ids.clone(), row.school_external_ids.clone())?;
        let after = match &before {
            None => Some(row.created(school_ids, external).parse(tx.new_id(), tx.now())?),
            Some(before) if before.scrubbed => {
                return Err(Refusal::Conflict("The student was scrubbed, which is final."));
            }
            Some(before) => {
                let external = before.external_refs.iter().cloned().chain(external).collect();
                before.patched(row.patch(school_ids, external), tx.now())?
            }
        };
        if let Some(after) = &after {
            let had = before.as_ref().map(|before| before.school_ids.as_slice());
            self.schools.may_change(had, &after.school_ids)?;
        }
        Ok((before, after))
    }
}

impl StudentRow {
    fn created(
        self,
        schools: Option<Vec<SchoolId>>,
        external: Option<ExternalRef>,
    ) -> CreateStudent {
        CreateStudent {
            given_name: self.given_name.unwrap_or_default(),
            family_name: self.family_name.unwrap_or_default(),
            birth_date: self.birth_date.of(None, Some),
            grade: self.grade.of(None, Some),
            school_ids: schools.unwrap_or_default(),
            external_refs: external.into_iter().collect(),
        }
    }

    fn patch(self, school_ids: Option<Vec<SchoolId>>, external: Vec<ExternalRef>) -> PatchStudent {
        PatchStudent {
            given_name: self.given_name,
            family_name: self.family_name,
            birth_date: self.birth_date,
            grade: self.grade,
            school_ids,
            external_refs: Some(external),
        }
    }
}

async fn save(tx: &mut Tx, changes: &[Changed<Student>], tally: &mut Tally) -> Result<(), Error> {
    let after: Vec<_> = changes.iter().map(|change| change.after.clone()).collect();
    store::save(tx, &after).await?;
    let stays = |change: &&Changed<Student>| {
        change.before.as_ref().map_or(&[][..], |b| &b.school_ids) == change.after.school_ids
    };
    let moved: Vec<_> =
        changes.iter().filter(|change| !stays(change)).map(|c| c.after.clone()).collect();
    store::save_schools(tx, &moved).await?;
    for change in changes {
        let (before, after) = (change.before.as_ref(), &change.after);
        match before {
            None => tx.changed(None, Some(after), &events::StudentCreated(after.into()))?,
            Some(_) => tx.changed(before, Some(after), &events::StudentUpdated(after.into()))?,
        }
        tally.succeeded(change.row, after.student_id.0, change.how());
    }
    Ok(())
}
