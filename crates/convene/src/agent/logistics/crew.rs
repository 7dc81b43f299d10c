//! Who stands where, and what is used for what: posts from the programme, people levelled over them, the roster.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    ME,
    setup::{self, Job},
    slug,
    timetable::{Seated, Table},
    vendors,
};
use crate::{
    agent::{
        Desk, Reasons,
        programme::{ARRIVAL, Day, Hall, Halls, Part, Programme, moment},
    },
    artifact::{Assignment, Interval, Kind, Resource, ResourceKind, ResourceRoster},
    brief::{Level, Scope},
    library::counted,
    math::{
        metric,
        shift::{self, Post, Rules},
    },
};

/// Guests that one host registers, serves in a break or leads about; in a plenary one is enough for twice as many.
const GUESTS_AT_A_POST: u32 = 100;
const GUESTS_OF_A_PLENARY: u32 = 200;
/// Rooms that one technician looks after.
const ROOMS_OF_A_TECHNICIAN: usize = 3;
/// Guests for each guard, and for each first-aider of whom there are two at least.
const GUESTS_OF_A_GUARD: u32 = 100;
const GUESTS_OF_A_FIRST_AIDER: u32 = 400;
const FIRST_AIDERS_MIN: u32 = 2;
/// Minutes after which somebody else takes a post that is filled all day.
const STINT: i64 = 180;
/// Minutes that it takes to clear a room.
const CLEAR: i64 = 30;
/// Nobody stands longer than ten hours a day.
const MINUTES_A_DAY: i64 = 600;
/// Minutes of a day.
const DAY: i64 = 24 * 60;
/// The role of our own people, whose work is levelled.
pub(super) const HOST: &str = "Host";

/// Somebody with their posts.
#[derive(Debug, Clone)]
pub(super) struct Person {
    pub(super) id: String,
    pub(super) role: &'static str,
    pub(super) posts: Vec<Duty>,
}

/// A post and what it is for: a session's id, or words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Duty {
    pub(super) purpose: String,
    pub(super) from: i64,
    pub(super) to: i64,
    house: String,
}

/// Everybody, and the work before the doors open.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) people: Vec<Person>,
    pub(super) setup: Vec<Job>,
    /// When somebody is there, day by day.
    hours: Vec<(i64, i64)>,
    /// By session: what it uses.
    uses: BTreeMap<String, Vec<String>>,
    /// Hosts by the ratio of the instructions, before posts asked for more.
    hosts_by_ratio: u32,
}

impl Crew {
    /// What a session uses, of the roster.
    pub(super) fn used_by(&self, session: &str) -> Vec<String> {
        self.uses.get(session).cloned().unwrap_or_default()
    }

    /// Whoever has a post for this.
    pub(super) fn for_purpose<'a>(&'a self, is: impl Fn(&str) -> bool + 'a) -> Vec<String> {
        let has = |person: &&Person| person.posts.iter().any(|duty| is(&duty.purpose));
        self.people.iter().filter(has).map(|person| person.id.clone()).collect()
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = &Person> {
        self.people.iter().filter(|person| person.role == HOST)
    }

    /// How evenly our own people are used; the vendors level theirs.
    pub(super) fn balance(&self) -> Option<f64> {
        let there: i64 = self.hours.iter().map(|(from, to)| to - from).sum();
        let minutes =
            |person: &Person| -> i64 { person.posts.iter().map(|duty| duty.to - duty.from).sum() };
        let used: Vec<f64> =
            self.hosts().map(|host| crate::math::ratio(minutes(host), there.max(1))).collect();
        metric::utilisation_balance(&used)
    }
}

pub(super) fn crew(desk: &Desk<'_>, programme: &Programme, halls: &Halls, table: &Table) -> Crew {
    let scope = desk.scope();
    let services = vendors::services(desk);
    let rooms = setup::used(table.seated.iter().map(|seated| &seated.hall));
    let has = |service: &str| services.contains(&service);
    let hosts_by_ratio = scope.audience.div_ceil(desk.number(ME, "guests_per_host").max(1));
    let technicians = if has("av") { rooms.len().div_ceil(ROOMS_OF_A_TECHNICIAN) } else { 0 };
    let technicians = u32::try_from(technicians).unwrap_or(u32::MAX);
    let doors = programme.days.first().map_or(0, |day| day.from);
    let setup = setup::setup(&rooms, doors, hosts_by_ratio, technicians);
    let all_day = |role: &str, count: u32| all_day(programme, table, halls, role, count);
    let mut technical = all_day("Sound and picture", technicians);
    technical.extend(setup.iter().flat_map(|job| of_job(job, job.technicians)));
    let guards = if has("security") { scope.audience.div_ceil(GUESTS_OF_A_GUARD) } else { 0 };
    let aid = scope.audience.div_ceil(GUESTS_OF_A_FIRST_AIDER).max(FIRST_AIDERS_MIN);
    let aid = if has("first aid") { aid } else { 0 };
    let teams = [
        (HOST, hosts_by_ratio, host_posts(scope, programme, halls, table, &setup)),
        ("Technician", technicians, technical),
        ("Guard", guards, all_day("Guard", guards)),
        ("First-aider", aid, all_day("First aid", aid)),
    ];
    let teams = teams.into_iter().filter(|(_, count, _)| *count > 0);
    let people: Vec<Person> =
        teams.flat_map(|(role, count, duties)| team(role, count, &duties, halls.walk)).collect();
    let hours = hours(&people);
    let uses = uses(scope, halls, table, &people);
    Crew { people, setup, hours, uses, hosts_by_ratio }
}

/// The posts of our own people.
fn host_posts(
    scope: &Scope,
    programme: &Programme,
    halls: &Halls,
    table: &Table,
    setup: &[Job],
) -> Vec<Duty> {
    let mut duties: Vec<Duty> = setup.iter().flat_map(|job| of_job(job, job.hands)).collect();
    duties.extend(table.seated.iter().flat_map(in_session));
    let house = &halls.main.venue;
    let has_arrival = programme.items.iter().any(|item| item.part == Part::Arrival);
    let at_a_post = scope.audience.div_ceil(GUESTS_AT_A_POST);
    for (at, day) in programme.days.iter().enumerate() {
        let desks = if at == 0 { at_a_post } else { at_a_post.div_ceil(2) };
        // Where the arrival is a session of its own, its hosts stand at the desk.
        let until = if has_arrival { day.from } else { day.from + ARRIVAL };
        duties.extend(times(desks, ("Registration", house), (day.from - ARRIVAL, until)));
        for pause in &day.breaks {
            duties.extend(times(at_a_post, (pause.title, house), (pause.from, pause.to)));
        }
        if scope.level > Level::Beginner {
            duties.extend(
                stints((day.from, day.to)).flat_map(|span| times(1, ("Information", house), span)),
            );
        }
    }
    duties.extend(clearing(table));
    duties
}

fn times(count: u32, (purpose, house): (&str, &str), (from, to): (i64, i64)) -> Vec<Duty> {
    let duty = Duty { purpose: purpose.to_owned(), from, to, house: house.to_owned() };
    if from < to { vec![duty; count as usize] } else { Vec::new() }
}

fn of_job(job: &Job, people: u32) -> Vec<Duty> {
    times(people, (&job.title, &job.hall.venue), (job.from, job.to))
}

/// Whoever opens a session and keeps its time; in the exhibition and at receptions more, and they take turns.
fn in_session(seated: &Seated) -> Vec<Duty> {
    let Seated { item, start, hall } = seated;
    let guests = match item.part {
        Part::Talk if item.is_plenary => GUESTS_OF_A_PLENARY,
        Part::Talk => u32::MAX,
        Part::Arrival | Part::Meal | Part::Social | Part::Exhibition => GUESTS_AT_A_POST,
    };
    let count = item.audience.div_ceil(guests).max(1);
    stints((*start, seated.end()))
        .flat_map(|span| times(count, (&item.id, &hall.venue), span))
        .collect()
}

/// Each room is cleared after its last session of the event.
fn clearing(table: &Table) -> Vec<Duty> {
    let mut last: BTreeMap<&str, (&Hall, i64)> = BTreeMap::new();
    for seated in &table.seated {
        let entry = last.entry(&seated.hall.name).or_insert((&seated.hall, 0));
        entry.1 = entry.1.max(seated.end());
    }
    let clear = |(hall, end): &(&Hall, i64)| {
        times(1, (&format!("Clear {}", hall.name), &hall.venue), (*end, end + CLEAR))
    };
    last.values().flat_map(clear).collect()
}

/// Posts that are filled from the opening of each day to its last session.
fn all_day(
    programme: &Programme,
    table: &Table,
    halls: &Halls,
    purpose: &str,
    count: u32,
) -> Vec<Duty> {
    let end = |day: &Day| {
        let of_day =
            table.seated.iter().filter(|it| it.start.div_euclid(DAY) == day.from.div_euclid(DAY));
        of_day.map(Seated::end).max().unwrap_or(day.to).max(day.to)
    };
    let spans = programme.days.iter().flat_map(|day| stints((day.from - ARRIVAL, end(day))));
    spans.flat_map(|span| times(count, (purpose, &halls.main.venue), span)).collect()
}

/// A long time in equal pieces that somebody can stand.
fn stints((from, to): (i64, i64)) -> impl Iterator<Item = (i64, i64)> {
    let pieces = ((to - from + STINT - 1) / STINT).max(1);
    let cut = move |piece: i64| from + (to - from) * piece / pieces / 5 * 5;
    (0..pieces).map(move |piece| {
        let end = if piece + 1 == pieces { to } else { cut(piece + 1) };
        (cut(piece), end)
    })
}

/// People of one role for these posts; more than `at_least` when posts ask for them at once.
fn team(role: &'static str, at_least: u32, duties: &[Duty], walk: u32) -> Vec<Person> {
    let posts: Vec<Post> = duties
        .iter()
        .enumerate()
        .map(|(at, duty)| Post {
            from: duty.from,
            to: duty.to,
            id: format!("{at:05}"),
            house: duty.house.clone(),
        })
        .collect();
    let rules = Rules { minutes_a_day: MINUTES_A_DAY, walk: i64::from(walk) };
    let hands = shift::staff(&posts, at_least as usize, rules)
        .expect("no post is longer than a stint, so one person for each post is enough");
    let duty = |post: &Post| duties.get(post.id.parse::<usize>().ok()?).cloned();
    let person = |(at, posts): (usize, Vec<Post>)| Person {
        id: format!("{}-{:02}", slug(role), at + 1),
        role,
        posts: posts.iter().filter_map(duty).collect(),
    };
    hands.into_iter().enumerate().map(person).collect()
}

/// From the first post of each day to its last.
fn hours(people: &[Person]) -> Vec<(i64, i64)> {
    let mut days: BTreeMap<i64, (i64, i64)> = BTreeMap::new();
    for duty in people.iter().flat_map(|person| &person.posts) {
        let hours = days.entry(duty.from.div_euclid(DAY)).or_insert((duty.from, duty.to));
        *hours = (hours.0.min(duty.from), hours.1.max(duty.to));
    }
    days.into_values().collect()
}

/// By session: its hosts, the technology of its room, the stream.
fn uses(
    scope: &Scope,
    halls: &Halls,
    table: &Table,
    people: &[Person],
) -> BTreeMap<String, Vec<String>> {
    let of = |seated: &Seated| {
        let here = people
            .iter()
            .filter(|person| person.posts.iter().any(|duty| duty.purpose == seated.item.id));
        // Where hosts take turns, nobody is there all the time: the roster has their times.
        let in_turns = i64::from(seated.item.minutes) > STINT;
        let mut ids: Vec<String> =
            here.filter(|_| !in_turns).map(|person| person.id.clone()).collect();
        ids.extend(needs_technology(seated).then(|| technology_id(&seated.hall)));
        ids.extend(is_streamed(scope, halls, seated).then(|| STREAM.to_owned()));
        (seated.item.id.clone(), ids)
    };
    table.seated.iter().map(of).collect()
}

fn needs_technology(seated: &Seated) -> bool {
    seated.item.part == Part::Talk
}

/// What takes place in the main room is streamed.
fn is_streamed(scope: &Scope, halls: &Halls, seated: &Seated) -> bool {
    scope.is_hybrid && seated.item.part == Part::Talk && seated.hall == halls.main
}

const STREAM: &str = "stream-unit";

fn technology_id(hall: &Hall) -> String {
    format!("av-{}", slug(&hall.name))
}

/// Everybody and everything, with what each is used for.
pub(super) fn roster(desk: &Desk<'_>, halls: &Halls, table: &Table, crew: &Crew) -> ResourceRoster {
    let scope = desk.scope();
    let book = Book::new(scope, table, crew);
    let mut resources = persons(&book, crew);
    for hall in setup::used(table.seated.iter().map(|seated| &seated.hall)) {
        resources.extend(of_hall(&book, &hall));
    }
    if scope.is_hybrid {
        let streamed = book.sessions(&|seated| is_streamed(scope, halls, seated));
        let name = format!("Cameras and encoder, {}", halls.main.name);
        resources.push(book.resource(STREAM, (ResourceKind::Equipment, "Stream"), name, streamed));
    }
    let furniture = [
        ("chairs", format!("Chairs for {}", scope.audience)),
        ("tables", "Tables for registration and food".to_owned()),
    ];
    for (id, name) in furniture {
        let kind = (ResourceKind::Equipment, "Furniture");
        resources.push(book.resource(id, kind, name, book.whole_event(crew)));
    }
    resources.sort_by(|a, b| a.id.cmp(&b.id));
    ResourceRoster { resources }
}

fn persons(book: &Book<'_>, crew: &Crew) -> Vec<Resource> {
    let person = |(person, number): (&Person, usize)| {
        let duties = person.posts.iter().map(|it| book.assignment(&it.purpose, (it.from, it.to)));
        let name = format!("{} {number}", person.role);
        book.resource(&person.id, (ResourceKind::Person, person.role), name, duties.collect())
    };
    crew.people.iter().zip(numbers(&crew.people)).map(person).collect()
}

/// A room and its technology.
fn of_hall(book: &Book<'_>, hall: &Hall) -> Vec<Resource> {
    let here = |seated: &Seated| seated.hall == *hall;
    let room = format!("space-{}", slug(&hall.name));
    let used = book.sessions(&here);
    let mut all =
        vec![book.resource(&room, (ResourceKind::Space, "Room"), hall.name.clone(), used)];
    let talks = book.sessions(&|seated| here(seated) && needs_technology(seated));
    if !talks.is_empty() {
        let name = format!("Screen, projector and microphones, {}", hall.name);
        let kind = (ResourceKind::Equipment, "AV");
        all.push(book.resource(&technology_id(hall), kind, name, talks));
    }
    all
}

/// What every line of the roster is written with.
struct Book<'a> {
    scope: &'a Scope,
    table: &'a Table,
    availability: Vec<Interval>,
}

impl<'a> Book<'a> {
    fn new(scope: &'a Scope, table: &'a Table, crew: &Crew) -> Self {
        let interval = |(from, to): &(i64, i64)| Interval {
            start: moment(scope, *from),
            end: moment(scope, *to),
        };
        Self { scope, table, availability: crew.hours.iter().map(interval).collect() }
    }

    fn assignment(&self, purpose: &str, (from, to): (i64, i64)) -> Assignment {
        let (start, end) = (moment(self.scope, from), moment(self.scope, to));
        Assignment { purpose: purpose.to_owned(), start, end }
    }

    fn sessions(&self, is: &dyn Fn(&Seated) -> bool) -> Vec<Assignment> {
        let of = self.table.seated.iter().filter(|seated| is(seated));
        of.map(|it| self.assignment(&it.item.id, (it.start, it.end()))).collect()
    }

    fn whole_event(&self, crew: &Crew) -> Vec<Assignment> {
        crew.hours.iter().map(|span| self.assignment("the whole event", *span)).collect()
    }

    fn resource(
        &self,
        id: &str,
        (kind, role): (ResourceKind, &str),
        name: String,
        assignments: Vec<Assignment>,
    ) -> Resource {
        Resource {
            id: id.to_owned(),
            kind,
            name,
            role: role.to_owned(),
            availability: self.availability.clone(),
            assignments,
        }
    }
}

/// People are counted within their role.
fn numbers(people: &[Person]) -> Vec<usize> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    people
        .iter()
        .map(|person| {
            let number = seen.entry(person.role).or_default();
            *number += 1;
            *number
        })
        .collect()
}

pub(super) fn explain(desk: &mut Desk<'_>, crew: &Crew) {
    let scope = desk.scope();
    let hosts = crew.hosts().count();
    let posts: usize = crew.hosts().map(|host| host.posts.len()).sum();
    let per = desk.number(ME, "guests_per_host");
    let ratio = usize::try_from(crew.hosts_by_ratio).unwrap_or(usize::MAX);
    let because = if hosts > ratio {
        format!("one for {per} guests would be {ratio}, and {hosts} posts are filled at once")
    } else {
        format!("one for {per} guests; all posts are filled")
    };
    let waits: BTreeSet<&str> =
        crew.setup.iter().filter(|job| job.waits > 0).map(|job| job.title.as_str()).collect();
    let begin = crew.setup.iter().map(|job| job.from).min().unwrap_or_default();
    let reasons = Reasons {
        kind: "staffing",
        description: format!(
            "{} for {posts} posts",
            counted(i64::try_from(hosts).unwrap_or(0), "host")
        ),
        rationale: format!(
            "{because}; their times differ so little that the balance is {:.2}; nobody stands longer than {} hours a day; \
             setting up begins {} and {} of {} jobs wait for a free hand",
            crew.balance().unwrap_or(1.0),
            MINUTES_A_DAY / 60,
            moment(scope, begin).strftime("%-d %B, %H:%M"),
            waits.len(),
            crew.setup.len()
        ),
        alternatives: Vec::new(),
        touches: vec![Kind::ResourceRoster],
    };
    desk.decide(ME, reasons);
}
