//! The people of a package: each id of the source is one user, who may be several things to us.

use std::collections::{BTreeMap, HashMap};

use kernel::{
    rows::{self, Only},
    tx::Tx,
};
use uuid::Uuid;

use super::{Writer, broken, ids::Ids};
use crate::{
    Error, Presence,
    guardian::{self, Guardian, Relation},
    import::{diff::role_of, wanted::ONE_NAME},
    oneroster::{Demographics, RoleOf, State, User, UserRole, Version, roles_of},
    school::SchoolId,
    staff::{self, Staff},
    student::{self, Student},
};

/// Users that are read and written together.
const PIECE: usize = 1_000;

/// What a user is to us.
#[derive(Clone, Debug, Default)]
struct Who {
    student: Option<Uuid>,
    staff: Option<Uuid>,
    /// One for each of their students; what they have in common is told by the first.
    guardians: Vec<Uuid>,
}

/// Writes the users; answers their roles, for a package that keeps them apart.
pub(super) async fn write(
    tx: &mut Tx,
    ids: &Ids,
    writer: &mut Writer,
) -> Result<Vec<(String, RoleOf)>, Error> {
    let mut users: BTreeMap<&str, Who> = BTreeMap::new();
    for (id, sourced_id) in &ids.students {
        users.entry(sourced_id).or_default().student = Some(*id);
    }
    for (id, sourced_id) in &ids.staff {
        users.entry(sourced_id).or_default().staff = Some(*id);
    }
    for (id, sourced_id) in &ids.guardians {
        users.entry(sourced_id).or_default().guardians.push(*id);
    }
    for who in users.values_mut() {
        who.guardians.sort_unstable();
    }
    let users: Vec<_> = users.into_iter().collect();
    let mut roles = Vec::new();
    for piece in users.chunks(PIECE) {
        let read = Read::of(tx, ids, piece).await?;
        for (sourced_id, who) in piece {
            let user = read.user(ids, sourced_id, who);
            if writer.version() == Version::V1p2 {
                roles.extend(roles_of(sourced_id, &user));
            }
            writer.row(sourced_id, &user).map_err(broken)?;
        }
    }
    roles.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(roles)
}

/// The people behind some users.
struct Read {
    students: HashMap<Uuid, Student>,
    staff: HashMap<Uuid, Staff>,
    guardians: HashMap<Uuid, Guardian>,
    /// Ids in the source of the guardians of each student.
    agents: HashMap<Uuid, Vec<String>>,
}

impl Read {
    async fn of(tx: &mut Tx, ids: &Ids, piece: &[(&str, Who)]) -> Result<Self, Error> {
        let students: Vec<_> = piece.iter().filter_map(|(_, who)| who.student).collect();
        let staff: Vec<_> = piece.iter().filter_map(|(_, who)| who.staff).collect();
        let guardians: Vec<_> =
            piece.iter().filter_map(|(_, who)| who.guardians.first().copied()).collect();
        let agents = agents(tx, ids, &students).await?;
        let found =
            rows::all(tx, &student::TABLE, &[Only::Ids("student_id = any(?)", students)]).await?;
        let students = student::store::unsealed(tx, found).await?;
        let staff: Vec<Staff> =
            rows::all(tx, &staff::TABLE, &[Only::Ids("staff_id = any(?)", staff)]).await?;
        let found =
            rows::all(tx, &guardian::TABLE, &[Only::Ids("guardian_id = any(?)", guardians)])
                .await?;
        let guardians = guardian::store::unsealed(tx, found).await?;
        Ok(Self {
            students: students.into_iter().map(|s| (s.student_id.0, s)).collect(),
            staff: staff.into_iter().map(|s| (s.staff_id.0, s)).collect(),
            guardians: guardians.into_iter().map(|g| (g.guardian_id.0, g)).collect(),
            agents,
        })
    }

    fn user(&self, ids: &Ids, sourced_id: &str, who: &Who) -> User {
        let student = who.student.and_then(|id| self.students.get(&id));
        let staff = who.staff.and_then(|id| self.staff.get(&id));
        let guardian = who.guardians.first().and_then(|id| self.guardians.get(id));
        let (given_name, family_name) = names(student, staff, guardian);
        let mut roles: Vec<_> = student.map(|_| UserRole::Student).into_iter().collect();
        roles.extend(staff.iter().flat_map(|s| s.staff_type.iter().map(|t| role_of(*t))));
        roles.extend(guardian.map(|g| relation(g.relation)));
        let schools =
            student.map(|s| &s.school_ids).into_iter().chain(staff.map(|s| &s.school_ids));
        let email = staff.and_then(|s| s.email.clone()).or_else(|| guardian?.email.clone());
        let role = roles.first().copied();
        // One role that 1.1 has a word for needs no column of ours.
        let plain = matches!(
            roles.as_slice(),
            [UserRole::Student
                | UserRole::Teacher
                | UserRole::Administrator
                | UserRole::Aide
                | UserRole::Guardian
                | UserRole::Parent
                | UserRole::Relative]
        );
        User {
            state: State::Active,
            enabled: true,
            role,
            roles: if plain { Vec::new() } else { roles },
            orgs: orgs(ids, schools.flatten()),
            username: sourced_id.to_owned(),
            given_name,
            family_name,
            identifier: None,
            email,
            phone: guardian.and_then(|g| g.phone.clone()),
            agents: who.student.and_then(|id| self.agents.get(&id).cloned()).unwrap_or_default(),
            grades: student.and_then(|s| s.grade.clone()).into_iter().collect(),
        }
    }
}

/// Who are the guardians of students, by their ids in the source.
async fn agents(
    tx: &mut Tx,
    ids: &Ids,
    students: &[Uuid],
) -> Result<HashMap<Uuid, Vec<String>>, sqlx::Error> {
    let tenant = tx.tenant().0;
    let rows = sqlx::query!(
        "select guardian_id, student_id from roster.guardian
         where tenant_id = $1 and student_id = any($2) and status = 'Active'",
        tenant,
        students,
    )
    .fetch_all(tx.conn())
    .await?;
    let mut agents: HashMap<Uuid, Vec<String>> = HashMap::new();
    for row in rows {
        if let Some(sourced_id) = ids.guardians.get(&row.guardian_id) {
            agents.entry(row.student_id).or_default().push(sourced_id.clone());
        }
    }
    for ids in agents.values_mut() {
        ids.sort_unstable();
    }
    Ok(agents)
}

/// A guardian's name is one text: its last word stands for the family.
fn names(
    student: Option<&Student>,
    staff: Option<&Staff>,
    guardian: Option<&Guardian>,
) -> (String, String) {
    let of = |given: &str, family: &str| (given.to_owned(), family.to_owned());
    match (student, staff, guardian) {
        (Some(s), ..) => of(&s.given_name, &s.family_name),
        (_, Some(s), _) => of(&s.given_name, &s.family_name),
        (.., Some(g)) => match g.name.rsplit_once(' ') {
            Some((given, family)) => of(given, family),
            None => of(&g.name, ONE_NAME),
        },
        _ => (String::new(), String::new()),
    }
}

const fn relation(relation: Relation) -> UserRole {
    match relation {
        Relation::Parent => UserRole::Parent,
        Relation::Relative => UserRole::Relative,
        Relation::Guardian | Relation::Other => UserRole::Guardian,
    }
}

/// Active schools in their order; the district for who belongs to none.
fn orgs<'a>(ids: &Ids, schools: impl Iterator<Item = &'a SchoolId>) -> Vec<String> {
    let mut orgs: Vec<_> = schools.filter_map(|id| ids.schools.get(&id.0).cloned()).collect();
    orgs.sort_unstable();
    orgs.dedup();
    if orgs.is_empty() {
        orgs.push(ids.district.clone());
    }
    orgs
}

/// Writes the birth dates that are known.
pub(super) async fn write_births(tx: &mut Tx, ids: &Ids, writer: &mut Writer) -> Result<(), Error> {
    let mut students: Vec<_> = ids.students.iter().map(|(id, sourced)| (sourced, *id)).collect();
    students.sort_unstable();
    for piece in students.chunks(PIECE) {
        let wanted = piece.iter().map(|(_, id)| *id).collect();
        let found =
            rows::all(tx, &student::TABLE, &[Only::Ids("student_id = any(?)", wanted)]).await?;
        let born: HashMap<_, _> = student::store::unsealed(tx, found)
            .await?
            .into_iter()
            .filter(|student| student.status == Presence::Active)
            .filter_map(|student| Some((student.student_id.0, student.birth_date?)))
            .collect();
        for (sourced_id, id) in piece {
            if let Some(birth_date) = born.get(id) {
                let row = Demographics { state: State::Active, birth_date: Some(*birth_date) };
                writer.row(sourced_id, &row).map_err(broken)?;
            }
        }
    }
    Ok(())
}
