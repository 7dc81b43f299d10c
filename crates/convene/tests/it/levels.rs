//! Work waits for hands and never longer than it must; people stand about as long as each other.

use std::collections::{BTreeMap, BTreeSet};

use convene::math::{
    level::{self, Job, Plan},
    shift::{self, Post, Rules},
};
use proptest::prelude::*;

fn jobs() -> impl Strategy<Value = (Vec<Job>, BTreeMap<String, u32>)> {
    let job = (1..6_i64, 0..3_u32, 0..2_u32, any::<[bool; 6]>(), 0..3_i64);
    (prop::collection::vec(job, 1..7), 2..4_u32, 1..3_u32).prop_map(|(jobs, crew, vans)| {
        let made = jobs.iter().enumerate().map(|(at, (duration, crew, vans, after, from))| Job {
            id: format!("j{at}"),
            duration: *duration,
            after: (0..at).filter(|before| after[*before]).map(|it| format!("j{it}")).collect(),
            needs: [("crew".to_owned(), *crew), ("van".to_owned(), *vans)].into(),
            not_before: *from,
        });
        (made.collect(), [("crew".to_owned(), crew), ("van".to_owned(), vans)].into())
    })
}

/// The shortest plan of all: every order that respects what comes before, each job as early as it can be.
fn shortest(jobs: &[Job], capacity: &BTreeMap<String, u32>) -> i64 {
    fn go(left: &[&Job], done: &[(&Job, i64)], capacity: &BTreeMap<String, u32>) -> i64 {
        if left.is_empty() {
            return done.iter().map(|(job, start)| start + job.duration).max().unwrap_or(0);
        }
        let next = left.iter().enumerate().filter_map(|(at, job)| {
            let ends = job.after.iter().map(|before| {
                done.iter().find(|(it, _)| it.id == *before).map(|(it, start)| start + it.duration)
            });
            let ready = ends.collect::<Option<Vec<_>>>()?.into_iter().max().unwrap_or(0);
            let start =
                (ready.max(job.not_before)..1_000).find(|at| fits(done, job, *at, capacity))?;
            let rest: Vec<&Job> =
                left.iter().enumerate().filter(|(it, _)| *it != at).map(|(_, job)| *job).collect();
            let done: Vec<(&Job, i64)> = done.iter().copied().chain([(*job, start)]).collect();
            Some(go(&rest, &done, capacity))
        });
        next.min().unwrap_or(i64::MAX)
    }
    go(&jobs.iter().collect::<Vec<_>>(), &[], capacity)
}

fn fits(done: &[(&Job, i64)], job: &Job, at: i64, capacity: &BTreeMap<String, u32>) -> bool {
    (at..at + job.duration).all(|moment| {
        capacity.iter().all(|(resource, there)| {
            let busy =
                done.iter().filter(|(it, from)| (*from..from + it.duration).contains(&moment));
            let used: u32 = busy.map(|(it, _)| it.needs[resource]).sum();
            used + job.needs[resource] <= *there
        })
    })
}

fn sound(jobs: &[Job], plan: &Plan, capacity: &BTreeMap<String, u32>) -> bool {
    let at = |id: &str| plan.jobs.iter().find(|job| job.id == id).unwrap();
    jobs.iter().enumerate().all(|(number, job)| {
        let others: Vec<(&Job, i64)> = jobs
            .iter()
            .enumerate()
            .filter(|(it, _)| *it != number)
            .map(|(_, it)| (it, at(&it.id).start))
            .collect();
        let placed = at(&job.id);
        placed.start >= job.not_before
            && placed.finish == placed.start + job.duration
            && job.after.iter().all(|before| at(before).finish <= placed.start)
            && fits(&others, job, placed.start, capacity)
            && (placed.delay > 0) == placed.waits_for.is_some()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn levelled_work_is_sound_between_its_bound_and_one_and_a_half_of_the_best((jobs, capacity) in jobs()) {
        let most = |job: &Job| job.needs.iter().all(|(it, units)| *units <= capacity[it]);
        prop_assume!(jobs.iter().all(most));
        let plan = level::level(&jobs, &capacity).unwrap();
        let best = shortest(&jobs, &capacity);
        prop_assert!(sound(&jobs, &plan, &capacity), "{plan:?}");
        prop_assert!(plan.lower_bound <= best && best <= plan.finish && 2 * plan.finish <= 3 * best, "{best} {plan:?}");
        let mut turned = jobs;
        turned.reverse();
        prop_assert_eq!(level::level(&turned, &capacity).unwrap(), plan);
    }

    #[test]
    fn posts_are_filled_once_within_the_rules_and_evenly(
        spans in prop::collection::vec((0..2_800_i64, 15..180_i64), 1..40), people in 1..6_usize
    ) {
        let posts: Vec<Post> = spans.iter().enumerate().map(|(at, (from, minutes))| Post { from: *from, to: from + minutes, id: format!("p{at}"), house: (at % 2).to_string() }).collect();
        let rules = Rules { minutes_a_day: 480, walk: 10 };
        let hands = shift::staff(&posts, people, rules).unwrap();
        let filled: BTreeSet<&str> = hands.iter().flatten().map(|post| post.id.as_str()).collect();
        prop_assert_eq!((filled.len(), hands.iter().flatten().count()), (posts.len(), posts.len()));
        for held in &hands {
            let walks = |pair: &[Post]| if pair[0].house == pair[1].house { 0 } else { 10 };
            let apart = held.windows(2).all(|pair| pair[0].to + walks(pair) <= pair[1].from);
            prop_assert!(apart);
            for day in 0..3 {
                let stood: i64 = held.iter().filter(|post| post.from / 1_440 == day).map(|post| post.to - post.from).sum();
                prop_assert!(stood <= 480);
            }
        }
        let mut turned = posts;
        turned.reverse();
        prop_assert_eq!(shift::staff(&turned, people, rules).unwrap(), hands);
    }
}

#[test]
fn what_waits_says_for_whom_and_too_few_hands_are_refused() {
    let job = |id: &str, crew| Job {
        id: id.to_owned(),
        duration: 2,
        needs: [("crew".to_owned(), crew)].into(),
        ..Job::default()
    };
    let capacity: BTreeMap<String, u32> = [("crew".to_owned(), 1)].into();
    let plan = level::level(&[job("b", 1), job("a", 1)], &capacity).unwrap();
    assert_eq!((plan.finish, plan.lower_bound), (4, 4));
    assert_eq!((plan.jobs[1].delay, plan.jobs[1].waits_for.as_deref()), (2, Some("crew")));
    let refused = level::level(&[job("heavy", 2)], &capacity).unwrap_err().to_string();
    assert!(refused.contains("heavy needs 2 of crew"), "{refused}");
}

#[test]
fn equal_posts_are_shared_equally() {
    let post = |at: i64| Post {
        from: at * 60,
        to: at * 60 + 60,
        id: format!("p{at:02}"),
        house: String::new(),
    };
    let rules = Rules { minutes_a_day: 600, walk: 0 };
    let hands = shift::assign(&(0..12).map(post).collect::<Vec<_>>(), 4, rules).unwrap();
    assert!(hands.iter().all(|held| held.len() == 3), "{hands:?}");
}
