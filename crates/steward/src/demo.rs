//! `--demo`: a district to look at, brought in once by the same import that a registrar uses.

use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use kernel::{
    Cx, Kernel, TenantId,
    answer::Reply,
    cx::Origin,
    http::upload::Received,
    permission::{ImportWrite, TenantProvision, TenantRead},
    problem::Problem,
    rows::{Order, Wanted},
    tenant::Status,
};
use roster::{
    Error,
    bulk::{self, BulkJob, JobId, JobStatus, JobType},
    import::{self, ByKind, NewImport},
    oneroster::Version,
    school,
    seed::{self, District, Shape},
    tenant,
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::cli::tell;

const NAME: &str = "Springfield Public Schools";
/// Enough for every list to have pages, few enough to be there in seconds.
const STUDENTS: u32 = 500;
/// The source that its ids are of: that of `steward roster export`, when none is named.
const SOURCE: &str = "sis";
/// Who the audit trail says it was.
const ACTOR: &str = "demo";
/// How often it is looked whether the district is complete.
const LOOK: Duration = Duration::from_millis(100);

/// The demo district.
#[derive(Debug)]
pub struct Demo {
    /// Its tenant.
    pub tenant: TenantId,
    /// The job that brings its roster in, unless it is there already.
    pub filling: Option<JobId>,
}

/// Provisions the demo district and hands its roster to a job, unless an earlier start has. What people have changed in it
/// since stays as it is.
///
/// # Errors
/// When the database fails, or there is no region for it.
pub async fn open(kernel: &Kernel) -> anyhow::Result<Demo> {
    let demo = opened(kernel).await.map_err(|problem| {
        let internal = problem.internal.as_deref().unwrap_or_default();
        anyhow::anyhow!("the demo district: {} {internal}", problem.detail)
    })?;
    let coming = if demo.filling.is_some() { "; its roster is coming in" } else { "" };
    tell(&format!("The demo district {NAME:?} is tenant {}{coming}.", demo.tenant));
    Ok(demo)
}

/// Waits until the roster of the district is there, and tells what it holds.
pub async fn follow(kernel: Kernel, demo: Demo, started: Instant) {
    let Some(id) = demo.filling else { return };
    let cx = acting(&kernel, demo.tenant);
    loop {
        match cx.read(async |tx| bulk::read(tx, id).await).await {
            Ok(job) if job.completed_at.is_some() => break tell(&ended(&job, started)),
            Ok(_) => tokio::time::sleep(LOOK).await,
            Err(problem) => {
                tracing::warn!(detail = problem.detail, "the demo district is not followed");
                break;
            }
        }
    }
}

fn ended(job: &BulkJob, started: Instant) -> String {
    match import::summary(job) {
        Ok(summary) if job.status == JobStatus::Completed => {
            let (seconds, held) = (started.elapsed().as_secs_f64(), holding(&summary.counts));
            format!("The demo district is complete after {seconds:.1} s: {held}.")
        }
        _ => {
            let why = job.error.as_deref().unwrap_or("Its bulk job says more.");
            format!("The demo district is not complete. {why}")
        }
    }
}

/// What the district holds, in words.
fn holding(counts: &ByKind) -> String {
    let there = |(kind, counts): (&import::Kind, &import::Counts)| {
        format!("{} {}", counts.created + counts.updated + counts.unchanged, kind.name())
    };
    counts.iter().map(there).collect::<Vec<_>>().join(", ")
}

async fn opened(kernel: &Kernel) -> Result<Demo, Problem> {
    let tenant = provisioned(kernel).await?;
    let platform = Cx::<TenantRead>::platform(kernel.clone(), ACTOR, origin(kernel), None);
    let found = platform.read(async |tx| tenant::read(tx, tenant).await).await?;
    let filling = match found.body.status {
        Status::Active => filling(kernel, tenant).await?,
        // Somebody tries out what then happens.
        Status::Suspended | Status::Deactivated => None,
    };
    Ok(Demo { tenant, filling })
}

/// The tenant of that name, which is provisioned if there is none.
async fn provisioned(kernel: &Kernel) -> Result<TenantId, Problem> {
    let region = kernel.regions.first().map_or("default", |r| r.name.as_str());
    let asked = json!({"name": NAME, "region": region, "externalRefs": [{"source": "state", "value": "IL-186"}]});
    let asked: tenant::ProvisionTenant =
        serde_json::from_value(asked).map_err(|e| Problem::internal(&e))?;
    let new = asked.parse().map_err(Error::Invalid)?;
    let cx = Cx::<TenantProvision>::platform(kernel.clone(), ACTOR, origin(kernel), None);
    let provision = async move |tx: &mut _| tenant::provision(tx, &new).await;
    match cx.write("roster.tenant.provision", provision).await {
        Ok(reply) => Ok(TenantId(id(&reply, "/tenantId")?)),
        Err(problem) => problem.conflict.as_ref().map(|twin| TenantId(twin.id)).ok_or(problem),
    }
}

/// The job that fills the district: the open one, or a new one when there is no school yet.
async fn filling(kernel: &Kernel, tenant: TenantId) -> Result<Option<JobId>, Problem> {
    let look = async |tx: &mut _| {
        let one = Wanted { search: None, order: Order::Name, after: None, limit: 1 };
        for status in [JobStatus::Running, JobStatus::Pending] {
            let jobs = bulk::list(tx, Some(JobType::OneRoster), Some(status), &one).await?;
            if let Some(job) = jobs.first() {
                return Ok::<_, Error>((Some(job.job_id), false));
            }
        }
        Ok((None, school::list(tx, None, &one).await?.is_empty()))
    };
    let (open, is_empty) = acting(kernel, tenant).read(look).await?;
    if !is_empty {
        return Ok(open);
    }
    let package = package(kernel)?;
    let new = NewImport { source: SOURCE.to_owned(), dry_run: false };
    let accept = async move |tx: &mut _| import::accept(tx, &new, &package).await;
    let reply = acting(kernel, tenant).write("roster.import.accept", accept).await?;
    Ok(Some(JobId(id(&reply, "/jobId")?)))
}

/// The district in the school year that is running.
fn package(kernel: &Kernel) -> Result<Received, Problem> {
    let today = kernel.clock.now().to_zoned(TimeZone::UTC).date();
    let shape = Shape { year: seed::school_year(today), ..Shape::of(STUDENTS) };
    let package = District::of(shape).package(Version::V1p2).map_err(|e| Problem::internal(&e))?;
    Received::own(kernel, &package).map_err(|e| Problem::internal(&e))
}

fn acting(kernel: &Kernel, tenant: TenantId) -> Cx<ImportWrite> {
    Cx::system(kernel.clone(), tenant, ACTOR, origin(kernel), None)
}

fn origin(kernel: &Kernel) -> Origin {
    Origin::own(kernel.ids.next())
}

/// The id at a pointer of an answer.
fn id(reply: &Reply, pointer: &str) -> Result<Uuid, Problem> {
    let body: Value = serde_json::from_slice(&reply.body).map_err(|e| Problem::internal(&e))?;
    let id = body.pointer(pointer).cloned().unwrap_or_default();
    serde_json::from_value(id).map_err(|e| Problem::internal(&e))
}
