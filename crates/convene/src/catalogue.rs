//! What things are and cost: cities, venues, prices, vendors. Built in and invented, or imported from CSV.

mod holidays;
mod table;
mod venues;

use std::collections::BTreeSet;

use iso_currency::Currency;
use jiff::civil::Date;

use crate::{
    artifact::{Amount, Basis},
    brief::{EventType, Level},
};

pub use holidays::Country;
pub use table::RowError;

/// A city, with its clocks and prices.
#[derive(Debug, Clone, PartialEq)]
pub struct City {
    /// Its name.
    pub name: String,
    /// Its zone.
    pub time_zone: String,
    /// Its currency.
    pub currency: Currency,
    /// What a dollar's worth costs here, in hundredths of the currency's unit.
    pub price_of_one_usd: u32,
    /// Its country by ISO 3166-1, where that is known.
    pub country: Option<String>,
}

/// A room of a venue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Room {
    /// Its name.
    pub name: String,
    /// People it seats in rows.
    pub capacity: u32,
}

/// A venue.
#[derive(Debug, Clone, PartialEq)]
pub struct Venue {
    /// Its id, unique in the catalogue.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its city.
    pub city: String,
    /// Its district.
    pub district: String,
    /// Largest first.
    pub rooms: Vec<Room>,
    /// What it has.
    pub amenities: BTreeSet<String>,
    /// Whom it lets in.
    pub accessibility: BTreeSet<String>,
    /// For one day, without service.
    pub rate_per_day: Amount,
    /// Of the rate.
    pub currency: Currency,
    /// Added to the rate.
    pub service_percent: u32,
    /// Tenths of a kilometre to the centre.
    pub tenth_km_to_centre: u32,
    /// How to reach it.
    pub contact: String,
    /// Days on which it is taken, first and last.
    pub taken: Vec<(Date, Date)>,
}

impl Venue {
    /// The largest room, in rows of seats.
    pub fn main_capacity(&self) -> u32 {
        self.rooms.iter().map(|room| room.capacity).max().unwrap_or(0)
    }

    /// Whether it can be had on a day.
    pub fn is_free_on(&self, day: Date) -> bool {
        !self.taken.iter().any(|(first, last)| (*first..=*last).contains(&day))
    }
}

/// A price.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// Its category.
    pub category: String,
    /// What is bought.
    pub item: String,
    /// What a quantity counts.
    pub basis: Basis,
    /// The least that is paid, in dollars.
    pub low: Amount,
    /// What is usual.
    pub typical: Amount,
    /// The most.
    pub high: Amount,
    /// Levels at which it is planned.
    pub levels: Vec<Level>,
    /// Events that need it.
    pub types: Vec<EventType>,
    /// What one gets for the low price.
    pub low_means: String,
    /// The service that delivers it under contract; absent when nobody signs.
    pub service: Option<String>,
    /// Whether the event can do without.
    pub need: Need,
}

/// How much an event needs something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Without it there is no event.
    Must,
    /// It may be cut.
    Nice,
    /// Only when people take part from elsewhere.
    Hybrid,
}

/// A vendor.
#[derive(Debug, Clone, PartialEq)]
pub struct Vendor {
    /// What it does.
    pub service: String,
    /// Its name.
    pub name: String,
    /// Days before the event until which it may cancel.
    pub notice_days: u32,
    /// Percent of the price due when cancelled later.
    pub cancellation_fee_percent: u32,
    /// When is paid.
    pub payment_terms: String,
    /// What is measured.
    pub sla_metric: String,
    /// How much of it.
    pub sla_target: String,
    /// What follows when missed.
    pub sla_penalty: String,
}

/// Everything that is known of the world.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// By name.
    pub cities: Vec<City>,
    /// By id.
    pub venues: Vec<Venue>,
    /// By category and item.
    pub prices: Vec<Price>,
    /// By service, the preferred first.
    pub vendors: Vec<Vendor>,
    /// Where the venues come from.
    pub venue_source: String,
}

/// The name of the venues that come with the program.
pub const BUILT_IN: &str = "built-in catalogue";

impl Catalogue {
    /// The one that comes with the program: twelve invented cities.
    pub fn built_in() -> Self {
        let expect = "the built-in catalogue is checked by a test";
        Self {
            cities: table::cities(include_str!("../library/cities.csv")).expect(expect),
            venues: venues::parse(include_str!("../library/venues.csv")).expect(expect),
            prices: table::prices(include_str!("../library/costs.csv")).expect(expect),
            vendors: table::vendors(include_str!("../library/vendors.csv")).expect(expect),
            venue_source: BUILT_IN.to_owned(),
        }
    }

    /// The same with the venues of a CSV file in place of the built-in ones.
    ///
    /// # Errors
    /// Every cell that is wrong, by row and column.
    pub fn with_venues(mut self, source: &str, csv: &str) -> Result<Self, Vec<RowError>> {
        self.venues = venues::parse(csv)?;
        source.clone_into(&mut self.venue_source);
        Ok(self)
    }

    /// A city by its name, whatever the case.
    pub fn city(&self, name: &str) -> Option<&City> {
        self.cities.iter().find(|city| city.name.eq_ignore_ascii_case(name))
    }

    /// A venue by its id.
    pub fn venue(&self, id: &str) -> Option<&Venue> {
        self.venues.iter().find(|venue| venue.id == id)
    }
}
