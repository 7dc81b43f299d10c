//! Who stands where: posts for people, nobody in two places, nobody too long, everybody about as long.
//!
//! Source: interval partitioning (J. Kleinberg and É. Tardos, *Algorithm Design*, 4.1): in the order of beginnings
//! whoever is free may take the next post, so it goes to who has stood least so far; afterwards posts move or change hands
//! as long as that brings the times nearer together (descent on the sum of squares).

use serde::{Deserialize, Serialize};

/// Minutes of a day.
const DAY: i64 = 24 * 60;
/// Rounds over all posts that look for a fairer hand: a handful is enough, more is a guard.
const ROUNDS_MAX: usize = 50;

/// A place at which somebody stands for some time, in minutes, half open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Post {
    /// From this minute.
    pub from: i64,
    /// To this minute, exclusive.
    pub to: i64,
    /// Names it; unique.
    pub id: String,
    /// The house that it is in: between two of them is a way to walk.
    pub house: String,
}

impl Post {
    fn minutes(&self) -> i64 {
        self.to - self.from
    }
}

/// What nobody may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules {
    /// Minutes that one person stands in a day at most.
    pub minutes_a_day: i64,
    /// Minutes between two posts of one person in different houses.
    pub walk: i64,
}

/// There are too few people.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{people} people cannot fill {post}: everybody stands elsewhere or has stood long enough that day"
)]
pub struct TooFew {
    /// So many are not enough.
    pub people: usize,
    /// The first post that nobody can take.
    pub post: String,
}

/// The posts of each person, by time. The order of the posts changes nothing.
///
/// # Errors
/// Too few people.
pub fn assign(posts: &[Post], people: usize, rules: Rules) -> Result<Vec<Vec<Post>>, TooFew> {
    let mut posts: Vec<&Post> = posts.iter().collect();
    posts.sort();
    let mut hands: Vec<Vec<&Post>> = vec![Vec::new(); people];
    for post in posts {
        let free = hands.iter().enumerate().filter(|(_, held)| may(held, post, None, rules));
        let least = free.min_by_key(|(at, held)| (total(held), *at)).map(|(at, _)| at);
        match least.and_then(|at| hands.get_mut(at)) {
            Some(held) => held.push(post),
            None => return Err(TooFew { people, post: post.id.clone() }),
        }
    }
    even(&mut hands, rules);
    Ok(hands.into_iter().map(|held| held.into_iter().cloned().collect()).collect())
}

/// The fewest people with whom it works, from `at_least` on.
///
/// # Errors
/// When one post alone is longer than anybody may stand.
pub fn staff(posts: &[Post], at_least: usize, rules: Rules) -> Result<Vec<Vec<Post>>, TooFew> {
    let mut people = at_least.max(1);
    loop {
        match assign(posts, people, rules) {
            Err(_) if people <= posts.len() => people += 1,
            answer => return answer,
        }
    }
}

fn total(held: &[&Post]) -> i64 {
    held.iter().map(|post| post.minutes()).sum()
}

/// Whether somebody with these posts, but for `without`, may take another.
fn may(held: &[&Post], post: &Post, without: Option<&Post>, rules: Rules) -> bool {
    let day = post.from.div_euclid(DAY);
    let mut stood = post.minutes();
    for other in held.iter().filter(|other| without != Some(**other)) {
        let walk = if other.house == post.house { 0 } else { rules.walk };
        if other.from < post.to + walk && post.from < other.to + walk {
            return false;
        }
        if other.from.div_euclid(DAY) == day {
            stood += other.minutes();
        }
    }
    stood <= rules.minutes_a_day
}

/// Moves and exchanges until none brings two people's times nearer together.
fn even(hands: &mut [Vec<&Post>], rules: Rules) {
    for _ in 0..ROUNDS_MAX {
        let mut changed = false;
        for from in 0..hands.len() {
            for to in 0..hands.len() {
                while from != to && relieve(hands, (from, to), rules) {
                    changed = true;
                }
            }
        }
        if !changed {
            break;
        }
    }
    for held in hands {
        held.sort();
    }
}

/// Takes a post from one who stands longer, perhaps for a shorter one; says whether that was possible.
fn relieve(hands: &mut [Vec<&Post>], (from, to): (usize, usize), rules: Rules) -> bool {
    let (Some(long), Some(short)) = (hands.get(from), hands.get(to)) else { return false };
    let gap = total(long) - total(short);
    if gap <= 0 {
        return false;
    }
    let nothing = std::iter::once(None);
    let back = || nothing.clone().chain(short.iter().copied().map(Some));
    let nearer = |post: &Post, back: Option<&Post>| {
        let moved = post.minutes() - back.map_or(0, Post::minutes);
        0 < moved && moved < gap
    };
    let possible = long.iter().flat_map(|post| back().map(move |back| (*post, back)));
    let found = possible.filter(|(post, back)| nearer(post, *back)).find(|(post, back)| {
        may(short, post, *back, rules) && back.is_none_or(|back| may(long, back, Some(post), rules))
    });
    let Some((post, back)) = found else { return false };
    exchange(hands, (from, to), post);
    if let Some(back) = back {
        exchange(hands, (to, from), back);
    }
    true
}

fn exchange<'a>(hands: &mut [Vec<&'a Post>], (from, to): (usize, usize), post: &'a Post) {
    if let Some(held) = hands.get_mut(from) {
        held.retain(|other| *other != post);
    }
    if let Some(held) = hands.get_mut(to) {
        held.push(post);
    }
}
