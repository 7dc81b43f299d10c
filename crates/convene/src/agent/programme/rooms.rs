//! The rooms that there are for the programme.

use crate::{
    agent::{Desk, researcher},
    artifact::VenueScorecard,
    catalogue::Venue,
};

/// A room as the event uses it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Hall {
    /// What it is called, the same nowhere else.
    pub(crate) name: String,
    /// The house that it is in; empty before one is found.
    pub(crate) venue: String,
    /// People that it holds as it is arranged.
    pub(crate) capacity: u32,
}

/// All rooms of the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Halls {
    /// Where everybody fits.
    pub(crate) main: Hall,
    /// Rooms of the programme, the main one first, the rest by size.
    pub(crate) programme: Vec<Hall>,
    /// The hall of the exhibition, in a house of its own.
    pub(crate) expo: Option<Hall>,
    /// Further rooms in the house of the exhibition: for when the programme needs more than its own.
    pub(crate) beside: Vec<Hall>,
    /// People in the exhibition at the same time.
    pub(crate) visitors: u32,
    /// Minutes to walk between the houses.
    pub(crate) walk: u32,
}

/// The rooms of the venues proposed; rooms to be found when there is none.
pub(crate) fn halls(desk: &Desk<'_>) -> Halls {
    let selection = &desk.read::<VenueScorecard>().selection;
    let house = |functions: &[&str]| -> Option<&Venue> {
        let chosen = selection.iter().find(|it| functions.contains(&it.function.as_str()))?;
        desk.world.catalogue.venue(&chosen.venue_id)
    };
    let (Some(main), expo) = (house(&["all", "main"]), house(&["expo"])) else {
        return unknown(desk);
    };
    let several = expo.is_some();
    let programme = of_house(desk, main, several);
    let Some(first) = programme.first().cloned() else { return unknown(desk) };
    let mut beside = expo.map_or_else(Vec::new, |expo| of_house(desk, expo, several));
    let expo_hall = (!beside.is_empty()).then(|| beside.remove(0));
    let walk = expo.map_or(0, |expo| researcher::walk_minutes(main, expo));
    let chosen = selection.iter().find(|it| it.function == "expo");
    let seats = expo_hall.as_ref().map_or(0, |hall| hall.capacity);
    let visitors = chosen.map_or(0, |chosen| chosen.need.min(seats));
    Halls { main: first, programme, expo: expo_hall, beside, visitors, walk }
}

/// The rooms of another venue, were it taken for everything.
pub(crate) fn halls_of(desk: &Desk<'_>, venue: &str) -> Option<Halls> {
    let programme = of_house(desk, desk.world.catalogue.venue(venue)?, false);
    let main = programme.first()?.clone();
    Some(Halls { main, programme, expo: None, beside: Vec::new(), visitors: 0, walk: 0 })
}

/// The rooms of a house, the largest first.
fn of_house(desk: &Desk<'_>, venue: &Venue, several: bool) -> Vec<Hall> {
    let hall = |room: &crate::catalogue::Room| Hall {
        name: if several { format!("{}, {}", room.name, venue.name) } else { room.name.clone() },
        venue: venue.id.clone(),
        capacity: desk.scope().layout.capacity(room.capacity),
    };
    let mut halls: Vec<Hall> = venue.rooms.iter().map(hall).collect();
    halls.sort_by(|a, b| b.capacity.cmp(&a.capacity).then_with(|| a.name.cmp(&b.name)));
    halls
}

/// Rooms for a plan without a venue: what would be needed.
fn unknown(desk: &Desk<'_>) -> Halls {
    let audience = desk.scope().audience;
    let hall = |name: String, capacity| Hall { name, venue: String::new(), capacity };
    let main = hall("Main room (to be found)".to_owned(), audience);
    let shares = super::shares(audience, super::tracks_wanted(desk));
    let others = (2..).zip(shares.into_iter().skip(1));
    let others = others.map(|(at, share)| hall(format!("Room {at} (to be found)"), share));
    let programme = std::iter::once(main.clone()).chain(others).collect();
    Halls { main, programme, expo: None, beside: Vec::new(), visitors: 0, walk: 0 }
}

/// How many of the wanted tracks find rooms for their guests, each in one of its own. One always does.
pub(crate) fn tracks_that_fit(halls: &[Hall], audience: u32, wanted: u32) -> u32 {
    let fit = |tracks: &u32| {
        let shares = super::shares(audience, *tracks);
        let mut seats: Vec<u32> = halls.iter().map(|hall| hall.capacity).collect();
        seats.sort_unstable_by(|a, b| b.cmp(a));
        shares.len() <= seats.len()
            && shares.iter().zip(seats).all(|(share, seats)| *share <= seats)
    };
    (1..=wanted).rev().find(fit).unwrap_or(1)
}
