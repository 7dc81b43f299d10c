//! The people of a package: users with their roles and birth dates.

use std::{
    collections::{HashMap, HashSet},
    io::{Read, Seek},
};

use super::{Birth, Person, Reading, Roles, SourcedId, Wants, fault};
use crate::oneroster::{Demographics, File, Mode, Refused, RoleOf, State, User, Version};

/// Users of whatever role.
pub(super) fn people<S: Read + Seek>(
    reading: &mut Reading<'_, S>,
) -> Result<Wants<Person>, Refused> {
    let mut wants = Wants::new(reading.mode(File::Users));
    let mut users = Vec::new();
    reading.each(|id, line, row: Option<User>| match row {
        None => wants.refuse(id),
        Some(user) if user.state == State::ToBeDeleted => wants.end(id),
        Some(user) => users.push((id, line, user)),
    })?;
    let mut roles = roles(reading, &users, &mut wants)?;
    let births = births(reading)?;
    for (id, line, user) in users {
        if wants.wrong.contains(&id) {
            continue;
        }
        let of = match reading.version() {
            Version::V1p1 => of_1p1(&user),
            Version::V1p2 => roles.remove(&id).unwrap_or_default(),
        };
        if of.complete && of.said.is_empty() {
            let message = "roles.csv has no role of this user: nobody knows what they are.";
            reading.errors.push(fault("users", line, "sourcedId", "no_role", message));
            wants.refuse(id);
            continue;
        }
        let birth_date = births.get(&id).copied();
        wants.stand(id, line, person(user, of, birth_date));
    }
    Ok(wants)
}

fn person(user: User, roles: Roles, birth_date: Option<Birth>) -> Person {
    Person {
        given_name: user.given_name,
        family_name: user.family_name,
        email: user.email,
        phone: user.phone,
        agents: user.agents,
        grade: user.grades.into_iter().next(),
        roles,
        teaches: false,
        birth_date,
    }
}

/// In 1.1 a row has one role; our own column tells all.
fn of_1p1(user: &User) -> Roles {
    let roles = if user.roles.is_empty() { user.role.as_slice() } else { &user.roles };
    let places = roles.iter().flat_map(|role| user.orgs.iter().map(|org| (*role, org.clone())));
    let exact = !user.roles.is_empty();
    Roles { said: places.collect(), gone: Vec::new(), complete: true, exact }
}

/// The roles of each user of 1.2.
fn roles<S: Read + Seek>(
    reading: &mut Reading<'_, S>,
    users: &[(SourcedId, u64, User)],
    wants: &mut Wants<Person>,
) -> Result<HashMap<SourcedId, Roles>, Refused> {
    let known: HashSet<_> = users.iter().map(|(id, ..)| id.as_str()).collect();
    let complete = reading.mode(File::Roles) != Mode::Delta;
    let empty = || Roles { complete, exact: true, ..Roles::default() };
    let mut roles: HashMap<_, _> = users.iter().map(|(id, ..)| (id.clone(), empty())).collect();
    let (mut orphans, mut wrong) = (Vec::new(), false);
    let seen = &wants.seen;
    reading.each(|_, line, row: Option<RoleOf>| {
        let Some(row) = row else {
            wrong = true;
            return;
        };
        match roles.get_mut(&row.user) {
            Some(of) if row.state == State::Active => of.said.push((row.role, row.org)),
            Some(of) => of.gone.push((row.role, row.org)),
            // Of a user whose row is wrong, or ends.
            None if seen.contains(&row.user) || known.contains(row.user.as_str()) => {}
            None => {
                let message = "users.csv of this package has no user of this id.";
                orphans.push(fault("roles", line, "userSourcedId", "unknown", message));
            }
        }
    })?;
    reading.errors.extend(orphans);
    if wrong {
        // Whose role is wrong is not known to have lost it: their other roles stand, and nothing of them ends.
        for of in roles.values_mut() {
            of.complete &= !of.said.is_empty();
            of.exact = false;
        }
    }
    Ok(roles)
}

fn births<S: Read + Seek>(
    reading: &mut Reading<'_, S>,
) -> Result<HashMap<SourcedId, Birth>, Refused> {
    let mut births = HashMap::new();
    reading.each(|id, _, row: Option<Demographics>| {
        if let Some(row) = row.filter(|row| row.state == State::Active) {
            births.insert(id, row.birth_date.map_or(Birth::Unknown, Birth::On));
        }
    })?;
    Ok(births)
}
