//! How far two plans are apart, in money and in days.

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    agent::Desk,
    approval::{ApprovalStatus, Question},
    artifact::{
        Amount, ApprovalKind, Basis, Content, CostModel, Dossier, Kind, Milestone, TaskRegister,
        Timeline,
    },
    library,
};

/// A milestone that moves by more than this part of all preparation is put to people.
const FAR: f64 = 0.1;

/// What a plan comes to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Figures {
    /// All lines without what is kept back.
    pub spending: Amount,
    /// What is kept back for what may happen.
    pub reserve: Amount,
    /// The last day of work before the event.
    pub ready: Option<Date>,
    /// Working days to spare before the event; negative when it does not fit.
    pub slack_days: i64,
    /// The chance to be ready in time, 0 to 1.
    pub on_time: f64,
}

/// The figures of a plan.
pub(super) fn figures(dossier: &Dossier) -> Figures {
    let model = dossier.get::<CostModel>();
    let lines = model.map(|model| model.line_items.as_slice()).unwrap_or_default();
    let bought = lines.iter().filter(|line| line.basis != Basis::Reserve);
    let timeline = dossier.get::<Timeline>();
    let tasks = dossier.get::<TaskRegister>().map(|all| all.tasks.as_slice()).unwrap_or_default();
    let event = tasks.iter().find(|task| task.id.ends_with("-event")).map(|task| task.start_date);
    let before_event = tasks.iter().filter(|task| Some(task.start_date) < event);
    Figures {
        spending: bought.map(|line| line.total).sum(),
        reserve: model.map(|model| model.reserve.amount).unwrap_or_default(),
        ready: before_event.map(|task| task.end_date).max(),
        slack_days: timeline.map_or(0, |timeline| timeline.slack_days),
        on_time: timeline.map_or(0.0, |timeline| timeline.forecast.on_time),
    }
}

/// The milestone that moves furthest.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Slip {
    pub(super) milestone: String,
    pub(super) from: Date,
    pub(super) to: Date,
    /// Of the time from the first day of work to the event.
    pub(super) share: f64,
}

/// The worst slip against the plan that people know: the first, or the last slip that they accepted. None when no
/// milestone is later than there.
pub(super) fn slip(before: &Dossier, now: &Dossier) -> Option<Slip> {
    let accepted = before.approvals.iter().filter(|approval| {
        approval.kind == ApprovalKind::MilestoneSlip && approval.status == ApprovalStatus::Approved
    });
    let known = accepted.map(|approval| approval.revision).max().unwrap_or(1);
    let baseline = before.at(Kind::Timeline, known).or_else(|| before.find(Kind::Timeline))?;
    let baseline = Timeline::of(&baseline.body)?;
    let begin = baseline.phases.iter().map(|phase| phase.start).min()?;
    let timeline = now.get::<Timeline>()?;
    let days = |from: Date, to: Date| from.until(to).map_or(0, |span| span.get_days());
    let length = days(begin, baseline.deadline).max(1);
    let of = |then: &Milestone| {
        let now = timeline.milestones.iter().find(|milestone| milestone.id == then.id)?;
        let late = days(then.date, now.date);
        (late > 0).then(|| Slip {
            milestone: then.name.clone(),
            from: then.date,
            to: now.date,
            share: f64::from(late) / f64::from(length),
        })
    };
    baseline.milestones.iter().filter_map(of).max_by(|one, other| {
        one.share.total_cmp(&other.share).then_with(|| other.milestone.cmp(&one.milestone))
    })
}

impl Slip {
    /// Whether people decide about it.
    pub(super) fn is_far(&self) -> bool {
        self.share > FAR
    }

    pub(super) fn in_words(&self) -> String {
        let Self { milestone, from, to, share } = self;
        format!(
            "\"{milestone}\" moves from {from} to {to}, {:.0} % of all preparation",
            share * 100.0
        )
    }

    /// Puts it to those who may decide.
    pub(super) fn ask(&self, desk: &mut Desk<'_>) {
        let slack = desk.read::<Timeline>().slack_days;
        let left = library::counted(slack, "working day");
        let question = Question {
            kind: ApprovalKind::MilestoneSlip,
            item: None,
            question: format!("Accept that {}?", self.in_words()),
            amount: None,
            consequences: vec![if slack < 0 {
                format!("the work does not fit before the event: {left}")
            } else {
                format!("{left} are left before the event")
            }],
        };
        desk.ask(Kind::Timeline, question);
    }
}

/// What both plans come to, in words.
pub(super) fn in_words(desk: &Desk<'_>, [was, is]: &[Figures; 2]) -> String {
    let currency = desk.scope().currency;
    let money = |amount: Amount| amount.shown(currency);
    let change = is.spending.minus(was.spending);
    let sign = if change < Amount::ZERO { "-" } else { "+" };
    let cost = if change == Amount::ZERO {
        format!("cost stays at {}", money(is.spending))
    } else {
        format!(
            "cost goes from {} to {} ({sign} {})",
            money(was.spending),
            money(is.spending),
            money(change.abs())
        )
    };
    let day = |day: Option<Date>| day.map_or_else(|| "no day".to_owned(), |day| day.to_string());
    let ready = if was.ready == is.ready {
        format!("preparation still ends on {}", day(is.ready))
    } else {
        format!("preparation ends on {} instead of {}", day(is.ready), day(was.ready))
    };
    let slack = if was.slack_days == is.slack_days {
        format!("{} to spare as before", library::counted(is.slack_days, "working day"))
    } else {
        format!(
            "{} to spare instead of {}",
            library::counted(is.slack_days, "working day"),
            was.slack_days
        )
    };
    format!("{cost}; {ready}, with {slack}; ready in time in {:.0} % of cases", is.on_time * 100.0)
}
