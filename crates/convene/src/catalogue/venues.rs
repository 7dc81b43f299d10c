//! The table of venues, built in or a planner's own.

use std::collections::BTreeMap;

use jiff::civil::Date;

use super::{
    Room, RowError, Venue,
    table::{Cells, rows},
};

const COLUMNS: &[&str] = &[
    "id",
    "name",
    "city",
    "district",
    "rooms",
    "amenities",
    "accessibility",
    "rate_per_day",
    "currency",
    "service_percent",
    "km_to_centre",
    "contact",
    "taken",
];

/// Most people that one room may be said to hold.
const ROOM_MAX: u32 = 200_000;

/// Reads venues, sorted by id: the order of the rows changes nothing.
///
/// # Errors
/// Every cell that is wrong, and every id that appears twice.
pub(super) fn parse(text: &str) -> Result<Vec<Venue>, Vec<RowError>> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    let mut venues = rows(text, COLUMNS, |cells| {
        let venue = venue(cells);
        if let Some(before) = seen.insert(venue.id.clone(), cells.row) {
            cells
                .wrong("id", format!("`{}` is already in row {before}: ids must differ", venue.id));
        }
        venue
    })?;
    venues.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(venues)
}

fn venue(cells: &mut Cells<'_>) -> Venue {
    Venue {
        id: cells.text("id"),
        name: cells.text("name"),
        city: cells.text("city"),
        district: cells.text("district"),
        rooms: rooms(cells),
        amenities: cells.list("amenities").into_iter().collect(),
        accessibility: cells.list("accessibility").into_iter().collect(),
        rate_per_day: cells.amount("rate_per_day"),
        currency: cells.currency("currency"),
        service_percent: cells.whole("service_percent", 0, 100),
        tenth_km_to_centre: cells.scaled("km_to_centre", 10),
        contact: cells.text("contact"),
        taken: taken(cells),
    }
}

fn rooms(cells: &mut Cells<'_>) -> Vec<Room> {
    let mut rooms = Vec::new();
    for text in cells.list("rooms") {
        let parts =
            text.split_once(':').map(|(name, seats)| (name.trim(), seats.trim().parse::<u32>()));
        match parts {
            Some((name, Ok(capacity)))
                if !name.is_empty() && (1..=ROOM_MAX).contains(&capacity) =>
            {
                rooms.push(Room { name: name.to_owned(), capacity });
            }
            _ => cells
                .wrong("rooms", format!("`{text}` must be a name and seats, like Main Hall:250")),
        }
    }
    if rooms.is_empty() {
        cells.wrong("rooms", "names no room: write them like Main Hall:250|Room A:60".to_owned());
    }
    rooms.sort_by(|a, b| b.capacity.cmp(&a.capacity).then_with(|| a.name.cmp(&b.name)));
    rooms
}

fn taken(cells: &mut Cells<'_>) -> Vec<(Date, Date)> {
    let mut taken = Vec::new();
    for text in cells.list("taken") {
        let (first, last) = text.split_once("..").unwrap_or((&text, &text));
        match (first.parse::<Date>(), last.parse::<Date>()) {
            (Ok(first), Ok(last)) if first <= last => taken.push((first, last)),
            _ => {
                cells.wrong("taken", format!("`{text}` must be days, like 2027-06-01..2027-06-03"));
            }
        }
    }
    taken
}
