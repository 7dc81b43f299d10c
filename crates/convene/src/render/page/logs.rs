//! Why everything is as it is: decisions with what else could have been done, and changes.

use super::{Page, inline, joined, sentence};
use crate::artifact::{Alternative, ChangeLog, DecisionLog, Dossier};

pub(super) fn write(page: &mut Page, dossier: &Dossier) {
    if let Some(log) = dossier.get::<DecisionLog>().filter(|log| !log.decisions.is_empty()) {
        page.heading(2, "Decisions");
        for decision in &log.decisions {
            page.heading(3, &decision.description);
            let by = &decision.instructions;
            page.paragraph(&format!(
                "{} Decided by {} (instructions {} {}).",
                sentence(&decision.rationale),
                inline(&decision.owner),
                inline(&by.agent),
                inline(&by.version),
            ));
            page.list(decision.alternatives_considered.iter().map(alternative));
        }
    }
    let Some(log) = dossier.get::<ChangeLog>().filter(|log| !log.changes.is_empty()) else {
        return;
    };
    page.heading(2, "Changes");
    page.table(
        ["When", "What", "Which means", "By"],
        log.changes.iter().map(|change| {
            [
                change.date.strftime("%Y-%m-%d %H:%M UTC").to_string(),
                inline(&change.description),
                inline(&change.impact),
                inline(&change.initiated_by),
            ]
        }),
    );
}

fn alternative(alternative: &Alternative) -> String {
    let score = alternative.score.map_or(String::new(), |score| format!(" (score {score:.3})"));
    let mut out = format!("{}{score}", inline(&alternative.option));
    for (word, points) in [("for it", &alternative.pros), ("against it", &alternative.cons)] {
        if !points.is_empty() {
            out = format!("{out}; {word}: {}", joined(points));
        }
    }
    out + "."
}
