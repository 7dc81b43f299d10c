//! What a language model may add to a plan: words, and options that nobody has taken.
//!
//! Figures, gates and schedules come from the agents; the model is shown them as facts and words them. Each answer must have
//! the schema asked for and may hold no number and no name that is not among its facts ([`truth`]); otherwise it is told why
//! and asked again, and then the built-in words stand. What was asked and answered is kept with the decision.
//!
//! The model itself is outside, behind [`Writer`]: nothing here reaches for a network.

mod facts;
mod reply;
pub mod truth;

use std::fmt;

use crate::{
    agent::{Desk, Reasons},
    artifact::{
        Alternative, Communication, CommunicationsPlan, Decision, DecisionLog, Dossier, Kind,
        ModelExchange,
    },
    instruction::Agent,
};
use reply::{Messages, Options, Reply, Summary};
use truth::Facts;

const RULES: &str = include_str!("../prompts/rules.md");
const MESSAGES: &str = include_str!("../prompts/messages.md");
const SUMMARY: &str = include_str!("../prompts/summary.md");
const OPTIONS: &str = include_str!("../prompts/options.md");
const AGAIN: &str = include_str!("../prompts/again.md");
/// Answers to one question; a model that got it wrong so often will not get it right.
const TRIES: usize = 3;
/// As many faults of an answer are told.
const MAX_FAULTS: usize = 8;
/// The summary's decision, by which the page finds it.
const SUMMARY_KIND: &str = "plan_summary";
/// The messages' decision.
const WORDING_KIND: &str = "message_wording";

/// A language model.
pub trait Writer: fmt::Debug {
    /// Its name, for the decision log.
    fn model(&self) -> &str;

    /// Its answer to a question, under rules.
    ///
    /// # Errors
    /// Why there is none, for the decision log; the model is then not asked again in this run.
    fn write(&self, rules: &str, question: &str) -> Result<String, String>;
}

/// Words the messages of the communications plan; audiences, channels, cadences and owners stay.
pub(crate) fn messages(desk: &mut Desk<'_>, plan: &mut CommunicationsPlan) {
    let brief = facts::of_scope(desk.scope());
    let items: Vec<String> =
        plan.communications.iter().map(|it| format!("{}: {}", it.audience, it.message)).collect();
    let known = facts::known_names(desk.world.catalogue);
    let question = fill(MESSAGES, &brief, &items, &Messages::schema());
    let wanted: Vec<&str> = plan.communications.iter().map(|it| it.audience.as_str()).collect();
    let facts = |audience: &str| {
        let own = items.iter().filter(|item| item.starts_with(&format!("{audience}: ")));
        Facts::new(brief.iter().chain(own), &known)
    };
    if desk.writer.is_none() {
        return keep(desk, plan, facts);
    }
    let asked = ask(desk, &question, |messages: &Messages| messages.faults(&wanted, facts));
    let Some((answer, exchange)) = asked else { return };
    let count = wanted.len();
    if let Some(Messages { messages }) = answer {
        for said in messages {
            let of_audience = |it: &&mut Communication| it.audience == said.audience;
            if let Some(communication) = plan.communications.iter_mut().find(of_audience) {
                communication.message = said.message;
            }
        }
    }
    let reasons = Reasons {
        kind: WORDING_KIND,
        description: outcome(
            &exchange,
            &format!("{count} messages of the communications plan are worded by"),
        ),
        rationale: "A model words what each audience must be told; whom, how and when is planned"
            .to_owned(),
        touches: vec![Kind::CommunicationsPlan],
        ..Reasons::default()
    };
    desk.decide_with(Agent::EventPlanner, reasons, Some(exchange));
}

/// Planned anew without a model, words of the model stay where they are still true.
fn keep(desk: &Desk<'_>, plan: &mut CommunicationsPlan, facts: impl Fn(&str) -> Facts) {
    let used = |decision: &Decision| {
        decision.decision_type == WORDING_KIND
            && decision.model.as_ref().is_some_and(|it| it.is_used)
    };
    let log = desk.before::<DecisionLog>();
    let Some(before) = desk.before::<CommunicationsPlan>() else { return };
    if !log.is_some_and(|log| log.decisions.iter().any(used)) {
        return;
    }
    for communication in &mut plan.communications {
        let known = before.communications.iter().find(|it| it.audience == communication.audience);
        let stays = |it: &&Communication| facts(&it.audience).faults(&it.message).is_empty();
        if let Some(known) = known.filter(stays) {
            communication.message.clone_from(&known.message);
        }
    }
}

/// Sums the plan up.
pub(crate) fn summary(desk: &mut Desk<'_>) {
    let lines = facts::of_plan(&desk.dossier);
    let facts = Facts::new(&lines, &facts::known_names(desk.world.catalogue));
    let question = fill(SUMMARY, &lines, &[], &Summary::schema());
    let asked = ask(desk, &question, |summary: &Summary| summary.faults(&facts));
    let Some((answer, exchange)) = asked else { return };
    let reasons = Reasons {
        kind: SUMMARY_KIND,
        description: outcome(&exchange, "The plan is summed up by"),
        rationale: answer
            .map_or_else(|| "The plan stands without a summary".to_owned(), |it| it.summary),
        touches: vec![Kind::EventBrief],
        ..Reasons::default()
    };
    desk.decide_with(Agent::EventPlanner, reasons, Some(exchange));
}

/// Lists what else could be looked at. Nothing of it is planned.
pub(crate) fn options(desk: &mut Desk<'_>) {
    let mut lines = facts::of_plan(&desk.dossier);
    lines.extend(facts::of_decisions(&desk.decisions));
    let facts = Facts::new(&lines, &facts::known_names(desk.world.catalogue));
    let question = fill(OPTIONS, &lines, &[], &Options::schema());
    let asked = ask(desk, &question, |options: &Options| options.faults(&facts));
    let Some((answer, exchange)) = asked else { return };
    let options = answer.map(|it| it.options).unwrap_or_default();
    let alternative = |it: reply::Proposal| Alternative {
        option: it.option,
        score: None,
        pros: vec![it.speaks_for],
        cons: vec![it.speaks_against],
    };
    let reasons = Reasons {
        kind: "model_options",
        description: outcome(&exchange, "Options to look at are proposed by"),
        rationale: "Proposed, not computed, not taken: no figure of the plan rests on them"
            .to_owned(),
        alternatives: options.into_iter().map(alternative).collect(),
        touches: vec![Kind::EventBrief],
    };
    desk.decide_with(Agent::EventPlanner, reasons, Some(exchange));
}

/// The summary of a plan, with its model's name, as long as it is true of the plan as it stands.
pub(crate) fn summary_of(dossier: &Dossier) -> Option<(&str, &str)> {
    let decisions = &dossier.get::<DecisionLog>()?.decisions;
    let decision = decisions.iter().rev().find(|it| it.decision_type == SUMMARY_KIND)?;
    let exchange = decision.model.as_ref().filter(|exchange| exchange.is_used)?;
    let facts = Facts::new(&facts::of_plan(dossier), &[]);
    facts.faults(&decision.rationale).is_empty().then_some((&decision.rationale, &exchange.model))
}

fn outcome(exchange: &ModelExchange, what: &str) -> String {
    if exchange.is_used {
        format!("{what} the model {}", exchange.model)
    } else {
        format!(
            "The model {} gave no words that could be used; the built-in ones stand",
            exchange.model
        )
    }
}

fn fill(prompt: &str, facts: &[String], items: &[String], schema: &str) -> String {
    let listed = |lines: &[String]| {
        lines.iter().map(|line| format!("- {line}")).collect::<Vec<_>>().join("\n")
    };
    let prompt = prompt.replace("{schema}", schema).replace("{items}", &listed(items));
    prompt.replace("{facts}", &listed(facts))
}

/// The answer that passes, and all that was said; nothing when there is no model, or none any more.
fn ask<T: Reply>(
    desk: &mut Desk<'_>,
    question: &str,
    faults: impl Fn(&T) -> Vec<String>,
) -> Option<(Option<T>, ModelExchange)> {
    let writer = desk.writer?;
    let mut exchange = ModelExchange {
        model: writer.model().to_owned(),
        prompt: format!("{RULES}\n{question}"),
        answers: Vec::new(),
        is_used: false,
    };
    let mut prompt = question.to_owned();
    for _ in 0..TRIES {
        let text = match writer.write(RULES, &prompt) {
            Ok(text) => text,
            Err(why) => {
                desk.writer = None; // it would only cost the same time again
                exchange.answers.push(format!("no answer: {why}"));
                break;
            }
        };
        let read = T::read(&text);
        exchange.answers.push(text);
        let wrong = match read {
            Ok(answer) => match faults(&answer) {
                none if none.is_empty() => {
                    exchange.is_used = true;
                    return Some((Some(answer), exchange));
                }
                some => some,
            },
            Err(fault) => vec![fault],
        };
        prompt = again(question, wrong);
        exchange.prompt = format!("{}\n\n{prompt}", exchange.prompt);
    }
    Some((None, exchange))
}

fn again(question: &str, faults: Vec<String>) -> String {
    let told: Vec<String> =
        faults.into_iter().take(MAX_FAULTS).map(|fault| format!("- {fault}")).collect();
    AGAIN.replace("{faults}", &told.join("\n")).replace("{question}", question)
}
