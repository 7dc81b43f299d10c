//! What the roster knows of a source: everything that carries one of its ids.

use std::collections::{HashMap, HashSet};

use kernel::{
    rows::{self, Only, Readable, Table},
    tx::Tx,
};
use uuid::Uuid;

use super::wanted::{Person, SourcedId, Wanted, Wants};
use crate::{
    Error,
    class::{self, Class},
    enrollment::{self, Enrollment},
    external,
    guardian::{self, Guardian},
    school::{self, School},
    staff::{self, Staff},
    student::{self, Student, StudentId},
    teaching::{self, ClassTeacher},
    term::{self, Term},
};

/// Rows that are read by one statement.
const PIECE: usize = 2_000;

/// Something that a row of the source names.
#[derive(Clone, Debug)]
pub(super) struct Held<T> {
    pub(super) entity: T,
    /// By an id of the source; otherwise by our own id, which exports use where there is none of the source.
    pub(super) linked: bool,
}

/// Things of one kind by their ids in the source.
#[derive(Clone, Debug)]
pub(super) struct Of<T>(HashMap<SourcedId, Held<T>>);

impl<T> Default for Of<T> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<T> Of<T> {
    pub(super) fn entity(&self, sourced_id: &str) -> Option<&T> {
        self.0.get(sourced_id).map(|held| &held.entity)
    }

    /// Whatever has an id.
    pub(super) fn all(&self) -> impl Iterator<Item = (&SourcedId, &T)> {
        self.0.iter().map(|(id, held)| (id, &held.entity))
    }

    /// What carries an id of the source: only this may end by being left out.
    pub(super) fn linked(&self) -> impl Iterator<Item = (&SourcedId, &T)> {
        self.0.iter().filter(|(_, held)| held.linked).map(|(id, held)| (id, &held.entity))
    }

    /// What rows name by our own ids.
    pub(super) fn unlinked(&self) -> impl Iterator<Item = (&SourcedId, &T)> {
        self.0.iter().filter(|(_, held)| !held.linked).map(|(id, held)| (id, &held.entity))
    }
}

/// The roster as far as an import is concerned.
#[derive(Default)]
pub(super) struct Known {
    pub(super) schools: Of<School>,
    /// Every school, of the source or not.
    pub(super) all_schools: Vec<School>,
    pub(super) terms: Of<Term>,
    /// Every term, of the source or not.
    pub(super) all_terms: Vec<Term>,
    pub(super) classes: Of<Class>,
    pub(super) students: Of<Student>,
    pub(super) staff: Of<Staff>,
    /// By their id in the source and their student.
    pub(super) guardians: HashMap<(SourcedId, StudentId), Held<Guardian>>,
    /// Active enrolments of the source.
    pub(super) enrollments: Of<Enrollment>,
    /// Every enrolment, also past ones, of students whose enrolments change.
    pub(super) of_students: HashMap<StudentId, Vec<Enrollment>>,
    /// Open assignments of the source.
    pub(super) assignments: Of<ClassTeacher>,
    /// Every open assignment of classes whose teachers change.
    pub(super) of_classes: Vec<ClassTeacher>,
}

impl Known {
    /// Reads what a plan for these wishes needs.
    pub(super) async fn read(tx: &mut Tx, source: &str, wanted: &Wanted) -> Result<Self, Error> {
        let links = links(tx, source).await?;
        let of = |kind: external::Kind| links.get(kind.name()).map_or(&[][..], Vec::as_slice);
        let mut known = Self {
            all_schools: rows::all(tx, &school::TABLE, &[]).await?,
            all_terms: rows::all(tx, &term::TABLE, &[]).await?,
            ..Self::default()
        };
        known.schools =
            held(of(external::Kind::School), &wanted.schools, &known.all_schools, |s| {
                s.school_id.0
            });
        known.terms =
            held(of(external::Kind::Term), &wanted.terms, &known.all_terms, |t| t.term_id.0);
        let classes: Vec<Class> = read(
            tx,
            &class::TABLE,
            "class_id = any(?)",
            &ids(of(external::Kind::Class), &wanted.classes),
        )
        .await?;
        known.classes =
            held(of(external::Kind::Class), &wanted.classes, &classes, |c| c.class_id.0);
        let staff: Vec<Staff> = read(
            tx,
            &staff::TABLE,
            "staff_id = any(?)",
            &ids(of(external::Kind::Staff), &wanted.people),
        )
        .await?;
        known.staff = held(of(external::Kind::Staff), &wanted.people, &staff, |s| s.staff_id.0);
        let sealed = read(
            tx,
            &student::TABLE,
            "student_id = any(?)",
            &ids(of(external::Kind::Student), &wanted.people),
        )
        .await?;
        let students = student::store::unsealed(tx, sealed).await?;
        known.students =
            held(of(external::Kind::Student), &wanted.people, &students, |s| s.student_id.0);
        known.guardians = guardians(tx, source, &wanted.people).await?;
        let links = enrollment::store::links(tx, source).await?;
        let enrollments: Vec<Enrollment> = read(
            tx,
            &enrollment::TABLE,
            "enrollment_id = any(?)",
            &ids(&links, &wanted.enrollments),
        )
        .await?;
        known.enrollments = held(&links, &wanted.enrollments, &enrollments, |e| e.enrollment_id.0);
        let links = teaching::store::links(tx, source).await?;
        let assignments: Vec<ClassTeacher> = read(
            tx,
            &teaching::store::TABLE,
            teaching::store::OPEN_BY_ID,
            &ids(&links, &wanted.assignments),
        )
        .await?;
        known.assignments = held(&links, &wanted.assignments, &assignments, |a| a.assignment_id);
        Ok(known)
    }

    /// Reads the enrolments of students and the teachers of classes for which the source's own ids do not answer.
    pub(super) async fn read_more(
        &mut self,
        tx: &mut Tx,
        students: &HashSet<StudentId>,
        classes: &HashSet<class::ClassId>,
    ) -> Result<(), Error> {
        let ids: Vec<_> = students.iter().map(|id| id.0).collect();
        let rows: Vec<Enrollment> =
            read(tx, &enrollment::TABLE, "student_id = any(?)", &ids).await?;
        for enrollment in rows {
            self.of_students.entry(enrollment.student_id).or_default().push(enrollment);
        }
        let ids: Vec<_> = classes.iter().map(|id| id.0).collect();
        let open = teaching::store::OPEN_BY_CLASS;
        self.of_classes = read(tx, &teaching::store::TABLE, open, &ids).await?;
        Ok(())
    }
}

/// An id of the source, and whose it is.
pub(super) type Linked = (SourcedId, Uuid);

/// The ids of a source, by kind.
async fn links(tx: &mut Tx, source: &str) -> Result<HashMap<String, Vec<Linked>>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select kind, value, entity_id from roster.external_id where tenant_id = $1 and source = $2",
        tenant,
        source,
    )
    .fetch_all(tx.conn())
    .await?;
    let mut links: HashMap<String, Vec<Linked>> = HashMap::new();
    for row in rows {
        links.entry(row.kind).or_default().push((row.value, row.entity_id));
    }
    Ok(links)
}

/// The ids of all that carries an id of the source, and of what rows name by our own ids.
fn ids<T>(links: &[Linked], wants: &Wants<T>) -> Vec<Uuid> {
    let linked: HashSet<_> = links.iter().map(|(value, _)| value.as_str()).collect();
    let own = wants.seen.iter().filter(|id| !linked.contains(id.as_str()));
    let own = own.filter_map(|id| own_id(id));
    let mut ids: Vec<_> = links.iter().map(|(_, id)| *id).chain(own).collect();
    ids.sort_unstable();
    ids.dedup();
    ids
}

/// The id that exports give to what has none in the source: our own, as we write it.
fn own_id(sourced_id: &str) -> Option<Uuid> {
    Uuid::try_parse(sourced_id).ok().filter(|id| id.to_string() == sourced_id)
}

fn held<T: Clone, W>(
    links: &[Linked],
    wants: &Wants<W>,
    entities: &[T],
    id: impl Fn(&T) -> Uuid,
) -> Of<T> {
    let by_id: HashMap<_, _> = entities.iter().map(|entity| (id(entity), entity)).collect();
    let mut held = HashMap::with_capacity(entities.len());
    for (sourced_id, id) in links {
        if let Some(entity) = by_id.get(id) {
            held.insert(sourced_id.clone(), Held { entity: (*entity).clone(), linked: true });
        }
    }
    for sourced_id in &wants.seen {
        if let Some(entity) = own_id(sourced_id).and_then(|id| by_id.get(&id)) {
            let own = || Held { entity: (*entity).clone(), linked: false };
            held.entry(sourced_id.clone()).or_insert_with(own);
        }
    }
    Of(held)
}

/// Rows by ids, piece by piece.
async fn read<T: Readable>(
    tx: &mut Tx,
    table: &Table,
    condition: &'static str,
    ids: &[Uuid],
) -> Result<Vec<T>, sqlx::Error> {
    let mut found = Vec::with_capacity(ids.len());
    for piece in ids.chunks(PIECE) {
        found.extend(rows::all(tx, table, &[Only::Ids(condition, piece.to_vec())]).await?);
    }
    Ok(found)
}

async fn guardians(
    tx: &mut Tx,
    source: &str,
    wants: &Wants<Person>,
) -> Result<HashMap<(SourcedId, StudentId), Held<Guardian>>, Error> {
    let links = guardian::store::links(tx, source).await?;
    let sealed = read(tx, &guardian::TABLE, "guardian_id = any(?)", &ids(&links, wants)).await?;
    let mut by_id: HashMap<_, _> = guardian::store::unsealed(tx, sealed)
        .await?
        .into_iter()
        .map(|guardian| (guardian.guardian_id.0, guardian))
        .collect();
    let mut found = HashMap::with_capacity(by_id.len());
    for (sourced_id, id) in links {
        if let Some(entity) = by_id.remove(&id) {
            found.insert((sourced_id, entity.student_id), Held { entity, linked: true });
        }
    }
    for (id, entity) in by_id {
        let key = (id.to_string(), entity.student_id);
        found.entry(key).or_insert(Held { entity, linked: false });
    }
    Ok(found)
}
