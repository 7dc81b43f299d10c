//! `timeline.svg`: a Gantt chart. Phases and milestones above, a row a task below; the critical path in red.

use std::collections::BTreeMap;

use jiff::{Unit, civil::Date};

use super::{
    svg::{Svg, TEXT},
    text::{count, day, fit, width, word},
};
use crate::artifact::{Dossier, EventBrief, Task, TaskRegister, TaskStatus, Timeline};

/// Room for titles, left of the chart, in pixels.
const TITLES: f64 = 300.0;
/// Room for owners, between titles and chart.
const OWNERS: f64 = 130.0;
/// The chart itself.
const CHART: f64 = 860.0;
/// Room around everything.
const EDGE: f64 = 20.0;
/// One row.
const ROW: f64 = 22.0;
/// Where the first row begins, below title, legend and axis.
const TOP: f64 = 98.0;
/// The fewest pixels between two labels of the axis.
const TICK: f64 = 64.0;
/// Left edge of the chart.
const LEFT: f64 = EDGE + TITLES + OWNERS;

/// Draws the chart.
pub(super) fn render(dossier: &Dossier) -> Option<String> {
    let timeline = dossier.get::<Timeline>()?;
    let tasks = &dossier.get::<TaskRegister>()?.tasks;
    let brief = dossier.get::<EventBrief>();
    let days = Days::of(timeline, tasks, brief)?;
    let rows = timeline.phases.len() + timeline.milestones.len() + tasks.len();
    #[expect(clippy::cast_precision_loss, reason = "a number of rows")]
    let bottom = TOP + rows as f64 * ROW;
    let title =
        brief.map_or_else(|| "Timeline".to_owned(), |brief| format!("Timeline: {}", brief.title));
    let described = format!(
        "{}, {} on the critical path; deadline {}",
        count(i64::try_from(tasks.len()).unwrap_or_default(), "task"),
        timeline.critical_path.len(),
        day(timeline.deadline)
    );
    let svg = Svg::new(LEFT + CHART + EDGE, bottom + EDGE * 2.0, &title, &described);
    let mut chart = Chart { svg, days, y: TOP, bottom };
    chart.head(&title, timeline);
    chart.ground(timeline, brief);
    chart.phases(timeline);
    chart.milestones(timeline);
    chart.tasks(tasks, timeline);
    Some(chart.svg.finish())
}

/// The days that the chart covers, and where they are.
struct Days {
    first: Date,
    total: f64,
}

impl Days {
    fn of(timeline: &Timeline, tasks: &[Task], brief: Option<&EventBrief>) -> Option<Self> {
        let starts = tasks.iter().map(|task| task.start_date);
        let starts = starts.chain(timeline.phases.iter().map(|phase| phase.start));
        let ends = tasks.iter().map(|task| task.end_date);
        let ends = ends.chain(timeline.phases.iter().map(|phase| phase.end));
        let ends = ends.chain(timeline.milestones.iter().map(|milestone| milestone.date));
        let ends = ends.chain(brief.map(|brief| brief.date_range.end.date()));
        let first = starts.min()?;
        let last = ends.chain([timeline.deadline]).max()?.max(first);
        Some(Self { first, total: days_between(first, last) + 1.0 })
    }

    /// Where a day begins.
    fn x(&self, date: Date) -> f64 {
        LEFT + days_between(self.first, date) / self.total * CHART
    }

    /// Where a day ends.
    fn end(&self, date: Date) -> f64 {
        LEFT + (days_between(self.first, date) + 1.0) / self.total * CHART
    }

    /// Mondays, as many as have room for a label; first days of months when those are too many.
    fn ticks(&self) -> Vec<Date> {
        let every = |date: &Date| {
            if self.total / 7.0 * TICK <= CHART {
                date.weekday() == jiff::civil::Weekday::Monday
            } else {
                date.day() == 1
            }
        };
        let until = self.total;
        let days = self.first.series(jiff::Span::new().days(1));
        let ticks = days.take_while(|date| days_between(self.first, *date) < until).filter(every);
        let mut shown: Vec<Date> = Vec::new();
        for date in ticks {
            if shown.last().is_none_or(|last| self.x(date) - self.x(*last) >= TICK) {
                shown.push(date);
            }
        }
        shown
    }
}

fn days_between(from: Date, to: Date) -> f64 {
    let days = from.until((Unit::Day, to)).map_or(0, |span| span.get_days());
    f64::from(days)
}

struct Chart {
    svg: Svg,
    days: Days,
    y: f64,
    bottom: f64,
}

impl Chart {
    fn head(&mut self, title: &str, timeline: &Timeline) {
        let room = LEFT + CHART - EDGE;
        self.svg.text((EDGE, 30.0), "h", &fit(title, room, 19.0));
        let slack = match timeline.slack_days {
            late @ ..0 => format!("{} too late", count(-late, "working day")),
            days => format!("{} to spare", count(days, "working day")),
        };
        let deadline = format!("Everything done by {}: {slack}", day(timeline.deadline));
        self.svg.text((EDGE, 52.0), "s", &deadline);
        let mut x = LEFT;
        for (class, label) in [
            ("crit", "critical path"),
            ("task", "task"),
            ("done", "completed or cancelled"),
            ("phase", "phase"),
            ("event", "event"),
        ] {
            self.svg.rect([x, 43.0, 14.0, 10.0], class, "");
            self.svg.text((x + 19.0, 52.0), "s", label);
            x += width(label, 11.0) + 40.0;
        }
        self.svg.diamond((x + 5.0, 48.0), 6.0, "mile", "");
        self.svg.text((x + 16.0, 52.0), "s", "milestone");
        x += width("milestone", 11.0) + 40.0;
        self.svg.line((x, 48.0), (x + 18.0, 48.0), "slack");
        self.svg.text((x + 23.0, 52.0), "s", "room to slip");
    }

    /// Axis, grid, the event's days and the deadline.
    fn ground(&mut self, timeline: &Timeline, brief: Option<&EventBrief>) {
        let (top, bottom) = (TOP, self.bottom);
        if let Some(range) = brief.map(|brief| brief.date_range) {
            let (from, to) = (self.days.x(range.start.date()), self.days.end(range.end.date()));
            self.svg.rect([from, top, (to - from).max(2.0), bottom - top], "event", "The event");
        }
        for date in self.days.ticks() {
            let x = self.days.x(date);
            self.svg.line((x, top), (x, bottom), "grid");
            if x + TICK <= LEFT + CHART + EDGE {
                self.svg.text((x + 2.0, top - 8.0), "s", &date.strftime("%-d %b %y").to_string());
            }
        }
        self.svg.line((LEFT, top), (LEFT + CHART, top), "axis");
        let due = self.days.end(timeline.deadline);
        self.svg.line((due, top), (due, bottom + 6.0), "due");
        self.svg.text(
            (due - 4.0, bottom + 18.0),
            "s e",
            &format!("deadline {}", day(timeline.deadline)),
        );
    }

    /// Begins a row: its names on the left.
    fn row(&mut self, title: &str, owner: &str, class: &str) -> f64 {
        let y = self.y;
        self.y += ROW;
        let base = y + 15.0;
        self.svg.line((EDGE, y + ROW), (LEFT + CHART, y + ROW), "grid");
        let title = fit(title, TITLES - 12.0, if class == "b" { TEXT * 1.12 } else { TEXT });
        self.svg.text((EDGE, base), class, &title);
        self.svg.text((EDGE + TITLES, base), "s", &fit(owner, OWNERS - 12.0, 11.0));
        y
    }

    fn phases(&mut self, timeline: &Timeline) {
        for phase in &timeline.phases {
            let y = self.row(&phase.name.to_string(), "", "b");
            let (from, to) = (self.days.x(phase.start), self.days.end(phase.end));
            let tip = format!("{}: {} to {}", phase.name, day(phase.start), day(phase.end));
            self.svg.rect([from, y + 5.0, (to - from).max(2.0), 12.0], "phase", &tip);
        }
    }

    fn milestones(&mut self, timeline: &Timeline) {
        for milestone in &timeline.milestones {
            let y = self.row(&milestone.name, "", "");
            let x = f64::midpoint(self.days.x(milestone.date), self.days.end(milestone.date));
            let tip = format!("{}: {}", milestone.name, day(milestone.date));
            self.svg.diamond((x, y + ROW / 2.0), 7.0, "mile", &tip);
            let date = milestone.date.strftime("%-d %b").to_string();
            let (at, class) =
                if x + 70.0 > LEFT + CHART { (x - 11.0, "s e") } else { (x + 11.0, "s") };
            self.svg.text((at, y + 15.0), class, &date);
        }
    }

    fn tasks(&mut self, tasks: &[Task], timeline: &Timeline) {
        let mut places: BTreeMap<&str, (f64, f64, f64)> = BTreeMap::new();
        for task in tasks {
            let y = self.row(&task.title, &task.owner, "");
            let (from, to) = (self.days.x(task.start_date), self.days.end(task.end_date));
            let to = to.max(from + 3.0);
            places.insert(&task.id, (from, to, y + ROW / 2.0));
            let room = days_between(task.start_date, task.latest_start).max(0.0);
            let slack = (to + room / self.days.total * CHART).min(LEFT + CHART);
            if slack > to {
                self.svg.line((to, y + ROW / 2.0), (slack, y + ROW / 2.0), "slack");
            }
            self.svg.rect([from, y + 4.0, to - from, 14.0], class_of(task), &told(task));
        }
        let path: Vec<_> =
            timeline.critical_path.iter().filter_map(|id| places.get(id.as_str())).collect();
        for pair in path.windows(2) {
            if let [(_, end, y), (start, _, next)] = pair {
                self.svg.polyline(
                    &[(*end, *y), (*end + 3.0, *y), (*end + 3.0, *next), (*start, *next)],
                    "link",
                );
            }
        }
    }
}

fn class_of(task: &Task) -> &'static str {
    match task.status {
        TaskStatus::Completed | TaskStatus::Cancelled => "done",
        TaskStatus::NotStarted | TaskStatus::InProgress | TaskStatus::Blocked
            if task.is_critical =>
        {
            "crit"
        }
        TaskStatus::NotStarted | TaskStatus::InProgress | TaskStatus::Blocked => "task",
    }
}

fn told(task: &Task) -> String {
    let Task { title, owner, start_date, end_date, slack_days, status, .. } = task;
    let (start, end) = (day(*start_date), day(*end_date));
    format!(
        "{title} ({owner}): {start} to {end}, {}, may slip {}",
        word(status),
        count(*slack_days, "working day")
    )
}
