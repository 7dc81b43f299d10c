//! Who and what is booked twice, or when they are not there.
//!
//! Source: the sweep over beginnings and ends (M. de Berg et al., *Computational Geometry*, chapter 2): ends come
//! before beginnings of the same moment, because times are half open. O(n log n).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// A person, a thing or a room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Resource {
    /// Names it.
    pub id: String,
    /// How many of it there are: one person, four microphones.
    pub capacity: u32,
    /// When it is there, half open; `None` for always.
    #[serde(default)]
    pub available: Option<Vec<(i64, i64)>>,
}

/// A use of a resource, half open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Booking {
    /// Names it, for instance after the session.
    pub id: String,
    /// The resource.
    pub resource: String,
    /// Its beginning.
    pub from: i64,
    /// Its end, exclusive. A booking without length uses nothing.
    pub to: i64,
    /// How many are used.
    pub units: u32,
}

/// What is wrong with some bookings.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Conflict {
    /// More is used than there is, in this interval.
    Overbooked {
        /// The resource.
        resource: String,
        /// When it begins.
        from: i64,
        /// When it ends, exclusive.
        to: i64,
        /// How many are needed.
        needed: u64,
        /// How many there are.
        capacity: u32,
        /// The bookings that overlap, by id.
        bookings: Vec<String>,
    },
    /// A booking reaches outside of the times at which the resource is there.
    Unavailable {
        /// The resource.
        resource: String,
        /// The booking.
        booking: String,
        /// When the resource is first missing.
        from: i64,
        /// Until when it is missing then, exclusive.
        to: i64,
    },
    /// No such resource.
    Unknown {
        /// The resource.
        resource: String,
        /// The booking.
        booking: String,
    },
}

/// All conflicts in order; none when everything fits.
pub fn conflicts(resources: &[Resource], bookings: &[Booking]) -> Vec<Conflict> {
    let known: BTreeMap<&str, &Resource> =
        resources.iter().map(|resource| (resource.id.as_str(), resource)).collect();
    let mut by_resource: BTreeMap<&str, Vec<&Booking>> = BTreeMap::new();
    for booking in bookings.iter().filter(|booking| booking.from < booking.to) {
        by_resource.entry(&booking.resource).or_default().push(booking);
    }
    let mut found = Vec::new();
    for (id, booked) in by_resource {
        match known.get(id) {
            Some(resource) => {
                overbooked(resource, &booked, &mut found);
                found.extend(booked.iter().filter_map(|booking| unavailable(resource, booking)));
            }
            None => found.extend(booked.iter().map(|booking| Conflict::Unknown {
                resource: id.to_owned(),
                booking: booking.id.clone(),
            })),
        }
    }
    found.sort();
    found
}

/// The share of the time in `from..to` for which each resource is used, in order of their ids.
///
/// Units count: two of four microphones in use for the whole time are half.
pub fn utilisation(
    resources: &[Resource],
    bookings: &[Booking],
    (from, to): (i64, i64),
) -> BTreeMap<String, f64> {
    let share = |resource: &Resource| {
        let of = bookings.iter().filter(|booking| booking.resource == resource.id);
        let used: i64 =
            of.map(|it| (it.to.min(to) - it.from.max(from)).max(0) * i64::from(it.units)).sum();
        let whole = (to - from).max(0) * i64::from(resource.capacity);
        if whole == 0 { 0.0 } else { super::ratio(used, whole) }
    };
    resources.iter().map(|resource| (resource.id.clone(), share(resource))).collect()
}

/// Sweeps over beginnings and ends; a conflict lasts as long as the same bookings overlap too much.
fn overbooked(resource: &Resource, booked: &[&Booking], found: &mut Vec<Conflict>) {
    let mut changes: Vec<(i64, bool, &Booking)> = booked
        .iter()
        .flat_map(|booking| [(booking.from, true, *booking), (booking.to, false, *booking)])
        .collect();
    changes.sort();
    let mut active: BTreeSet<&Booking> = BTreeSet::new();
    let mut since = i64::MIN;
    for (at, begins, booking) in changes {
        let needed: u64 = active.iter().map(|booking| u64::from(booking.units)).sum();
        if at > since && needed > u64::from(resource.capacity) {
            found.push(Conflict::Overbooked {
                resource: resource.id.clone(),
                from: since,
                to: at,
                needed,
                capacity: resource.capacity,
                bookings: active.iter().map(|booking| booking.id.clone()).collect(),
            });
        }
        since = at;
        if begins {
            active.insert(booking);
        } else {
            active.remove(booking);
        }
    }
}

/// The first gap in the times at which the resource is there.
fn unavailable(resource: &Resource, booking: &Booking) -> Option<Conflict> {
    let mut available = resource.available.clone()?;
    available.sort_unstable();
    let mut covered = booking.from;
    for (from, to) in available {
        if from > covered {
            break;
        }
        covered = covered.max(to);
    }
    let resumes = resource.available.iter().flatten().map(|(from, _)| *from);
    let resumes = resumes.filter(|from| *from > covered).min().unwrap_or(booking.to);
    (covered < booking.to).then(|| Conflict::Unavailable {
        resource: resource.id.clone(),
        booking: booking.id.clone(),
        from: covered,
        to: resumes.min(booking.to),
    })
}
