//! Whether words hold only what is among the facts: their numbers, their names, their claims.
//!
//! This is a filter of tokens, no understanding. It refuses a number, an amount, a date, a name or a claim such as "approved"
//! that the facts do not hold, and names of the catalogue that they do not hold in any spelling of case. It cannot see that
//! two true figures were exchanged for each other where both are of one sort, nor what a sentence means.

use std::{collections::BTreeSet, sync::LazyLock};

use regex::{Captures, Regex};

/// Words that begin sentences without being names.
const OPENERS: &[&str] = &[
    "a", "add", "after", "all", "also", "although", "an", "and", "any", "as", "ask", "at",
    "because", "before", "both", "bring", "but", "by", "check", "choose", "come", "compare",
    "consider", "contact", "cut", "drop", "during", "each", "every", "find", "for", "from", "give",
    "here", "hold", "how", "however", "if", "in", "invite", "it", "its", "join", "keep", "let",
    "look", "make", "more", "most", "move", "no", "none", "not", "note", "nothing", "of", "offer",
    "on", "once", "one", "only", "or", "other", "our", "plan", "please", "read", "reduce", "rent",
    "see", "send", "share", "shift", "shorten", "should", "since", "so", "some", "split", "start",
    "such", "take", "tell", "that", "the", "their", "there", "these", "they", "this", "those",
    "to", "until", "use", "we", "what", "when", "where", "whether", "which", "while", "who",
    "will", "with", "within", "without", "you", "your",
];
/// States that only a fact can give.
const CLAIMS: &[&str] = &[
    "agreed",
    "approved",
    "booked",
    "cancelled",
    "canceled",
    "confirmed",
    "contracted",
    "finalised",
    "finalized",
    "guaranteed",
    "paid",
    "reserved",
    "secured",
    "signed",
    "sold",
];
/// Small numbers as words. One is a word like others.
const NUMBERS: &[(&str, &str)] = &[
    ("two", "2"),
    ("three", "3"),
    ("four", "4"),
    ("five", "5"),
    ("six", "6"),
    ("seven", "7"),
    ("eight", "8"),
    ("nine", "9"),
    ("ten", "10"),
    ("eleven", "11"),
    ("twelve", "12"),
    ("fifteen", "15"),
    ("twenty", "20"),
    ("thirty", "30"),
    ("forty", "40"),
    ("fifty", "50"),
    ("sixty", "60"),
    ("seventy", "70"),
    ("eighty", "80"),
    ("ninety", "90"),
];
/// Words of quantity that must stand in the facts as they are.
const QUANTITIES: &[&str] = &[
    "billion",
    "double",
    "dozen",
    "dozens",
    "eighteen",
    "fourteen",
    "half",
    "hundred",
    "hundreds",
    "million",
    "millions",
    "nineteen",
    "quarter",
    "seventeen",
    "sixteen",
    "third",
    "thirds",
    "thirteen",
    "thousand",
    "thousands",
    "thrice",
    "triple",
    "twice",
];
/// What marks an amount, an address or code rather than words.
const MARKS: &[char] = &['$', '€', '£', '¥', '@', '<', '>', '`', '|', '\\', '{', '}', '[', ']'];

#[expect(clippy::expect_used, reason = "a constant pattern")]
static TOKEN: LazyLock<Regex> = LazyLock::new(|| {
    // A number with the currency before or behind it, a percent sign and letters that stick to it; or a word.
    Regex::new(r"(?:\b(?P<before>[A-Z]{3})\s)?(?P<number>\d+(?:[.,:]\d+)*[A-Za-z]*)(?:\s?(?P<share>%|percent\b|per cent\b)|\s(?P<after>[A-Z]{3})\b)?|(?P<word>\w+(?:[’']\w+)?)")
        .expect("a valid pattern")
});

/// What may be said.
#[derive(Debug)]
pub struct Facts {
    /// All tokens in lower case, each between blanks; bars where a phrase ends.
    phrases: String,
    numbers: BTreeSet<String>,
    /// Names that are no facts here.
    others: Vec<String>,
}

impl Facts {
    /// The facts in these lines; of the names in `known`, only those that they hold may be used.
    pub fn new<'a>(lines: impl IntoIterator<Item = &'a String>, known: &[String]) -> Self {
        let mut facts =
            Self { phrases: " ".to_owned(), numbers: BTreeSet::new(), others: Vec::new() };
        for line in lines {
            for token in tokens(line) {
                if token.begins {
                    facts.phrases.push_str("| ");
                }
                facts.phrases.push_str(&token.text.to_lowercase());
                facts.phrases.push(' ');
                facts.numbers.extend(token.number);
            }
            facts.phrases.push_str("| ");
        }
        let others = known.iter().map(|name| phrase(name)).filter(|name| !facts.holds(name));
        facts.others = others.collect();
        facts
    }

    /// What in a text is no fact, each told so that it can be mended.
    pub fn faults(&self, text: &str) -> Vec<String> {
        let mut faults = Vec::new();
        faults.extend(
            text.chars()
                .filter(|one| is_foreign(*one) && !self.phrases.contains(*one))
                .map(|one| format!("{one:?} must not be used")),
        );
        let tokens: Vec<Token<'_>> = tokens(text).collect();
        faults.extend(tokens.iter().filter_map(|token| self.plain(token)));
        faults.extend(
            names(&tokens)
                .into_iter()
                .filter(|name| !self.holds(&name.to_lowercase()))
                .map(|name| format!("{name:?} is not named in the facts")),
        );
        let spoken = format!(" {} ", phrase(text));
        let others = self.others.iter().filter(|name| spoken.contains(&format!(" {name} ")));
        faults.extend(others.map(|name| format!("{name:?} is not part of this plan")));
        faults
    }

    fn holds(&self, phrase: &str) -> bool {
        self.phrases.contains(&format!(" {phrase} "))
    }

    /// What is wrong with a token by itself.
    fn plain(&self, token: &Token<'_>) -> Option<String> {
        let Token { text, number, .. } = token;
        if let Some(number) = number {
            return (!self.numbers.contains(number))
                .then(|| format!("{text:?} is no figure of the facts"));
        }
        let word = text.to_lowercase();
        if let Some((_, digits)) = NUMBERS.iter().find(|(name, _)| *name == word) {
            let known = self.numbers.contains(*digits) || self.holds(&word);
            return (!known).then(|| format!("{text:?} is no figure of the facts"));
        }
        let must_be_told = word.contains(|one: char| one.is_ascii_digit())
            || CLAIMS.contains(&word.as_str())
            || QUANTITIES.contains(&word.as_str());
        (must_be_told && !self.holds(&word)).then(|| format!("the facts do not say {text:?}"))
    }
}

/// Neither letters, blanks and marks of plain English, nor digits as the facts have them.
fn is_foreign(one: char) -> bool {
    MARKS.contains(&one) || one.is_control() || (one.is_numeric() && !one.is_ascii_digit())
}

/// A word or a number.
struct Token<'a> {
    text: &'a str,
    /// The number in one spelling, with its currency or percent sign.
    number: Option<String>,
    /// Something other than a blank is in front of it.
    begins: bool,
    /// It is the first of a sentence.
    opens: bool,
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let mut end = 0;
    TOKEN.captures_iter(text).filter_map(move |found| {
        let whole = found.get(0)?;
        let between = text.get(end..whole.start()).unwrap_or_default();
        let first = end == 0 && between.trim().is_empty();
        end = whole.end();
        Some(Token {
            text: whole.as_str().trim_end_matches("'s").trim_end_matches("’s"),
            number: number(&found),
            begins: !between.trim().is_empty(),
            opens: first || between.contains(['.', '!', '?', ':', ';', '\n', '(', '"', '“']),
        })
    })
}

/// `USD 12,500.00`, `12500 USD` and `04` in one spelling: `USD 12500`, `USD 12500`, `4`.
fn number(found: &Captures<'_>) -> Option<String> {
    let digits = found.name("number")?.as_str().replace(',', "").to_lowercase();
    let digits = digits.strip_suffix(".00").unwrap_or(&digits);
    let plain = digits.trim_start_matches('0');
    let digits = if plain.starts_with(|one: char| one.is_ascii_digit()) { plain } else { digits };
    let currency = found.name("before").or_else(|| found.name("after"));
    let currency = currency.map_or(String::new(), |code| format!("{} ", code.as_str()));
    let share = if found.name("share").is_some() { "%" } else { "" };
    Some(format!("{currency}{digits}{share}"))
}

/// Words with a capital in a row, without the common word that begins a sentence.
fn names(tokens: &[Token<'_>]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut open = false;
    for token in tokens {
        let capital = token.number.is_none() && token.text.starts_with(char::is_uppercase);
        let word = token.text.to_lowercase();
        let common =
            OPENERS.contains(&word.as_str()) || NUMBERS.iter().any(|(name, _)| *name == word);
        let opener = token.opens && common;
        if !capital || opener {
            open = false;
            continue;
        }
        match names.last_mut().filter(|_| open && !token.begins) {
            Some(name) => *name = format!("{name} {}", token.text),
            None => names.push(token.text.to_owned()),
        }
        open = true;
    }
    names
}

/// The tokens of a text in lower case, a blank between them.
fn phrase(text: &str) -> String {
    tokens(text).map(|token| token.text.to_lowercase()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::Facts;

    fn facts() -> Facts {
        let lines = [
            "The event: Rust Days, a conference",
            "Dates: 3 to 5 June 2027, 09:00 to 18:00",
            "The city: Vienna. Venue: Harbour Hall, on Mill Street",
            "Budget: USD 50,000; planned cost: USD 42,500.00",
            "Ready by Fri 14 May 2027, on time in 96.4 % of simulated runs",
            "200 people; 3 decisions are asked for",
        ];
        let lines: Vec<String> = lines.map(str::to_owned).into();
        Facts::new(&lines, &["Glass Pavilion".to_owned(), "Harbour Hall".to_owned()])
    }

    #[test]
    fn what_the_facts_say_may_be_said() {
        let true_words = [
            "Rust Days is a conference for 200 people at Harbour Hall in Vienna.",
            "The work is ready by 14 May 2027, on time in 96.4% of simulated runs.",
            "It costs 42,500 USD of USD 50,000. Three decisions are asked for.",
            "Please be there at 09:00 on 3 June 2027: Mill Street is near.",
            "One of the decisions is about the venue.",
        ];
        for words in true_words {
            assert_eq!(facts().faults(words), Vec::<String>::new(), "{words}");
        }
    }

    #[test]
    fn what_they_do_not_say_is_refused() {
        let lies = [
            ("It costs USD 42,501.", "42,501"),
            ("It costs 50,000.", "50,000"),
            ("It costs EUR 50,000.", "EUR 50,000"),
            ("It costs $50,000.", "'$'"),
            ("It costs 50k.", "50k"),
            ("It is on time in 200 % of runs.", "200 %"),
            ("It begins on 6 June 2027.", "6"),
            ("Four decisions are asked for.", "Four"),
            ("Two hundred people come.", "hundred"),
            ("The number is ٤٢.", "٤"),
            ("The venue is Glass Pavilion.", "Glass Pavilion"),
            ("the venue is glass pavilion.", "glass pavilion"),
            ("The venue is Mill Hall.", "Mill Hall"),
            ("Grandhotel is the venue.", "Grandhotel"),
            ("The budget is approved.", "approved"),
            ("Ask Ada.", "Ada"),
            ("See <b>here</b>.", "'<'"),
        ];
        for (words, lie) in lies {
            let faults = facts().faults(words);
            assert!(faults.iter().any(|fault| fault.contains(lie)), "{words}: {faults:?}");
        }
    }
}
