//! The client against a server that answers well, badly, slowly and not at all.
#![expect(clippy::expect_used, reason = "tests")]

use std::time::{Duration, Instant};

use chat::{
    Answer, Blocking, Client, Error, Key, Message, OPENAI, Settings,
    stand_in::{Act, Heard, StandIn},
};

const KEY: &str = "sk-a-planted-key";

fn ask(
    script: impl Fn(&Heard) -> Act + Send + Sync + 'static,
) -> (Result<Answer, Error>, Vec<Heard>) {
    let server = StandIn::start(script).expect("listens");
    let answer = ask_at(server.settings());
    (answer, server.heard())
}

fn ask_at(settings: Settings) -> Result<Answer, Error> {
    let client = Blocking::new(settings)?;
    client.ask(&[Message::system("Be short."), Message::user("Say hello.")])
}

#[test]
fn a_question_goes_out_whole_and_its_answer_comes_back() {
    let (answer, heard) = ask(|_| Act::Says("Hello.".to_owned()));
    let answer = answer.expect("an answer");
    assert_eq!((answer.text.as_str(), answer.model.as_str()), ("Hello.", "stand-in-1"));
    let heard = heard.first().expect("one question").clone();
    assert_eq!(heard.request, "POST /v1/chat/completions");
    assert_eq!(heard.authorization.as_deref(), Some("Bearer sk-a-planted-key"));
    let wanted = serde_json::json!({
        "model": "stand-in", "temperature": 0.7, "messages": [
            { "role": "system", "content": "Be short." }, { "role": "user", "content": "Say hello." }],
    });
    assert_eq!(heard.body, wanted);
}

#[test]
fn what_may_pass_is_asked_again() {
    let passing = [
        Act::Answers(429, "", "{}".to_owned()),
        Act::Answers(500, "", "{}".to_owned()),
        Act::Answers(503, "retry-after: 0\r\n", String::new()),
        Act::HangsUp,
        Act::Stammers,
        Act::KeepsSilent,
    ];
    for act in passing {
        let first = act.clone();
        let (answer, heard) = ask(move |heard| match heard.before {
            0 => first.clone(),
            _ => Act::Says("Hello.".to_owned()),
        });
        assert_eq!(
            (answer.map(|answer| answer.text), heard.len()),
            (Ok("Hello.".to_owned()), 2),
            "{act:?}"
        );
    }
}

#[test]
fn tries_are_bounded() {
    let (answer, heard) =
        ask(|_| Act::Answers(500, "", r#"{"error": {"message": "out of order"}}"#.to_owned()));
    let error = answer.expect_err("no answer");
    assert_eq!(error.to_string(), "the model's endpoint answered 500: out of order");
    assert_eq!(heard.len(), 3);
}

#[test]
fn an_endpoint_that_asks_for_a_pause_gets_it() {
    let began = Instant::now();
    let (answer, _) = ask(|heard| match heard.before {
        0 => Act::Answers(429, "Retry-After: 1\r\n", "{}".to_owned()),
        _ => Act::Says("Hello.".to_owned()),
    });
    assert!(answer.is_ok() && began.elapsed() >= Duration::from_secs(1), "{answer:?}");
    let (answer, heard) = ask(|_| Act::Answers(429, "Retry-After: 3600\r\n", "{}".to_owned()));
    assert!(matches!(answer, Err(Error::Busy { status: 429, .. })), "{answer:?}");
    assert_eq!(heard.len(), 1, "an hour is not waited for");
}

#[test]
fn what_is_refused_or_no_answer_is_not_asked_again() {
    let final_acts = [
        (
            Act::Answers(401, "", r#"{"error": "who are you?"}"#.to_owned()),
            "refused with 401: who are you?",
        ),
        (Act::Answers(302, "location: http://127.0.0.1:1/\r\n", String::new()), "refused with 302"),
        (
            Act::Answers(200, "", "<html>".to_owned()),
            "something else than a chat completion: line 1, column 1",
        ),
        (Act::Answers(200, "", r#"{"choices": []}"#.to_owned()), "it has no choices"),
        (
            Act::Answers(200, "", r#"{"choices": [{"message": {}}]}"#.to_owned()),
            "its message has no content",
        ),
        (Act::NeverEnds, "longer than 65536 bytes"),
    ];
    for (act, words) in final_acts {
        let (answer, heard) = ask(move |_| act.clone());
        let error = answer.expect_err("no answer").to_string();
        assert!(error.contains(words), "{error} is not {words}");
        assert_eq!(heard.len(), 1, "{words}");
    }
}

#[test]
fn silence_and_slowness_end_in_time() {
    for act in [Act::KeepsSilent, Act::Dawdles] {
        let began = Instant::now();
        let (answer, heard) = ask(move |_| act.clone());
        assert_eq!(answer, Err(Error::Late(Duration::from_millis(500))));
        assert!(
            heard.len() == 3 && began.elapsed() < Duration::from_secs(5),
            "{:?}",
            began.elapsed()
        );
    }
}

#[tokio::test]
async fn whoever_waits_may_do_so_within_a_runtime() {
    let (answer, _) = ask(|_| Act::Says("Hello.".to_owned()));
    assert_eq!(answer.expect("an answer").text, "Hello.");
}

#[test]
fn nobody_there_is_told() {
    let server = StandIn::start(|_| Act::HangsUp).expect("listens");
    let settings = server.settings();
    drop(server);
    let error = ask_at(settings).expect_err("nobody").to_string();
    assert!(error.starts_with("the model cannot be reached"), "{error}");
}

#[test]
fn the_key_is_shown_nowhere() {
    let echo = |text: &str| format!("you are Bearer {KEY}, \u{1b}[31m{text}");
    let says = echo("welcome");
    let (answer, _) = ask(move |_| Act::Says(says.clone()));
    assert_eq!(answer.expect("an answer").text, "you are Bearer ***, \u{1b}[31mwelcome");
    let body = serde_json::json!({ "error": { "message": echo("go away") } }).to_string();
    let (answer, _) = ask(move |_| Act::Answers(401, "", body.clone()));
    let error = answer.expect_err("refused");
    assert!(error.to_string().ends_with("you are Bearer ***,  [31mgo away"), "{error}");
    let server = StandIn::start(|_| Act::HangsUp).expect("listens");
    let client = Client::new(server.settings()).expect("settings");
    assert!(!format!("{:?} {client:?} {error:?}", server.settings()).contains(KEY));
}

#[test]
fn settings_that_cannot_work_are_refused_before_anything_is_sent() {
    let with = |base_url: &str, model: &str, temperature: f64, key: &str| {
        let server = StandIn::start(|_| Act::HangsUp).expect("listens");
        let (base_url, model) = (base_url.to_owned(), model.to_owned());
        Client::new(Settings {
            base_url,
            model,
            temperature,
            key: Key::new(key),
            ..server.settings()
        })
    };
    let refused = [
        (with("nowhere", "m", 0.7, KEY), "is none"),
        (with("ftp://127.0.0.1", "m", 0.7, KEY), "must begin with https://"),
        (with("https://me:secret@127.0.0.1", "m", 0.7, KEY), "name or a password"),
        (with("http://model.example/v1", "m", 0.7, KEY), "in the clear"),
        (with(OPENAI, " ", 0.7, KEY), "name the model"),
        (with(OPENAI, "m", f64::NAN, KEY), "from 0 to 2"),
        (with(OPENAI, "m", 0.7, "two\nlines"), "control character"),
    ];
    for (client, words) in refused {
        let error = client.expect_err("refused").to_string();
        assert!(error.contains(words) && !error.contains("secret"), "{error} is not {words}");
    }
    assert!(with("http://model.example/v1/", "m", 0.7, " ").is_ok(), "no key, nothing to hide");
}
