//! `budget.svg`: a bar a category, what it may cost behind what it will cost.

use std::collections::BTreeMap;

use super::{
    svg::{Svg, TEXT},
    text::{fit, percent, width},
};
use crate::artifact::{Amount, BudgetBaseline, CostModel, Dossier, EventBrief, Signal};

/// Room for the categories' names, in pixels.
const NAMES: f64 = 170.0;
/// Room for the bars.
const BARS: f64 = 480.0;
/// Room for the figures right of them.
const FIGURES: f64 = 360.0;
/// Room around everything.
const EDGE: f64 = 20.0;
/// One row.
const ROW: f64 = 34.0;
/// Where the first row begins.
const TOP: f64 = 92.0;

/// One category.
struct Bar<'a> {
    category: &'a str,
    allocated: Amount,
    forecast: Amount,
    signal: Signal,
}

/// Draws the bars.
pub(super) fn render(dossier: &Dossier) -> Option<String> {
    let baseline = dossier.get::<BudgetBaseline>()?;
    let model = dossier.get::<CostModel>();
    let bars = bars(baseline, model);
    let forecast: Amount = bars.iter().map(|bar| bar.forecast).sum();
    let money = |amount: Amount| amount.shown(baseline.currency);
    let name = dossier.get::<EventBrief>().map_or("", |brief| brief.title.as_str());
    let title = format!("Budget: {name}");
    let told = format!(
        "{} of {} planned, reserve included",
        money(forecast),
        money(baseline.total_budget)
    );
    #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
    let height = TOP + bars.len() as f64 * ROW + EDGE;
    let wide = EDGE * 2.0 + NAMES + BARS + FIGURES;
    let mut svg = Svg::new(wide, height, &title, &told);
    svg.text((EDGE, 30.0), "h", &fit(&title, wide - 2.0 * EDGE, 19.0));
    svg.text((EDGE, 52.0), "s", &told);
    legend(&mut svg);
    let largest = bars.iter().map(|bar| bar.allocated.max(bar.forecast)).max().unwrap_or_default();
    let mut y = TOP;
    for bar in &bars {
        row(&mut svg, y, bar, largest, &money);
        y += ROW;
    }
    Some(svg.finish())
}

fn bars<'a>(baseline: &'a BudgetBaseline, model: Option<&'a CostModel>) -> Vec<Bar<'a>> {
    let mut forecasts: BTreeMap<&str, Amount> = BTreeMap::new();
    for line in model.iter().flat_map(|model| &model.line_items) {
        let sum = forecasts.entry(&line.category).or_default();
        *sum = sum.plus(line.total);
    }
    let signal = |category: &str| {
        let variances = model.map(|model| model.variances.as_slice()).unwrap_or_default();
        let variance = variances.iter().find(|variance| variance.category == category);
        variance.map(|variance| variance.signal)
    };
    let mut bars: Vec<Bar<'_>> = Vec::new();
    for allocation in &baseline.category_allocations {
        let category = allocation.category.as_str();
        let forecast = forecasts.remove(category).unwrap_or_default();
        let allocated = allocation.allocated;
        let over = if forecast > allocated { Signal::Red } else { Signal::Green };
        bars.push(Bar { category, allocated, forecast, signal: signal(category).unwrap_or(over) });
    }
    let unplanned = forecasts.into_iter().map(|(category, forecast)| Bar {
        category,
        allocated: Amount::ZERO,
        forecast,
        signal: signal(category).unwrap_or(Signal::Red),
    });
    bars.extend(unplanned);
    bars
}

fn legend(svg: &mut Svg) {
    let mut x = EDGE;
    for (class, label) in [
        ("may", "allocated"),
        ("green", "forecast within 5 %"),
        ("amber", "within 10 %"),
        ("red", "beyond 10 %"),
    ] {
        svg.rect([x, 65.0, 14.0, 10.0], class, "");
        svg.text((x + 19.0, 74.0), "s", label);
        x += width(label, 11.0) + 40.0;
    }
}

fn row(svg: &mut Svg, y: f64, bar: &Bar<'_>, largest: Amount, money: &dyn Fn(Amount) -> String) {
    let left = EDGE + NAMES;
    let long = |amount: Amount| (amount.share_of(largest) * BARS).max(0.0);
    let class = match bar.signal {
        Signal::Green => "green",
        Signal::Amber => "amber",
        Signal::Red => "red",
    };
    let (may, will) = (money(bar.allocated), money(bar.forecast));
    svg.text((left - 10.0, y + 18.0), "e", &fit(bar.category, NAMES - 10.0, TEXT));
    svg.rect(
        [left, y + 2.0, long(bar.allocated), 24.0],
        "may",
        &format!("{}: allocated {may}", bar.category),
    );
    svg.rect(
        [left, y + 8.0, long(bar.forecast), 12.0],
        class,
        &format!("{}: forecast {will}", bar.category),
    );
    let change = bar.forecast.minus(bar.allocated);
    let apart = match change {
        Amount::ZERO => "as allocated".to_owned(),
        _ if bar.allocated == Amount::ZERO => "not allocated".to_owned(),
        _ => format!(
            "{}{}, {class}",
            if change > Amount::ZERO { "+" } else { "" },
            percent(change.share_of(bar.allocated))
        ),
    };
    let figures = format!("{will} of {may} ({apart})");
    svg.text((left + BARS + 12.0, y + 18.0), "", &fit(&figures, FIGURES - 12.0, TEXT));
}
