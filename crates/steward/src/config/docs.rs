//! `docs/configuration.md`, made from the list of settings.

use super::{environment, source};

const HEAD: &str = "\
# Configuration

<!-- Made from crates/steward/src/config/settings.rs by a test: UPDATE_DOCS=1 cargo nextest run -p steward configuration -->

`steward serve` needs no configuration. Each setting can be given in three ways; the first that says something counts:

1. a flag: `steward serve --listen 127.0.0.1:9000`
2. an environment variable: `STEWARD_LISTEN=127.0.0.1:9000`
3. a key of `steward.toml` in the data folder, or of the file that `--config` names: `listen = \"127.0.0.1:9000\"`

`steward config` shows what counts and where it came from; passwords stay hidden. A key that is no setting is refused.
A list is written with commas, and as a list in the file. Flags are visible to every user of the machine (`ps`): give
secrets by a file. Such a file is refused when others may read it (`chmod 600`).

A secret that does not live long, such as a cloud's token, comes from a command: a list of the program and its arguments,
run without a shell, which prints the secret and nothing else within 10 s.

```toml
database-url = \"postgres://steward_server@db.example/steward?sslmode=verify-full\"
database-password-command = [\"aws\", \"rds\", \"generate-db-auth-token\", \"--hostname\", \"db.example\", \"--port\", \"5432\", \"--username\", \"steward_server\"]
```

On the command line and in the environment the list is JSON: `--mqtt-password-command='[\"/usr/local/bin/token\"]'`. The
broker's command runs before each connection; that of the database at the start and then every 30 s, because connections
are opened in the middle of requests: each begins with a password of the last half minute. When a command fails, the log
names it and its exit status, never what it wrote; the last password stays in use meanwhile.

| flag, key | variable | default | what it is |
|---|---|---|---|
";

/// The text of `docs/configuration.md`.
pub fn docs() -> String {
    let command = source::command();
    let rows = command.get_arguments().filter_map(|argument| {
        let name = argument.get_long()?;
        let defaults: Vec<_> = argument
            .get_default_values()
            .iter()
            .map(|value| format!("`{}`", value.to_string_lossy()))
            .collect();
        let mut help = argument.get_help().map(ToString::to_string).unwrap_or_default();
        let choices: Vec<_> = argument
            .get_possible_values()
            .iter()
            .map(|value| format!("`{}`", value.get_name()))
            .collect();
        if !choices.is_empty() {
            help = format!("{help}: {}", choices.join(", "));
        }
        Some(format!(
            "| `{name}` | `{}` | {} | {help} |\n",
            environment::variable(name),
            defaults.join(", ")
        ))
    });
    rows.fold(HEAD.to_owned(), |text, row| text + &row)
}
