//! Who delivers what: the services of the cost model, a vendor for each with one that steps in, contracts to be approved.

use super::ME;
use crate::{
    agent::{Desk, Reasons},
    approval::Question,
    artifact::{
        Alternative, Amount, ApprovalKind, Basis, Contract, ContractStatus, CostModel, Kind,
        LineItem, ServiceLevel, Terms, VendorContracts,
    },
    catalogue::{Need, Price, Vendor},
    library::counted,
};

/// The service whose lines also carry a charge for service, and tax.
const CATERING: &str = "catering";

/// Services that somebody delivers under contract, as the cost model buys them.
pub(super) fn services<'a>(desk: &Desk<'a>) -> Vec<&'a str> {
    let model: &CostModel = desk.read();
    let mut services: Vec<&str> =
        model.line_items.iter().filter_map(|line| service_of(desk, line)).collect();
    services.sort_unstable();
    services.dedup();
    services
}

/// The service that a line pays for; none when nobody signs for it.
fn service_of<'a>(desk: &Desk<'a>, line: &LineItem) -> Option<&'a str> {
    let scope = desk.scope();
    let is_it = |price: &&Price| {
        price.category == line.category
            && price.item == line.item
            && price.levels.contains(&scope.level)
            && price.types.contains(&scope.event_type)
            && (price.need != Need::Hybrid || scope.is_hybrid)
    };
    desk.world.catalogue.prices.iter().find(is_it)?.service.as_deref()
}

/// What the cost model has for a service, charge and tax included.
fn total(desk: &Desk<'_>, service: &str) -> Amount {
    let model: &CostModel = desk.read();
    let pays = |line: &&LineItem| {
        service_of(desk, line) == Some(service)
            || (service == CATERING && line.category == CATERING && line.basis == Basis::Percentage)
    };
    model.line_items.iter().filter(pays).map(|line| line.total).sum()
}

/// A draft for each service with the preferred vendor that has not cancelled. Who cancelled stays, marked as such.
pub(super) fn contracts(desk: &Desk<'_>) -> VendorContracts {
    let mut contracts = Vec::new();
    for service in services(desk) {
        let mut vendors = desk.vendors(service);
        if let Some(vendor) = vendors.next() {
            let backup = vendors.next().map(|next| next.name.clone());
            contracts.push(contract(desk, vendor, backup, ContractStatus::Draft));
        }
        let cancelled = |vendor: &&Vendor| {
            vendor.service == service && desk.world.facts.cancelled_vendors.contains(&vendor.name)
        };
        let gone = desk.world.catalogue.vendors.iter().filter(cancelled);
        contracts
            .extend(gone.map(|vendor| contract(desk, vendor, None, ContractStatus::Cancelled)));
    }
    contracts.sort_by(|a, b| a.id.cmp(&b.id));
    VendorContracts { contracts }
}

fn contract(
    desk: &Desk<'_>,
    vendor: &Vendor,
    backup_vendor: Option<String>,
    status: ContractStatus,
) -> Contract {
    let scope = desk.scope();
    let service_level = ServiceLevel {
        metric: vendor.sla_metric.clone(),
        target: vendor.sla_target.clone(),
        penalty: vendor.sla_penalty.clone(),
    };
    Contract {
        id: format!("vk-{}-{}", scope.event_id, super::slug(&vendor.name)),
        vendor_name: vendor.name.clone(),
        service_type: vendor.service.clone(),
        terms: Terms {
            start_date: scope.dates.start.date(),
            end_date: scope.dates.end.date(),
            total_cost: total(desk, &vendor.service),
            payment_terms: vendor.payment_terms.clone(),
        },
        sla: vec![service_level],
        cancellation_policy: format!(
            "{} notice; later {} % of the price are due",
            counted(vendor.notice_days.into(), "day"),
            vendor.cancellation_fee_percent
        ),
        backup_vendor,
        status,
    }
}

/// Asks for each draft; what is cancelled needs no yes.
pub(super) fn ask(desk: &mut Desk<'_>) {
    let contracts = desk.read::<VendorContracts>().contracts.clone();
    for contract in contracts.iter().filter(|it| it.status == ContractStatus::Draft) {
        let total = contract.terms.total_cost;
        let question = Question {
            kind: ApprovalKind::VendorContract,
            item: Some(contract.id.clone()),
            question: format!(
                "Sign {} for {} at {}?",
                contract.vendor_name,
                contract.service_type,
                total.shown(desk.scope().currency)
            ),
            amount: Some(total),
            consequences: vec![format!(
                "payment and cancellation bind as `{}` of the vendor contracts says",
                contract.id
            )],
        };
        desk.ask(Kind::VendorContracts, question);
    }
}

/// One decision for all services: who delivers, and who else could. Terms are confidential and stay in the contracts.
pub(super) fn explain(desk: &mut Desk<'_>) {
    let (filled, open): (Vec<&str>, Vec<&str>) =
        services(desk).into_iter().partition(|service| desk.vendors(service).next().is_some());
    if !filled.is_empty() {
        let reasons = choice(desk, &filled);
        desk.decide(ME, reasons);
    }
    if !open.is_empty() {
        let reasons = nobody(desk, &open);
        desk.decide(ME, reasons);
    }
}

fn choice(desk: &Desk<'_>, services: &[&str]) -> Reasons {
    let name = |service: &&str| {
        let taken = desk.vendors(service).next().map_or("nobody", |vendor| &vendor.name);
        format!("{taken} for {service}")
    };
    let figures = |service: &&str| {
        let left = desk.vendors(service).count();
        format!(
            "{service}: {}, first of the {} that can be had",
            total(desk, service).shown(desk.scope().currency),
            counted(i64::try_from(left).unwrap_or(0), "vendor")
        )
    };
    let others = |service: &&str| {
        let mut vendors = desk.vendors(service);
        let taken = vendors.next();
        let service = (*service).to_owned();
        vendors
            .filter_map(move |other| Some(alternative(&service, taken?, other)))
            .collect::<Vec<_>>()
    };
    Reasons {
        kind: "vendor_selection",
        description: services.iter().map(name).collect::<Vec<_>>().join("; "),
        rationale: services.iter().map(figures).collect::<Vec<_>>().join("; "),
        alternatives: services.iter().flat_map(others).collect(),
        touches: vec![Kind::VendorContracts],
    }
}

/// Another vendor, compared with the one that is proposed.
fn alternative(service: &str, taken: &Vendor, other: &Vendor) -> Alternative {
    let (mut pros, mut cons) = (Vec::new(), Vec::new());
    let mut compare = |is_better: bool, is_worse: bool, words: [&str; 2]| {
        if is_better {
            pros.push(words[0].to_owned());
        } else if is_worse {
            cons.push(words[1].to_owned());
        }
    };
    let (fee, its) = (taken.cancellation_fee_percent, other.cancellation_fee_percent);
    compare(
        its < fee,
        its > fee,
        ["less is due when cancelled late", "more is due when cancelled late"],
    );
    let (notice, its) = (taken.notice_days, other.notice_days);
    compare(its < notice, its > notice, ["may be cancelled later", "must be cancelled earlier"]);
    Alternative { option: format!("{} for {service}", other.name), score: None, pros, cons }
}

fn nobody(desk: &Desk<'_>, services: &[&str]) -> Reasons {
    let money = |service: &&str| {
        format!(
            "the cost model has {} for {service}",
            total(desk, service).shown(desk.scope().currency)
        )
    };
    let option = |option: &str, pro: &str, con: &str| Alternative {
        option: format!("{option} {}", services.join(" and ")),
        score: None,
        pros: vec![pro.to_owned()],
        cons: vec![con.to_owned()],
    };
    Reasons {
        kind: "vendor_shortage",
        description: format!("Nobody is left for {}", services.join(" and ")),
        rationale: format!(
            "every vendor of the catalogue has cancelled; {}",
            services.iter().map(money).collect::<Vec<_>>().join("; ")
        ),
        alternatives: vec![
            option(
                "find a vendor outside of the catalogue for",
                "the programme stays",
                "price and reliability are not known",
            ),
            option("do without", "its money is free", "guests will miss it"),
        ],
        touches: vec![Kind::VendorContracts],
    }
}
