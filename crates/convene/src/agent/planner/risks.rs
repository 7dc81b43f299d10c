//! What may go wrong here: standard risks, graded for this event, with what is done about them.

use std::collections::BTreeSet;

use jiff::ToSpan;

use super::ME;
use crate::{
    agent::{Desk, Reasons},
    artifact::{Amount, Grade, Kind, RATING_METHOD, Risk, RiskRegister, RiskStatus, Timeline},
    brief::{Level, Scope},
    instruction::Agent,
    library::{self, Condition, KnownRisk},
};

/// Guests from which an event counts as large.
const LARGE_FROM: u32 = 300;
/// Working days of slack below which it counts as rushed.
const RUSHED_BELOW: i64 = 10;
/// Money for a guest and day, in dollars, below which the budget counts as tight.
const TIGHT_USD: u32 = 15;

/// Whether main hall, breakout rooms and exhibition may come from different venues.
pub(crate) fn expects_several_venues(desk: &Desk<'_>) -> bool {
    let scope = desk.scope();
    scope.level == Level::Advanced
        && scope.audience >= LARGE_FROM
        && desk.number(Agent::VenueResearcher, "venues_maximum") > 1
}

/// The risks of this event that the library knows.
pub(crate) fn known(desk: &Desk<'_>) -> Vec<&'static KnownRisk> {
    let scope = desk.scope();
    let several = expects_several_venues(desk);
    let applies = |risk: &&KnownRisk| {
        risk.levels.contains(&scope.level)
            && (risk.types.is_empty() || risk.types.contains(&scope.event_type))
            && (!risk.hybrid_only || scope.is_hybrid)
            && (!risk.multi_venue_only || several)
    };
    library::RISKS.iter().filter(applies).collect()
}

/// The id of a risk.
pub(crate) fn risk_id(scope: &Scope, key: &str) -> String {
    format!("risk-{}-{key}", scope.event_id)
}

pub(super) fn register(desk: &Desk<'_>, slack: i64) -> RiskRegister {
    let conditions = conditions(desk, slack);
    let mut risks: Vec<Risk> =
        known(desk).iter().map(|known| graded(desk, known, &conditions, slack)).collect();
    risks.sort_by(|a, b| b.rating.cmp(&a.rating).then_with(|| a.id.cmp(&b.id)));
    let before = desk.before::<RiskRegister>();
    let revision = desk.next_revision(Kind::RiskRegister);
    for risk in &mut risks {
        let old = before.and_then(|before| before.risks.iter().find(|old| old.id == risk.id));
        risk.revision = old.map_or(revision, |old| old.revision);
        if old.is_some_and(|old| old != risk) {
            risk.revision = revision;
        }
    }
    RiskRegister { rating_methodology: RATING_METHOD.to_owned(), risks }
}

fn conditions(desk: &Desk<'_>, slack: i64) -> BTreeSet<Condition> {
    let scope = desk.scope();
    let heads = scope.audience.saturating_mul(scope.day_count());
    let tight = usd(scope, TIGHT_USD).times(heads);
    let all = [
        (Condition::Large, scope.audience >= LARGE_FROM),
        (Condition::Rushed, slack < RUSHED_BELOW),
        (Condition::MultiVenue, expects_several_venues(desk)),
        (Condition::TightBudget, scope.budget < tight),
    ];
    all.into_iter().filter(|(_, holds)| *holds).map(|(condition, _)| condition).collect()
}

/// So many dollars at the prices of the event's city.
fn usd(scope: &Scope, dollars: u32) -> Amount {
    let one = Amount::parse("1").unwrap_or_default();
    one.times(dollars).at_price(scope.city.price_of_one_usd, scope.currency)
}

fn graded(
    desk: &Desk<'_>,
    known: &KnownRisk,
    conditions: &BTreeSet<Condition>,
    slack: i64,
) -> Risk {
    let scope = desk.scope();
    let raised = |grade: u8, by: &[Condition]| {
        let more = by.iter().filter(|condition| conditions.contains(condition)).count();
        Grade::of(grade.saturating_add(u8::try_from(more).unwrap_or(0)).min(5))
    };
    let probability = raised(known.probability, &known.raise_probability);
    let impact = raised(known.impact, &known.raise_impact);
    let rating = probability.number() * impact.number();
    let hold = scope.dates.start.date().saturating_sub(4.weeks());
    let figures = [
        ("hold_until", hold.max(scope.planning_start).to_string()),
        ("slack", slack.max(0).to_string()),
    ];
    let has_occurred = desk.world.facts.occurred.contains(&known.key);
    let from = desk.number(ME, "mitigate_from_rating");
    let is_mitigated = u32::from(rating) >= from || scope.level > Level::Beginner;
    let strategies = known.mitigation.iter().map(|text| library::filled(text, &figures));
    Risk {
        id: risk_id(scope, &known.key),
        revision: 0,
        description: known.description.clone(),
        probability,
        impact,
        rating,
        cost_impact: scope.budget.percent(known.cost_share, scope.currency),
        delay_days: known.delay_days,
        owner: known.owner.name().to_owned(),
        mitigation_strategies: if is_mitigated { strategies.collect() } else { Vec::new() },
        status: match (has_occurred, is_mitigated) {
            (true, _) => RiskStatus::Occurred,
            (_, true) => RiskStatus::Mitigated,
            _ => RiskStatus::Open,
        },
    }
}

pub(super) fn explain(desk: &mut Desk<'_>) {
    let slack = desk.read::<Timeline>().slack_days;
    let register: &RiskRegister = desk.read();
    let Some(worst) = register.risks.first() else { return };
    let from = desk.number(ME, "mitigate_from_rating");
    let high = register.risks.iter().filter(|risk| u32::from(risk.rating) >= from).count();
    let raised: Vec<&str> = conditions(desk, slack).into_iter().map(condition_in_words).collect();
    let because = if raised.is_empty() {
        "no condition raises a grade".to_owned()
    } else {
        format!("grades are raised because of {}", raised.join(", "))
    };
    let reasons = Reasons {
        kind: "risk_rating",
        description: format!(
            "{high} of {} risks are rated {from} or more and get a mitigation and a scenario",
            register.risks.len()
        ),
        rationale: format!(
            "The highest is \"{}\": {} x {} = {}; {because}",
            worst.description,
            worst.probability.word(),
            worst.impact.word(),
            worst.rating
        ),
        alternatives: Vec::new(),
        touches: vec![Kind::RiskRegister],
    };
    desk.decide(ME, reasons);
}

const fn condition_in_words(condition: Condition) -> &'static str {
    match condition {
        Condition::Large => "the size of the audience",
        Condition::Rushed => "little slack",
        Condition::MultiVenue => "several venues",
        Condition::TightBudget => "a tight budget",
    }
}
