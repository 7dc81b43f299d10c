//! `--demo`: a district to look at, made once by the same commands that requests use.

use kernel::{
    Cx, Kernel, TenantId,
    cx::Origin,
    permission::{SchoolCreate, TenantProvision, TenantRead},
    problem::Problem,
    tx::Tx,
};
use roster::{Error, school, tenant};
use serde_json::json;

const DISTRICT: &str = "Springfield Public Schools";
const SCHOOLS: [(&str, &str); 6] = [
    ("Lincoln Elementary School", "SPS-101"),
    ("Washington Elementary School", "SPS-102"),
    ("Maple Grove Elementary School", "SPS-103"),
    ("Riverside Middle School", "SPS-201"),
    ("Jefferson Middle School", "SPS-202"),
    ("Springfield High School", "SPS-301"),
];
const ZONE: &str = "America/Chicago";
/// Who the audit trail says it was.
const ACTOR: &str = "demo";

/// Makes the demo district unless there is one, and answers its id.
///
/// # Errors
/// When the database fails, or there is no region for it.
pub async fn fill(kernel: &Kernel) -> anyhow::Result<TenantId> {
    let district = match find(kernel).await.map_err(|e| told(&e))? {
        Some(district) => district,
        None => make(kernel).await.map_err(|e| told(&e))?,
    };
    crate::cli::tell(&format!("The demo district {DISTRICT:?} is tenant {district}."));
    Ok(district)
}

fn told(problem: &Problem) -> anyhow::Error {
    anyhow::anyhow!(
        "the demo district: {} {}",
        problem.detail,
        problem.internal.as_deref().unwrap_or_default()
    )
}

async fn find(kernel: &Kernel) -> Result<Option<TenantId>, Problem> {
    let cx = Cx::<TenantRead>::platform(kernel.clone(), ACTOR, origin(kernel), None);
    let page =
        cx.read(async |tx| tenant::list(tx, None, None, 100, |_| String::new()).await).await?;
    Ok(page.items.iter().find(|t| t.name == DISTRICT).map(|t| t.tenant_id))
}

async fn make(kernel: &Kernel) -> Result<TenantId, Problem> {
    let region = kernel.regions.first().map_or("default", |r| r.name.as_str());
    let asked = json!({"name": DISTRICT, "region": region, "externalRefs": [{"source": "state", "value": "IL-186"}]});
    let asked: tenant::ProvisionTenant = parsed(asked)?;
    let new = asked.parse().map_err(Error::Invalid)?;
    let cx = Cx::<TenantProvision>::platform(kernel.clone(), ACTOR, origin(kernel), None);
    cx.write("roster.tenant.provision", async move |tx| tenant::provision(tx, &new).await).await?;
    let district = find(kernel).await?.ok_or_else(Problem::missing)?;
    for (name, number) in SCHOOLS {
        let asked = json!({"name": name, "timezone": ZONE, "externalRefs": [{"source": "sis", "value": number}]});
        let asked: school::CreateSchool = parsed(asked)?;
        let cx = Cx::<SchoolCreate>::system(kernel.clone(), district, ACTOR, origin(kernel), None);
        let create = async move |tx: &mut Tx| school::create(tx, asked.clone()).await;
        cx.write("roster.school.create", create).await?;
    }
    Ok(district)
}

fn origin(kernel: &Kernel) -> Origin {
    Origin::own(kernel.ids.next())
}

fn parsed<T: serde::de::DeserializeOwned>(json: serde_json::Value) -> Result<T, Problem> {
    serde_json::from_value(json).map_err(|e| Problem::internal(&e))
}
