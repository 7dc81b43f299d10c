//! Writers: each creates, renames and archives schools of its district, one operation after the other, and repeats an
//! operation whose outcome it does not know with the same key until it knows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kernel::TenantId;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use reqwest::Method;
use serde_json::json;
use testkit::{Answer, Client};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::history::{Acknowledged, Action, History, Operation, School, Try};
use super::site::Site;

/// Writers of one district: two, so that order and numbers are contended within it, too.
const WRITERS: usize = 2;
/// How long a writer waits for an answer; a stopped node never gives one.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// How long it insists on an answer that settles the outcome.
const INSIST: Duration = Duration::from_mins(2);
/// The pause before it asks again.
const ASK_AGAIN: Duration = Duration::from_millis(20);
/// One operation in so many is sent again after its acknowledgement: the answer must be the same bytes.
const REPEAT_ONE_IN: u32 = 10;

/// The nodes that can be written to now.
pub(super) type Nodes = watch::Sender<Vec<Client>>;

/// Writers at work.
pub(super) struct Generator {
    nodes: Nodes,
    acknowledged: watch::Sender<usize>,
    enough: CancellationToken,
    writers: JoinSet<History>,
}

impl Generator {
    /// Lets the writers of every district begin: each district's do at least `each` operations, and go on until
    /// [`Generator::finish`].
    pub(super) fn start(site: &Site, districts: &[TenantId], each: usize, seed: u64) -> Self {
        let mut generator = Self {
            nodes: watch::Sender::new(Vec::new()),
            acknowledged: watch::Sender::new(0),
            enough: CancellationToken::new(),
            writers: JoinSet::new(),
        };
        for (number, tenant) in districts.iter().flat_map(|t| [*t; WRITERS]).enumerate() {
            let writer = Writer {
                name: format!("writer-{seed:x}-{number}"),
                tenant,
                token: Arc::from(site.token(tenant)),
                nodes: generator.nodes.subscribe(),
                rng: StdRng::seed_from_u64(seed ^ (number as u64 + 1)),
                schools: Vec::new(),
                history: History::default(),
            };
            let (count, enough) = (generator.acknowledged.clone(), generator.enough.clone());
            generator.writers.spawn(writer.work(each.div_ceil(WRITERS), count, enough));
        }
        generator
    }

    /// Tells the writers which nodes there are.
    pub(super) fn write_to(&self, urls: &[&str]) {
        self.nodes.send_replace(urls.iter().map(|url| Client::new(url).unwrap()).collect());
    }

    /// How many operations are acknowledged.
    pub(super) fn acknowledged(&self) -> usize {
        *self.acknowledged.borrow()
    }

    /// Waits until this many operations are acknowledged, or a writer failed.
    pub(super) async fn progress(&mut self, count: usize) {
        let mut progress = self.acknowledged.subscribe();
        tokio::select! {
            _ = progress.wait_for(|acknowledged| *acknowledged >= count) => {}
            Some(ended) = self.writers.join_next() => {
                let early = ended.unwrap();
                panic!("a writer ended after {} operations", early.acknowledged.len());
            }
        }
    }

    /// Lets every writer finish what it does and at least its share.
    pub(super) async fn finish(self) -> Vec<History> {
        self.enough.cancel();
        self.writers.join_all().await
    }
}

struct Writer {
    name: String,
    tenant: TenantId,
    token: Arc<str>,
    nodes: watch::Receiver<Vec<Client>>,
    rng: StdRng,
    /// Its active schools.
    schools: Vec<(School, String)>,
    history: History,
}

impl Writer {
    async fn work(
        mut self,
        at_least: usize,
        count: watch::Sender<usize>,
        enough: CancellationToken,
    ) -> History {
        let mut done = 0;
        while done < at_least || !enough.is_cancelled() {
            let operation = self.invent(done);
            let answer = self.insist(&operation).await;
            self.note(operation, answer);
            count.send_modify(|count| *count += 1);
            done += 1;
            if self.rng.random_ratio(1, REPEAT_ONE_IN) {
                self.repeat().await;
            }
        }
        self.history
    }

    /// Six creations, three renames and an archival among ten operations.
    fn invent(&mut self, number: usize) -> Operation {
        let key = format!("{}-{number}", self.name);
        let (name, dice) = (format!("School {key}"), self.rng.random_range(0..10));
        if dice < 6 || self.schools.is_empty() {
            return Operation { action: Action::Create, key, school: None, name };
        }
        let place = self.rng.random_range(0..self.schools.len());
        let (school, old) = self.schools.swap_remove(place);
        let (action, name) = if dice < 9 { (Action::Rename, name) } else { (Action::Archive, old) };
        Operation { action, key, school: Some(school), name }
    }

    /// Sends the operation until its outcome is known.
    async fn insist(&mut self, operation: &Operation) -> Answer {
        let deadline = Instant::now() + INSIST;
        for attempt in 0.. {
            let client = self.client(attempt).await;
            let began = Instant::now();
            let sent = timeout(ANSWER_WITHIN, send(&client, operation)).await;
            let answer = sent.ok().and_then(Result::ok);
            self.history.tries.push(Try { answer: answer.clone(), took: began.elapsed() });
            match answer {
                Some(answer) if is_settled(&answer) => return answer,
                unknown => assert!(Instant::now() < deadline, "{operation:?}: {unknown:?}"),
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
        unreachable!("the deadline ends it")
    }

    /// A node, another one at each attempt.
    async fn client(&mut self, attempt: usize) -> Client {
        let nodes = self.nodes.wait_for(|nodes| !nodes.is_empty()).await.unwrap();
        let node = (attempt + self.schools.len()) % nodes.len();
        nodes[node].clone().with_token(&*self.token).in_tenant(self.tenant)
    }

    /// Keeps what was acknowledged. Any other answer means that something was lost, or done twice.
    fn note(&mut self, operation: Operation, answer: Answer) {
        answer.expect(operation.action.status());
        let id = match &operation.school {
            Some(school) => school.id,
            None => answer.json()["schoolId"].as_str().unwrap().parse().unwrap(),
        };
        if operation.action != Action::Archive {
            let school = School { id, etag: answer.etag().to_owned() };
            self.schools.push((school, operation.name.clone()));
        }
        let tenant = self.tenant;
        self.history.acknowledged.push(Acknowledged { tenant, operation, school: id, answer });
    }

    /// Sends something acknowledged once more: nothing happens, and the answer is the same bytes.
    async fn repeat(&mut self) {
        let place = self.rng.random_range(0..self.history.acknowledged.len());
        let before = self.history.acknowledged[place].clone();
        let answer = self.insist(&before.operation).await;
        assert_eq!(answer.status, before.answer.status, "{before:?}: {}", answer.text());
        assert_eq!(answer.body, before.answer.body, "{before:?}");
        assert_eq!(answer.etag(), before.answer.etag(), "{before:?}");
    }
}

/// Not an answer that settles the matter: the server is busy with it, or cannot say.
fn is_settled(answer: &Answer) -> bool {
    let in_progress = answer.status == 409 && answer.text().contains("/in-progress");
    answer.status < 500 && !in_progress
}

/// Sends an operation once.
pub(super) async fn send(client: &Client, operation: &Operation) -> anyhow::Result<Answer> {
    let body = json!({"name": operation.name});
    let request = match (&operation.school, operation.action) {
        (Some(school), Action::Rename) => {
            client.patch(&format!("/schools/{}", school.id), &school.etag, body)
        }
        (Some(school), Action::Archive) => {
            client.request(Method::DELETE, &format!("/schools/{}", school.id))
        }
        _ => client.post("/schools", body),
    };
    request.header("idempotency-key", &operation.key).await
}
