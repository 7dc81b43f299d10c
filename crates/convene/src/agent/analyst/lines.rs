//! What the event costs: a line for everything that is bought, at the usual price, with what the least and the most
//! would be.

use super::quantities::Quantities;
use crate::{
    agent::{Desk, researcher::total_cost},
    artifact::{Amount, Basis, LineItem, VenueCriteria, VenueScorecard},
    brief::{Fault, Scope},
    catalogue::{Need, Price},
    math::budget::{self, Amounts, Quantity},
};

/// The category that service and tax are added to.
pub(super) const CATERING: &str = "catering";
/// The category of the house.
pub(super) const VENUE: &str = "venue";
/// Basis points that caterers add for service; who buys food without one pays none.
const SERVICE: u32 = 1_800;
/// Basis points of tax on food and its service.
const TAX: u32 = 800;
/// Basis points in a percent.
const PERCENT: u32 = 100;
/// Prices of the catalogue are in dollars: hundredths of a dollar in one.
const ONE_USD: u32 = 100;

/// A line with what it would cost at the least and at the most.
#[derive(Debug, Clone)]
pub(super) struct Priced {
    /// Without service and tax.
    pub(super) line: LineItem,
    /// With them.
    pub(super) amounts: Amounts,
    /// The price of one at the least.
    pub(super) low: Amount,
    /// At the most.
    pub(super) high: Amount,
    /// What one gets for the least; absent where nothing is saved.
    pub(super) low_means: Option<String>,
    pub(super) need: Need,
    /// The service that delivers it under contract.
    pub(super) service: Option<String>,
}

impl Priced {
    fn new(scope: &Scope, line: LineItem, [low, high]: [Amount; 2]) -> Result<Self, Vec<Fault>> {
        let mut priced = Self {
            line,
            amounts: Amounts::default(),
            low,
            high,
            low_means: None,
            need: Need::Must,
            service: None,
        };
        priced.amounts = priced.at(scope, priced.line.unit_cost)?;
        Ok(priced)
    }

    /// What the line comes to at a price of one, service and tax included.
    ///
    /// # Errors
    /// When that is more money than is counted with.
    pub(super) fn at(&self, scope: &Scope, unit_cost: Amount) -> Result<Amounts, Vec<Fault>> {
        let is_food = self.line.category == CATERING;
        let line = budget::Line {
            category: self.line.category.clone(),
            item: self.line.item.clone(),
            quantity: Quantity::Fixed(self.line.quantity.into()),
            unit_cost: unit_cost.minor(scope.currency),
            service: if is_food && self.service.is_some() { SERVICE } else { 0 },
            tax: if is_food { TAX } else { 0 },
        };
        let fault = |e| vec![Fault::new("/budget", format!("{}: {e}", self.line.item))];
        budget::line(&line, 1).map_err(fault)
    }

    /// All together, service and tax included.
    pub(super) fn total(&self, scope: &Scope) -> Amount {
        Amount::of(self.amounts.total, scope.currency)
    }

    /// The same from whoever stands in for a vendor that cancelled. What that one asks is not known: the most is taken.
    fn delivered(self, desk: &Desk<'_>) -> Result<Self, Vec<Fault>> {
        let Some(service) = self.service.as_deref() else { return Ok(self) };
        let vendors = &desk.world.catalogue.vendors;
        let Some(first) = vendors.iter().find(|vendor| vendor.service == service) else {
            return Ok(self);
        };
        if !desk.world.facts.cancelled_vendors.contains(&first.name) {
            return Ok(self);
        }
        let stands_in = desk.vendors(service).next().map_or("nobody yet", |next| &next.name);
        let amounts = self.at(desk.scope(), self.high)?;
        let line = LineItem {
            unit_cost: self.high,
            total: self.high.times(self.line.quantity),
            source: format!(
                "catalogue, most that is paid in {}: {stands_in} stands in for {}",
                desk.scope().city.name,
                first.name
            ),
            ..self.line
        };
        Ok(Self { line, amounts, low: self.high, low_means: None, ..self })
    }

    /// The same line bought at the least price.
    ///
    /// # Errors
    /// As [`Priced::at`].
    pub(super) fn cheaper(&self, scope: &Scope) -> Result<Self, Vec<Fault>> {
        let amounts = self.at(scope, self.low)?;
        let means = self.low_means.as_deref().unwrap_or("at the least price");
        let line = LineItem {
            unit_cost: self.low,
            total: self.low.times(self.line.quantity),
            source: format!("{}: {means}", least_price(scope)),
            ..self.line.clone()
        };
        // At the worst the usual price is paid after all.
        let high = self.line.unit_cost;
        Ok(Self { line, amounts, high, low_means: None, ..self.clone() })
    }
}

/// Where a least price comes from.
pub(super) fn least_price(scope: &Scope) -> String {
    format!("catalogue, least price in {}", scope.city.name)
}

/// All lines but the reserve: the venue and what the catalogue says that such an event buys.
///
/// # Errors
/// When a line is more money than is counted with.
pub(super) fn priced(desk: &Desk<'_>) -> Result<Vec<Priced>, Vec<Fault>> {
    let scope = desk.scope();
    let quantities = Quantities::of(desk);
    let needed = desk.world.catalogue.prices.iter().filter(|price| is_needed(scope, price));
    let bought = needed.map(|price| {
        of_catalogue(scope, price, quantities.count(scope, price.basis))?.delivered(desk)
    });
    std::iter::once(venue(desk)).chain(bought).collect()
}

/// Service and tax of all lines, as lines of their own.
pub(super) fn charges(scope: &Scope, priced: &[Priced]) -> Vec<LineItem> {
    let sum = |part: fn(&Amounts) -> i64| -> Amount {
        priced.iter().map(|priced| Amount::of(part(&priced.amounts), scope.currency)).sum()
    };
    let line = |item: &str, rate: u32, on: &str, total: Amount| LineItem {
        category: CATERING.to_owned(),
        item: item.to_owned(),
        basis: Basis::Percentage,
        quantity: 1,
        unit_cost: total,
        total,
        source: format!("{} % {on}", rate / PERCENT),
    };
    let lines = [
        line("Service on catering", SERVICE, "of what caterers deliver", sum(|all| all.service)),
        line("Tax on catering", TAX, "of food and its service", sum(|all| all.tax)),
    ];
    lines.into_iter().filter(|line| line.total > Amount::ZERO).collect()
}

fn is_needed(scope: &Scope, price: &Price) -> bool {
    price.levels.contains(&scope.level)
        && price.types.contains(&scope.event_type)
        && (price.need != Need::Hybrid || scope.is_hybrid)
}

/// The venues selected; where none fits, the most that one may cost.
fn venue(desk: &Desk<'_>) -> Result<Priced, Vec<Fault>> {
    let selection = &desk.read::<VenueScorecard>().selection;
    let (item, cost, source) = if selection.is_empty() {
        let most = desk.read::<VenueCriteria>().budget_range_max;
        ("No venue yet".to_owned(), most, "the most that a venue may cost".to_owned())
    } else {
        let mut names: Vec<&str> =
            selection.iter().map(|venue| venue.venue_name.as_str()).collect();
        names.dedup();
        (names.join(" and "), total_cost(selection), desk.world.catalogue.venue_source.clone())
    };
    let line = LineItem {
        category: VENUE.to_owned(),
        item,
        basis: Basis::Fixed,
        quantity: 1,
        unit_cost: cost,
        total: cost,
        source,
    };
    Priced::new(desk.scope(), line, [cost, cost])
}

fn of_catalogue(scope: &Scope, price: &Price, quantity: u32) -> Result<Priced, Vec<Fault>> {
    let here = |usd: Amount| usd.at_price(rate(scope), scope.currency);
    let unit_cost = here(price.typical);
    let line = LineItem {
        category: price.category.clone(),
        item: price.item.clone(),
        basis: price.basis,
        quantity,
        unit_cost,
        total: unit_cost.times(quantity),
        source: format!("catalogue, usual price in {}", scope.city.name),
    };
    let mut priced = Priced::new(scope, line, [here(price.low), here(price.high)])?;
    priced.low_means = Some(price.low_means.clone());
    priced.need = price.need;
    priced.service.clone_from(&price.service);
    priced.amounts = priced.at(scope, unit_cost)?;
    Ok(priced)
}

/// What a dollar's worth costs, in hundredths of the budget's currency.
pub(super) fn rate(scope: &Scope) -> u32 {
    if scope.currency == scope.city.currency { scope.city.price_of_one_usd } else { ONE_USD }
}
