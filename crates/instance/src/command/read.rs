//! The rules of a command, field by field: each returns its value, or notes what is wrong and returns nothing.

use serde_json::{Map, Value};

use super::{
    ACTION_CHARS_MAX, ErrorType, LicenseAction, Parameters, Refusal, TIMEOUT_SECONDS, ToolName,
    VIOLATIONS_MAX, Violation,
};

type Fields = Map<String, Value>;

pub(super) const FIELDS: &[&str] = &[
    "command_id",
    "error_type",
    "severity",
    "recommended_action",
    "parameters",
    "requires_restart",
    "execution_order",
    "dry_run",
    "timeout_seconds",
    "instance",
    "reply_to",
];
/// Characters of a CPF section or parameter name.
const NAME_CHARS_MAX: usize = 255;
/// Characters of a CPF value.
const VALUE_CHARS_MAX: usize = 4096;
/// Characters of an address.
const URL_CHARS_MAX: usize = 2048;
/// Numbers of a kernel parameter: `kernel.sem` has four, `net.ipv4.tcp_rmem` three.
const VECTOR_MAX: usize = 8;

#[derive(Default)]
pub(super) struct Reader {
    violations: Vec<Violation>,
}

impl Reader {
    pub(super) fn is_clean(&self) -> bool {
        self.violations.is_empty()
    }

    pub(super) fn refusal(self) -> Refusal {
        Refusal(self.violations)
    }

    fn note<T>(
        &mut self,
        pointer: String,
        code: &'static str,
        message: impl Into<String>,
    ) -> Option<T> {
        if self.violations.len() < VIOLATIONS_MAX {
            self.violations.push(Violation { pointer, code, message: message.into() });
        }
        None
    }

    /// Fields that no rule names are refused: a typing error must not change what happens.
    pub(super) fn only(&mut self, fields: &Fields, at: &str, known: &[&str]) {
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            self.note::<()>(format!("{at}/{}", escaped(name)), "unknown", "no such field");
        }
    }

    fn required<'a>(&mut self, fields: &'a Fields, at: &str, name: &str) -> Option<&'a Value> {
        fields.get(name).or_else(|| self.note(format!("{at}/{name}"), "required", "missing"))
    }

    fn string<'a>(&mut self, value: &'a Value, at: &str, chars: (usize, usize)) -> Option<&'a str> {
        let Some(text) = value.as_str() else {
            return self.note(at.to_owned(), "type", "expected a string");
        };
        let (min, max) = chars;
        if (min..=max).contains(&text.chars().count()) {
            return Some(text);
        }
        self.note(at.to_owned(), "length", format!("{min} to {max} characters"))
    }

    fn word<'a>(
        &mut self,
        fields: &'a Fields,
        at: &str,
        name: &str,
        words: &[&str],
    ) -> Option<&'a str> {
        let value = self.required(fields, at, name)?;
        match value.as_str() {
            Some(word) if words.contains(&word) => Some(word),
            Some(_) => {
                self.note(format!("{at}/{name}"), "range", format!("one of {}", words.join(", ")))
            }
            None => self.note(format!("{at}/{name}"), "type", "expected a string"),
        }
    }

    pub(super) fn command_id(&mut self, fields: &Fields) -> Option<String> {
        let text = self.required(fields, "", "command_id")?;
        let Some(text) = text.as_str() else {
            return self.note("/command_id".to_owned(), "type", "expected a string");
        };
        if is_uuid(text) {
            return Some(text.to_ascii_lowercase());
        }
        self.note(
            "/command_id".to_owned(),
            "format",
            "expected a UUID such as 4f6c1f0e-58d4-4c0a-9b60-3a4b6d3f2a10",
        )
    }

    pub(super) fn error_type(&mut self, fields: &Fields) -> Option<ErrorType> {
        match self.word(fields, "", "error_type", &["config", "license", "resource"])? {
            "config" => Some(ErrorType::Config),
            "license" => Some(ErrorType::License),
            _ => Some(ErrorType::Resource),
        }
    }

    pub(super) fn severity(&mut self, fields: &Fields) -> Option<u8> {
        let value = self.required(fields, "", "severity")?;
        match value.as_u64() {
            Some(severity @ 0..=3) => u8::try_from(severity).ok(),
            _ if is_whole(value) => {
                self.note("/severity".to_owned(), "range", "a whole number from 0 to 3")
            }
            _ => self.note("/severity".to_owned(), "type", "expected a whole number"),
        }
    }

    pub(super) fn recommended_action(&mut self, fields: &Fields) -> Option<String> {
        let value = self.required(fields, "", "recommended_action")?;
        self.string(value, "/recommended_action", (1, ACTION_CHARS_MAX)).map(str::to_owned)
    }

    pub(super) fn required_bool(&mut self, fields: &Fields, name: &str) -> Option<bool> {
        let value = self.required(fields, "", name)?;
        value.as_bool().or_else(|| self.note(format!("/{name}"), "type", "expected true or false"))
    }

    pub(super) fn optional_bool(&mut self, fields: &Fields, name: &str) -> Option<bool> {
        let value = fields.get(name)?;
        value.as_bool().or_else(|| self.note(format!("/{name}"), "type", "expected true or false"))
    }

    pub(super) fn timeout_seconds(&mut self, fields: &Fields) -> Option<u64> {
        let (value, at) = (fields.get("timeout_seconds")?, "/timeout_seconds".to_owned());
        let (min, max) = TIMEOUT_SECONDS;
        match value.as_u64() {
            Some(seconds) if (min..=max).contains(&seconds) => Some(seconds),
            _ if is_whole(value) => {
                self.note(at, "range", format!("whole seconds from {min} to {max}"))
            }
            _ => self.note(at, "type", "expected a whole number"),
        }
    }

    pub(super) fn instance(&mut self, fields: &Fields) -> Option<String> {
        let value = present(fields, "instance")?;
        let name = self.string(value, "/instance", (1, 64))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
        if name.chars().all(plain) && name.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return Some(name.to_owned());
        }
        self.note("/instance".to_owned(), "format", "letters, digits, _ and -")
    }

    pub(super) fn reply_to(&mut self, fields: &Fields) -> Option<String> {
        let value = present(fields, "reply_to")?;
        let url = self.string(value, "/reply_to", (1, URL_CHARS_MAX))?;
        let scheme = ["http://", "https://", "file://", "mqtt://", "mqtts://"]
            .iter()
            .find(|scheme| url.starts_with(**scheme) && url.len() > scheme.len());
        if scheme.is_some() && !url.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Some(url.to_owned());
        }
        self.note("/reply_to".to_owned(), "format", "expected http(s)://, file:// or mqtt(s)://")
    }

    pub(super) fn execution_order(&mut self, fields: &Fields) -> Option<Vec<ToolName>> {
        let at = || "/execution_order".to_owned();
        let value = self.required(fields, "", "execution_order")?;
        let Some(items) = value.as_array() else {
            return self.note(at(), "type", "expected a list");
        };
        let mut order = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let pointer = format!("/execution_order/{index}");
            match item.as_str().and_then(tool) {
                Some(tool) if order.contains(&tool) => {
                    self.note::<()>(pointer, "unique", "stands twice")
                }
                Some(tool) => {
                    order.push(tool);
                    continue;
                }
                None if item.is_string() => {
                    self.note(pointer, "range", "one of iris_config, os_config, iris_restart")
                }
                None => self.note(pointer, "type", "expected a string"),
            };
        }
        (order.len() == items.len()).then_some(order)
    }

    pub(super) fn parameters(&mut self, fields: &Fields) -> Option<Parameters> {
        let value = self.required(fields, "", "parameters")?;
        let Some(given) = value.as_object() else {
            return self.note("/parameters".to_owned(), "type", "expected an object");
        };
        let has = |name| given.contains_key(name);
        match (has("cpf_section") || has("parameter"), has("kernel_param"), has("action")) {
            (true, false, false) => self.cpf(given),
            (false, true, false) => self.kernel(given),
            (false, false, true) => self.license(given),
            _ => self.note(
                "/parameters".to_owned(),
                "combination",
                "exactly one of: cpf_section and parameter; kernel_param; action",
            ),
        }
    }

    fn cpf(&mut self, given: &Fields) -> Option<Parameters> {
        self.only(
            given,
            "/parameters",
            &["cpf_section", "parameter", "new_value", "current_value"],
        );
        let section = self.cpf_name(given, "cpf_section");
        let parameter = self.cpf_name(given, "parameter");
        let new = self.required(given, "/parameters", "new_value");
        let new = new.and_then(|value| self.cpf_value(value, "/parameters/new_value"));
        let current = present(given, "current_value");
        let current_value =
            current.and_then(|value| self.cpf_value(value, "/parameters/current_value"));
        Some(Parameters::Cpf {
            section: section?,
            parameter: parameter?,
            new_value: new?,
            current_value,
        })
    }

    fn cpf_name(&mut self, given: &Fields, name: &str) -> Option<String> {
        let at = format!("/parameters/{name}");
        let value = self.required(given, "/parameters", name)?;
        let text = self.string(value, &at, (1, NAME_CHARS_MAX))?;
        let outer = text.trim() != text;
        if outer || text.chars().any(|c| c.is_control() || matches!(c, '[' | ']')) {
            return self.note(at, "format", "no line breaks, square brackets or outer blanks");
        }
        Some(text.to_owned())
    }

    fn cpf_value(&mut self, value: &Value, at: &str) -> Option<String> {
        if let Value::Number(number) = value {
            let whole = number.is_u64() || number.is_i64();
            return if whole {
                Some(number.to_string())
            } else {
                self.note(at.to_owned(), "type", WHOLE)
            };
        }
        if !value.is_string() {
            return self.note(at.to_owned(), "type", WHOLE);
        }
        let text = self.string(value, at, (0, VALUE_CHARS_MAX))?;
        if text.trim() != text || text.chars().any(char::is_control) {
            return self.note(at.to_owned(), "format", "one line without outer blanks");
        }
        Some(text.to_owned())
    }

    fn kernel(&mut self, given: &Fields) -> Option<Parameters> {
        self.only(given, "/parameters", &["kernel_param", "new_value", "min_value", "max_value"]);
        let name = self.kernel_name(given);
        let new = self.required(given, "/parameters", "new_value");
        let new = new.and_then(|value| self.numbers(value, "/parameters/new_value"));
        let (min_value, max_value) =
            (self.bound(given, "min_value"), self.bound(given, "max_value"));
        let new_value = new?;
        if min_value.zip(max_value).is_some_and(|(min, max)| min > max) {
            return self.note("/parameters/min_value".to_owned(), "range", "more than max_value");
        }
        let below = min_value.is_some_and(|min| new_value.iter().any(|number| *number < min));
        let above = max_value.is_some_and(|max| new_value.iter().any(|number| *number > max));
        if below || above {
            return self.note(
                "/parameters/new_value".to_owned(),
                "range",
                "outside min_value and max_value",
            );
        }
        Some(Parameters::Kernel { name: name?, new_value, min_value, max_value })
    }

    fn kernel_name(&mut self, given: &Fields) -> Option<String> {
        let at = "/parameters/kernel_param";
        let value = self.required(given, "/parameters", "kernel_param")?;
        let name = self.string(value, at, (3, 128))?;
        let mut parts = name.split('.');
        let plain = |part: &str| {
            !part.is_empty()
                && part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
        };
        if parts.all(plain) && name.contains('.') {
            return Some(name.to_owned());
        }
        self.note(at.to_owned(), "format", "a name such as vm.nr_hugepages")
    }

    fn numbers(&mut self, value: &Value, at: &str) -> Option<Vec<u64>> {
        if let Some(number) = value.as_u64() {
            return Some(vec![number]);
        }
        let Some(text) = value.as_str() else { return self.note(at.to_owned(), "type", U64) };
        let numbers: Option<Vec<u64>> = text.split([' ', '\t']).map(digits).collect();
        match numbers {
            Some(numbers) if numbers.len() <= VECTOR_MAX => Some(numbers),
            _ => self.note(at.to_owned(), "format", U64),
        }
    }

    fn bound(&mut self, given: &Fields, name: &str) -> Option<u64> {
        let (value, at) = (present(given, name)?, format!("/parameters/{name}"));
        match self.numbers(value, &at)?.as_slice() {
            [number] => Some(*number),
            _ => self.note(at, "format", "one number"),
        }
    }

    fn license(&mut self, given: &Fields) -> Option<Parameters> {
        self.only(given, "/parameters", &["action"]);
        let words = ["check_expiry", "validate_key", "report_usage"];
        Some(Parameters::License(match self.word(given, "/parameters", "action", &words)? {
            "check_expiry" => LicenseAction::CheckExpiry,
            "validate_key" => LicenseAction::ValidateKey,
            _ => LicenseAction::ReportUsage,
        }))
    }

    /// What each field allows by itself, but not with the others.
    pub(super) fn combination(
        &mut self,
        kind: ErrorType,
        parameters: &Parameters,
        restart: bool,
        order: &[ToolName],
    ) {
        let at = || "/execution_order".to_owned();
        let has = |tool| order.contains(&tool);
        let (config, kernel) = (has(ToolName::IrisConfig), has(ToolName::OsConfig));
        let (expected, fits) = match parameters {
            Parameters::Cpf { .. } => {
                ("parameters of the CPF need iris_config and no os_config", config && !kernel)
            }
            Parameters::Kernel { .. } => {
                ("parameters of the kernel need os_config and no iris_config", kernel && !config)
            }
            Parameters::License(_) => (
                "a question about the licence has neither iris_config nor os_config",
                !config && !kernel,
            ),
        };
        if !fits {
            self.note::<()>(at(), "combination", expected);
        }
        if has(ToolName::IrisRestart) && !restart {
            let message = "iris_restart is in execution_order: a restart must be declared, so that it is confirmed";
            self.note::<()>("/requires_restart".to_owned(), "combination", message);
        }
        let asks = matches!(parameters, Parameters::License(_));
        if asks != (kind == ErrorType::License) {
            let message = "error_type license goes with parameters.action, config and resource with the others";
            self.note::<()>("/error_type".to_owned(), "combination", message);
        }
    }
}

const WHOLE: &str = "expected a string or a whole number";
const U64: &str = "whole numbers from 0 to 18446744073709551615: one, or several in a string with single blanks between";

/// Optional fields may be null: some languages write them so.
fn present<'a>(fields: &'a Fields, name: &str) -> Option<&'a Value> {
    fields.get(name).filter(|value| !value.is_null())
}

fn is_whole(value: &Value) -> bool {
    value.is_u64() || value.is_i64()
}

fn tool(name: &str) -> Option<ToolName> {
    match name {
        "iris_config" => Some(ToolName::IrisConfig),
        "os_config" => Some(ToolName::OsConfig),
        "iris_restart" => Some(ToolName::IrisRestart),
        _ => None,
    }
}

fn digits(text: &str) -> Option<u64> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten()
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}
