//! A model words, and changes nothing: good, lying, slow and absent ones against the same brief.

use std::sync::LazyLock;

use chat::{
    Blocking, Message,
    stand_in::{Act, Heard, StandIn},
};
use convene::{
    agent::{self, Facts, World},
    artifact::{CommunicationsPlan, Decision, DecisionLog, Dossier, Kind},
    brief,
    catalogue::Catalogue,
    instruction::Instructions,
    prose::Writer,
    render,
};
use jiff::civil::date;
use serde_json::{Value, json};

const CONFERENCE: &str = include_str!("fixtures/s02.json");

/// The port over the stand-in's endpoint.
#[derive(Debug)]
struct Model(Blocking);

impl Writer for Model {
    fn model(&self) -> &str {
        self.0.model()
    }

    fn write(&self, rules: &str, question: &str) -> Result<String, String> {
        let talk = [Message::system(rules), Message::user(question)];
        self.0.ask(&talk).map(|answer| answer.text).map_err(|e| e.to_string())
    }
}

fn run(text: &str, writer: Option<&dyn Writer>, before: Option<&Dossier>) -> Dossier {
    let catalogue = Catalogue::built_in();
    let brief = brief::parse(text).unwrap();
    let scope = brief::settle(&brief, &catalogue, date(2026, 11, 2), None).unwrap();
    let (instructions, facts) = (Instructions::built_in(), Facts::default());
    let world = World {
        scope: &scope,
        catalogue: &catalogue,
        instructions: &instructions,
        facts: &facts,
        seed: 7,
        before,
    };
    agent::plan_with(world, writer).unwrap()
}

fn worded(script: impl Fn(&Heard) -> Act + Send + Sync + 'static) -> (Dossier, usize) {
    let server = StandIn::start(script).unwrap();
    let model = Model(Blocking::new(server.settings()).unwrap());
    let dossier = run(CONFERENCE, Some(&model), None);
    (dossier, server.heard().len())
}

/// What stands in a question's line behind `- NAME: `.
fn fact<'a>(question: &'a str, name: &str) -> &'a str {
    let start = format!("- {name}: ");
    question.lines().find_map(|line| line.strip_prefix(&start)).unwrap()
}

/// A model that keeps the rules, its summary given.
fn honest(heard: &Heard, summary: impl Fn(&str) -> String) -> Act {
    let question = heard.question();
    let answer = if question.contains("Summarise the plan") {
        json!({ "summary": summary(question) })
    } else if question.contains("Propose up to") {
        json!({ "options": [{ "option": "Consider a shorter programme", "speaks_for": "it costs less", "speaks_against": "it serves fewer objectives" }] })
    } else {
        let told = question.split_once("must be told:\n").unwrap().1.split_once("\n\n").unwrap().0;
        let told = told.lines().filter_map(|line| line.strip_prefix("- ")?.split_once(": "));
        let message = |(audience, text): (&str, &str)| json!({ "audience": audience, "message": format!("We send you this: {text}.") });
        json!({ "messages": told.map(message).collect::<Vec<Value>>() })
    };
    Act::Says(format!("Here it is:\n```json\n{answer}\n```"))
}

fn budget(question: &str) -> String {
    format!("The total budget is {}.", fact(question, "Total budget"))
}

fn exchanges(dossier: &Dossier) -> Vec<&Decision> {
    let log = dossier.get::<DecisionLog>().unwrap();
    log.decisions.iter().filter(|decision| decision.model.is_some()).collect()
}

/// The same plan without a model.
static WITHOUT: LazyLock<Dossier> = LazyLock::new(|| run(CONFERENCE, None, None));

/// Everything but the log, and the messages where they may differ, is as without a model.
fn assert_same_plan(dossier: &Dossier, but: &[Kind]) {
    let kinds = |it: &Dossier| it.artifacts().map(|one| one.header.kind).collect::<Vec<_>>();
    assert_eq!(kinds(dossier), kinds(&WITHOUT));
    for artifact in WITHOUT.artifacts().filter(|it| !but.contains(&it.header.kind)) {
        let kind = artifact.header.kind;
        assert_eq!(dossier.find(kind).unwrap().body, artifact.body, "{kind}");
    }
}

#[test]
fn a_good_model_words_messages_and_a_summary_proposes_options_and_changes_no_figure() {
    let (dossier, asked) = worded(|heard| honest(heard, budget));
    assert_eq!(asked, 3);
    assert_same_plan(&dossier, &[Kind::CommunicationsPlan, Kind::DecisionLog]);
    let plan = dossier.get::<CommunicationsPlan>().unwrap();
    assert!(plan.communications.iter().all(|it| it.message.starts_with("We send you this: ")));
    let made = exchanges(&dossier);
    assert_eq!(made.len(), 3);
    for decision in &made {
        let exchange = decision.model.as_ref().unwrap();
        assert!(exchange.is_used && exchange.answers.len() == 1, "{exchange:?}");
        assert!(exchange.prompt.contains("State only what the facts state"), "{exchange:?}");
    }
    assert_eq!(made[2].alternatives_considered[0].option, "Consider a shorter programme");
    let page = render::plan(&dossier).unwrap();
    assert!(page.contains("The total budget is USD 50,000. (Worded by stand-in.)"), "{page}");
}

#[test]
fn a_lie_is_refused_three_times_kept_in_the_log_and_not_in_the_plan() {
    let lies = [
        "The total budget is USD 50,001.",
        "The total budget is USD 200.",
        "This is planned for two thousand people.",
        "The venue is the Grand Meridian.",
        "The budget is approved.",
        "It costs $1.",
        "",
    ];
    for lie in lies {
        let (dossier, asked) = worded(move |heard| honest(heard, |_| lie.to_owned()));
        assert_eq!(asked, 5, "one, three, one: {lie}");
        assert_same_plan(&dossier, &[Kind::CommunicationsPlan, Kind::DecisionLog]);
        let summary = exchanges(&dossier)[1];
        let exchange = summary.model.as_ref().unwrap();
        assert!(!exchange.is_used && exchange.answers.len() == 3, "{exchange:?}");
        assert!(exchange.answers.iter().all(|answer| answer.contains(lie)), "{exchange:?}");
        assert!(!render::plan(&dossier).unwrap().contains("Worded by"), "{lie}");
    }
}

#[test]
fn a_venue_of_the_catalogue_that_was_not_chosen_is_no_fact() {
    let page = render::plan(&WITHOUT).unwrap();
    let catalogue = Catalogue::built_in();
    let other = catalogue.venues.iter().find(|venue| !page.contains(&venue.name)).unwrap();
    let lie = format!("it takes place at {}.", other.name.to_lowercase());
    let (dossier, _) = worded(move |heard| honest(heard, |_| lie.clone()));
    assert!(!exchanges(&dossier)[1].model.as_ref().unwrap().is_used, "{}", other.name);
}

#[test]
fn a_fault_is_told_and_mended() {
    let (dossier, asked) = worded(|heard| {
        let first = !heard.question().contains("Your answer was refused");
        honest(
            heard,
            |question| if first { "The budget is USD 7.".to_owned() } else { budget(question) },
        )
    });
    assert_eq!(asked, 4);
    let exchange = exchanges(&dossier)[1].model.as_ref().unwrap();
    assert!(exchange.is_used && exchange.answers.len() == 2, "{exchange:?}");
    assert!(exchange.prompt.contains("\"USD 7\" is no figure of the facts"), "{}", exchange.prompt);
}

#[test]
fn rubbish_leaves_the_plan_as_it_is() {
    let rubbish = [
        "I would rather not.",
        "{}",
        r#"{"messages": "none", "summary": 1}"#,
        r#"{"messages": [], "summary": "The plan.", "budget": 1}"#,
    ];
    for text in rubbish {
        let (dossier, asked) = worded(move |_| Act::Says(text.to_owned()));
        assert_eq!(asked, 9, "{text}");
        assert_same_plan(&dossier, &[Kind::DecisionLog]);
        assert!(exchanges(&dossier).iter().all(|it| !it.model.as_ref().unwrap().is_used), "{text}");
    }
}

#[test]
fn a_model_that_is_away_or_slow_is_asked_once_and_the_plan_is_made() {
    let acts = [
        (Act::KeepsSilent, 3, "did not answer within 0.5 s"),
        (Act::HangsUp, 3, "cannot be reached"),
        (Act::Answers(401, "", String::new()), 1, "refused with 401"),
        (Act::NeverEnds, 1, "longer than"),
    ];
    for (act, tries, why) in acts {
        let (dossier, asked) = worded(move |_| act.clone());
        assert_eq!(asked, tries, "{why}");
        assert_same_plan(&dossier, &[Kind::DecisionLog]);
        let made = exchanges(&dossier);
        let exchange = made[0].model.as_ref().unwrap();
        assert!(made.len() == 1 && exchange.answers[0].contains(why), "{exchange:?}");
    }
}

#[test]
fn planned_anew_without_a_model_its_words_stay_while_they_are_true() {
    let (before, _) = worded(|heard| honest(heard, budget));
    let same = run(CONFERENCE, None, Some(&before));
    assert_eq!(same.get::<CommunicationsPlan>(), before.get::<CommunicationsPlan>());
    assert!(render::plan(&same).unwrap().contains("(Worded by stand-in.)"));
    let mut brief: Value = serde_json::from_str(CONFERENCE).unwrap();
    brief["budget"]["total"] = json!(60_000);
    let richer = run(&brief.to_string(), None, Some(&before));
    let page = render::plan(&richer).unwrap();
    assert!(
        !page.contains("Worded by") && !page.contains("total budget is USD 50,000. ("),
        "{page}"
    );
    let plan = richer.get::<CommunicationsPlan>().unwrap();
    assert!(plan.communications.iter().all(|it| !it.message.contains("50,000")), "{plan:?}");
}
