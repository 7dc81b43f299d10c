//! What the model is told. The words are files in `prompts/`, so that a change of them is seen as one.

use chat::Message;

use super::{Entry, answer::Outcome};

const RULES: &str = include_str!("../../prompts/rules.md");
const EXAMPLES: &str = include_str!("../../prompts/examples.txt");
const QUESTION: &str = include_str!("../../prompts/question.md");
const AGAIN: &str = include_str!("../../prompts/again.md");
/// As many faults are told: a model that got all wrong got them wrong in the same way.
const MAX_FAULTS: usize = 5;

/// The rules, the examples, and the entries that are wanted.
pub(super) fn question(entries: &[Entry]) -> Vec<Message> {
    let mut talk = vec![Message::system(RULES)];
    talk.extend(EXAMPLES.split("\n\n").flat_map(example));
    talk.push(Message::user(fill(QUESTION, entries, "")));
    talk
}

/// The same with the answer so far, what was wrong with it, and the entries that are still wanted.
pub(super) fn again(entries: &[Entry], outcome: &Outcome) -> Vec<Message> {
    let mut talk = question(entries);
    talk.pop();
    let faults: Vec<&str> = outcome.faults.iter().map(String::as_str).take(MAX_FAULTS).collect();
    talk.push(Message::user(fill(AGAIN, entries, &faults.join("\n"))));
    talk
}

fn fill(prompt: &str, entries: &[Entry], faults: &str) -> String {
    let wanted = entries.iter().filter(|entry| entry.text.is_none());
    let lines: Vec<&str> = wanted.map(|entry| entry.line.as_str()).collect();
    let prompt = prompt.replace("{count}", &lines.len().to_string());
    prompt.replace("{faults}", faults).replace("{entries}", &lines.join("\n"))
}

/// What was given and what was answered.
fn example(text: &'static str) -> [Message; 2] {
    let side = |mark: &str| {
        let lines: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix(mark)).collect();
        lines
    };
    let (given, answered) = (side("> "), side("< "));
    let question = QUESTION.replace("{count}", &given.len().to_string());
    [
        Message::user(question.replace("{entries}", &given.join("\n"))),
        Message::assistant(answered.join("\n")),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::Header;

    #[test]
    fn examples_keep_the_rules_that_they_teach() {
        let mut pairs = 0;
        for [given, answered] in EXAMPLES.split("\n\n").map(example) {
            let given: Vec<Header<'_>> = given
                .content
                .lines()
                .filter_map(|line| Header::parse(line.as_bytes()).ok())
                .collect();
            let answered: Vec<Header<'_>> = answered
                .content
                .lines()
                .filter_map(|line| Header::parse(line.as_bytes()).ok())
                .collect();
            assert!(!given.is_empty() && given.len() == answered.len());
            for (given, answered) in given.iter().zip(&answered) {
                assert_eq!(Header { text: answered.text, ..*given }, *answered);
                assert_ne!(given.text, answered.text);
            }
            pairs += 1;
        }
        assert!(pairs >= 3);
    }
}
