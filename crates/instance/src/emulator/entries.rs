//! The scripts of start and stop: one entry a line, in the product's words and order.

/// A line of a script.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Something the code does.
    Do(&'static str),
    /// An entry of the log, with its slots filled.
    Say { role: &'static str, severity: u8, category: &'static str, text: String },
}

/// Values for the slots of a script.
pub(super) type Slots<'a> = &'a [(&'static str, String)];

/// The steps of a script.
pub(super) fn steps(script: &'static str, slots: Slots<'_>) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for line in script.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('@') {
            steps.push(Step::Do(name));
        } else if let Some(continued) = line.strip_prefix(' ') {
            if let Some(Step::Say { text, .. }) = steps.last_mut() {
                text.push('\n');
                text.push_str(&filled(continued, slots));
            }
        } else if let Some(step) = entry(line, slots) {
            steps.push(step);
        }
    }
    steps
}

fn entry(line: &'static str, slots: Slots<'_>) -> Option<Step> {
    let mut fields = line.splitn(4, '|');
    let role = fields.next()?;
    let severity = fields.next()?.parse().ok()?;
    let category = fields.next()?;
    let text = filled(fields.next()?, slots);
    Some(Step::Say { role, severity, category, text })
}

fn filled(text: &str, slots: Slots<'_>) -> String {
    slots.iter().fold(text.to_owned(), |text, (slot, value)| text.replace(slot, value))
}
