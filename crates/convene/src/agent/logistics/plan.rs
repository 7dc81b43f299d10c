//! The logistics plan: what happens step by step, with what, prepared by which tasks; rooms and house rules.

use std::collections::BTreeSet;

use super::{
    ME,
    crew::{Crew, HOST},
    setup,
    timetable::{Seated, Table},
};
use crate::{
    agent::{
        Desk, planner,
        programme::{Part, Programme, moment},
    },
    artifact::{Layout, LogisticsPlan, ResourceRoster, TaskRegister, VendorContracts, Workflow},
    brief::{EventType, Level, Scope},
    library::counted,
};

pub(super) fn plan(
    desk: &Desk<'_>,
    programme: &Programme,
    table: &Table,
    crew: &Crew,
) -> LogisticsPlan {
    let roster: &ResourceRoster = desk.read();
    let contracts: &VendorContracts = desk.read();
    LogisticsPlan {
        workflows: workflows(desk, programme, table, crew),
        resource_ids: roster.resources.iter().map(|resource| resource.id.clone()).collect(),
        vendor_ids: contracts.contracts.iter().map(|contract| contract.id.clone()).collect(),
        layouts: layouts(desk.scope(), table),
        policies: policies(desk.scope()),
    }
}

fn workflows(desk: &Desk<'_>, programme: &Programme, table: &Table, crew: &Crew) -> Vec<Workflow> {
    let scope = desk.scope();
    let mut all = vec![registration(desk, programme, table, crew), sessions(desk, table, crew)];
    all.extend(hospitality(desk, programme, table, crew));
    if scope.level > Level::Beginner {
        all.push(building(desk, crew));
    }
    if scope.is_hybrid {
        all.push(streaming(desk));
    }
    all.extend(exhibition(desk, table, crew));
    if scope.level == Level::Advanced {
        all.push(safety(desk, crew));
    }
    all
}

/// A workflow, linked to those of the wanted tasks that this plan has; to the last check when it has none.
fn workflow(
    desk: &Desk<'_>,
    name: &str,
    steps: Vec<String>,
    resources: Vec<String>,
    tasks: &[&str],
) -> Workflow {
    let register: &TaskRegister = desk.read();
    let known: BTreeSet<&str> = register.tasks.iter().map(|task| task.id.as_str()).collect();
    let ids = |keys: &[&str]| -> Vec<String> {
        let ids = keys.iter().map(|key| planner::task_id(desk.scope(), key));
        ids.filter(|id| known.contains(id.as_str())).collect()
    };
    let mut task_ids = ids(tasks);
    if task_ids.is_empty() {
        task_ids = ids(&["ready"]);
    }
    Workflow { workflow: name.to_owned(), steps, resources, task_ids, owner: ME.name().to_owned() }
}

fn at(scope: &Scope, minute: i64) -> String {
    moment(scope, minute).strftime("%H:%M").to_string()
}

fn registration(desk: &Desk<'_>, programme: &Programme, table: &Table, crew: &Crew) -> Workflow {
    let scope = desk.scope();
    let arrivals: BTreeSet<&str> = table
        .seated
        .iter()
        .filter(|seated| seated.item.part == Part::Arrival)
        .map(|seated| seated.item.id.as_str())
        .collect();
    let mut people =
        crew.for_purpose(|purpose| purpose == "Registration" || arrivals.contains(purpose));
    let count = people.len();
    people.push("tables".to_owned());
    let doors = programme.days.first().map_or(0, |day| day.from);
    let steps = vec![
        format!("Open the doors at {}", at(scope, doors)),
        format!(
            "{} at the desk check {} names and hand out name tags",
            counted(i64::try_from(count).unwrap_or(0), "host"),
            scope.audience
        ),
        "Ask for access needs and diets, and lead people to their seats".to_owned(),
    ];
    workflow(
        desk,
        "registration",
        steps,
        people,
        &["registration", "invitations", "materials", "headcount"],
    )
}

fn sessions(desk: &Desk<'_>, table: &Table, crew: &Crew) -> Workflow {
    let scope = desk.scope();
    let talks: Vec<&Seated> =
        table.seated.iter().filter(|seated| seated.item.part == Part::Talk).collect();
    let name = match scope.event_type {
        EventType::Meetup => "talk",
        EventType::Conference => "sessions",
        EventType::Workshop => "modules",
        EventType::Gala => "speeches",
        EventType::Festival => "acts",
    };
    let rooms = setup::used(talks.iter().map(|seated| &seated.hall));
    let resources: BTreeSet<String> =
        talks.iter().flat_map(|seated| crew.used_by(&seated.item.id)).collect();
    let steps = vec![
        "Try sound and picture in each room before the doors open".to_owned(),
        format!(
            "Hold {} in {}",
            counted(i64::try_from(talks.len()).unwrap_or(0), "session"),
            rooms.iter().map(|room| room.name.as_str()).collect::<Vec<_>>().join(", ")
        ),
        "A host opens each session, keeps its time and hands the room over".to_owned(),
    ];
    workflow(
        desk,
        name,
        steps,
        resources.into_iter().collect(),
        &["programme", "speakers", "rehearsal", "ready"],
    )
}

/// Where people eat and meet: breaks and meals of the day, or the end of the evening.
fn hospitality(
    desk: &Desk<'_>,
    programme: &Programme,
    table: &Table,
    crew: &Crew,
) -> Option<Workflow> {
    let scope = desk.scope();
    let is_social = |seated: &&Seated| matches!(seated.item.part, Part::Meal | Part::Social);
    let social: Vec<&Seated> = table.seated.iter().filter(is_social).collect();
    let mut steps: Vec<String> = social
        .iter()
        .map(|seated| {
            let (from, to) = (at(scope, seated.start), at(scope, seated.end()));
            format!(
                "{} from {from} to {to}: food and drinks for {}",
                seated.item.title, seated.item.audience
            )
        })
        .collect();
    for day in &programme.days {
        for pause in &day.breaks {
            let date = day.date.strftime("%-d %B");
            steps.push(format!(
                "{} on {date}, {} to {}",
                pause.title,
                at(scope, pause.from),
                at(scope, pause.to)
            ));
        }
    }
    if steps.is_empty() {
        return None;
    }
    steps.push("Diets asked for at registration are marked at the buffet".to_owned());
    let ids: BTreeSet<&str> = social.iter().map(|seated| seated.item.id.as_str()).collect();
    let titles: BTreeSet<&str> =
        programme.days.iter().flat_map(|day| &day.breaks).map(|pause| pause.title).collect();
    let people = crew.for_purpose(|purpose| ids.contains(purpose) || titles.contains(purpose));
    let name = if titles.is_empty() && social.len() == 1 { "networking" } else { "catering" };
    Some(workflow(desk, name, steps, people, &["catering", "headcount", "contracts"]))
}

fn building(desk: &Desk<'_>, crew: &Crew) -> Workflow {
    let scope = desk.scope();
    let of = |job: &setup::Job| {
        let day = moment(scope, job.from).strftime("%-d %B");
        format!("{} on {day}, {} to {}", job.title, at(scope, job.from), at(scope, job.to))
    };
    let mut steps: Vec<String> = crew.setup.iter().map(of).collect();
    steps.push("Clear each room after its last session".to_owned());
    let titles: BTreeSet<&str> = crew.setup.iter().map(|job| job.title.as_str()).collect();
    let people =
        crew.for_purpose(|purpose| titles.contains(purpose) || purpose.starts_with("Clear "));
    workflow(desk, "setting up and clearing", steps, people, &["staff", "rehearsal", "ready"])
}

fn streaming(desk: &Desk<'_>) -> Workflow {
    let steps = vec![
        "Check both lines an hour before the doors open".to_owned(),
        "Stream and record every session of the main room, with captions".to_owned(),
        "Somebody reads the questions from the platform to the speaker".to_owned(),
    ];
    workflow(
        desk,
        "streaming",
        steps,
        vec!["stream-unit".to_owned()],
        &["stream-setup", "rehearsal"],
    )
}

fn exhibition(desk: &Desk<'_>, table: &Table, crew: &Crew) -> Option<Workflow> {
    let shown: Vec<&Seated> =
        table.seated.iter().filter(|seated| seated.item.part == Part::Exhibition).collect();
    let first = shown.first()?;
    let steps = vec![
        format!("Exhibitors build their booths in {} before the doors open", first.hall.name),
        format!("At most {} visitors at once; hosts count at the door", first.item.audience),
        "Hosts show the way between the houses".to_owned(),
    ];
    let ids: BTreeSet<&str> = shown.iter().map(|seated| seated.item.id.as_str()).collect();
    let people = crew.for_purpose(|purpose| ids.contains(purpose));
    Some(workflow(desk, "exhibition", steps, people, &["expo-plan", "sponsors", "contracts"]))
}

fn safety(desk: &Desk<'_>, crew: &Crew) -> Workflow {
    let guards = crew.for_purpose(|purpose| purpose == "Guard");
    let aid = crew.for_purpose(|purpose| purpose == "First aid");
    let steps = vec![
        format!(
            "{} and {} are on site in turns",
            count(&guards, "guard"),
            count(&aid, "first-aider")
        ),
        "Every host knows the ways out, the meeting point and the radio words".to_owned(),
        "People are counted at every door; a full room is closed".to_owned(),
    ];
    let people = guards.into_iter().chain(aid).collect();
    workflow(
        desk,
        "safety",
        steps,
        people,
        &["safety-plan", "permits", "contingency-drill", "staff"],
    )
}

fn count(people: &[String], noun: &str) -> String {
    counted(i64::try_from(people.len()).unwrap_or(0), noun)
}

fn layouts(scope: &Scope, table: &Table) -> Vec<Layout> {
    let shows = |name: &str| {
        let mut here = table.seated.iter().filter(|seated| seated.hall.name == name);
        here.all(|seated| seated.item.part == Part::Exhibition)
    };
    setup::used(table.seated.iter().map(|seated| &seated.hall))
        .into_iter()
        .map(|hall| Layout {
            layout: if shows(&hall.name) { "expo" } else { scope.layout.name() }.to_owned(),
            area: hall.name,
            capacity: hall.capacity,
        })
        .collect()
}

fn policies(scope: &Scope) -> Vec<String> {
    let mut policies = vec![
        format!(
            "No room holds more people than its layout: the largest session has {}",
            scope.audience
        ),
        "Ways, ramps and exits stay free; step-free ways are signed".to_owned(),
        "Pictures of people only with their consent, asked at registration".to_owned(),
        format!("A code of conduct is read at the opening; {HOST}s know whom to tell"),
    ];
    if scope.level > Level::Beginner {
        policies.push("Nobody stands at posts for longer than ten hours a day".to_owned());
    }
    policies
}
