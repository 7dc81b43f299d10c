//! `--publish`: entries become messages in a spool, from where they are delivered.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use anyhow::Result;
use clap::{Args, ValueEnum};

use super::{
    Failure,
    delivery::{Delivery, Endpoint},
    settings::{self, File},
    tell,
};
use crate::{
    deliver::{Destination, Lane, Scheme, Sender},
    log::{
        Line, Scanner, Sink,
        json::{JsonLines, Origin},
    },
};

/// Messages are put into the spool in pieces of this size.
const BATCH_BYTES: usize = 64 * 1024;
/// A message that has grown to this size is closed; the next lines of its entry are a further part. Brokers and consumers take
/// it: many stop at 256 KiB.
const MESSAGE_BYTES: usize = 128 * 1024;
/// Spools of this program without a setting: below the working directory, as `instance.toml` is.
const SPOOL: &str = "instance-spool";

/// Where messages go.
#[derive(Clone, Debug, Default, Args)]
pub struct Publishing {
    /// Send the entries to a consumer as JSON messages
    #[arg(long)]
    pub publish: bool,
    /// The way; without, as the endpoint's address begins
    #[arg(long, value_enum, ignore_case = true, env = "TRANSPORT_TYPE")]
    transport: Option<Way>,
    /// The consumer: http(s)://, mqtt(s):// with a prefix of topics, or file:// with a directory
    #[arg(long, value_name = "URL", env = "EXTERNAL_ENDPOINT_URL", hide_env_values = true)]
    endpoint: Option<String>,
    /// What the messages name as their source [default: generate, or the log's path]
    #[arg(long, value_name = "NAME", requires = "publish")]
    source: Option<String>,
    /// The directory of the transport file
    #[arg(long, value_name = "DIR", env = "FILE_TRANSPORT_OUTPUT_DIR")]
    output_dir: Option<PathBuf>,
    #[command(flatten)]
    delivery: Delivery,
}

/// The ways there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Way {
    Http,
    File,
    Mqtt,
}

impl Publishing {
    /// The sender, and where it sends to.
    pub(super) fn open(&self, config: Option<&Path>) -> Result<(Sender, Destination)> {
        let file = settings::read(config)?;
        let endpoint = self.endpoint(&file)?;
        let sender = self.delivery.sender(&endpoint, &file.delivery, PathBuf::from(SPOOL))?;
        self.delivery.metrics(&sender, &file.delivery)?;
        let to = match endpoint.at.scheme() {
            Scheme::Http | Scheme::File => endpoint.at,
            Scheme::Mqtt => endpoint.at.below("message"),
        };
        Ok((sender, to))
    }

    /// Makes messages of a log.
    pub(super) fn publisher(
        &self,
        sender: &Sender,
        to: &Destination,
        log: &Path,
    ) -> Result<Publisher> {
        let path = log.canonicalize().unwrap_or_else(|_| log.to_owned());
        let name = self.source.clone().unwrap_or_else(|| path.display().to_string());
        Publisher::new(sender, to, &name, Origin::real())
    }

    fn endpoint(&self, file: &File) -> Result<Endpoint> {
        let named = file.delivery.transport_type.as_deref();
        let named = named.map(|name| Way::from_str(name, true)).transpose();
        let named = named.map_err(|e| Failure::Input(format!("transport_type: {e}")))?;
        let way = self.transport.or(named);
        let url = self.endpoint.as_deref().or(file.delivery.external_endpoint_url.as_deref());
        let dir = self.output_dir.as_deref().or(file.delivery.file_transport_output_dir.as_deref());
        match (way, url, dir) {
            (Some(Way::File), _, Some(dir)) | (None, None, Some(dir)) => directory(dir),
            (way, Some(url), _) => {
                let endpoint = Endpoint::parse(url)?;
                let agrees = way.is_none_or(|way| way == Way::from(endpoint.at.scheme()));
                agrees.then_some(endpoint).ok_or_else(|| {
                    Failure::Input(format!("transport {way:?} does not fit the endpoint's address"))
                        .into()
                })
            }
            _ => Err(Failure::Input(
                "say where to: --endpoint URL (EXTERNAL_ENDPOINT_URL), or --output-dir DIR (FILE_TRANSPORT_OUTPUT_DIR)".to_owned(),
            )
            .into()),
        }
    }
}

impl From<Scheme> for Way {
    fn from(scheme: Scheme) -> Self {
        match scheme {
            Scheme::Http => Self::Http,
            Scheme::File => Self::File,
            Scheme::Mqtt => Self::Mqtt,
        }
    }
}

fn directory(dir: &Path) -> Result<Endpoint> {
    let unusable = |why: &str| Failure::Input(format!("{}: {why}", dir.display()));
    let dir = dir.canonicalize().map_err(|e| unusable(&e.to_string()))?;
    let url = reqwest::Url::from_directory_path(&dir);
    Endpoint::parse(url.map_err(|()| unusable("not a directory"))?.as_str())
}

/// Publishes whole entries of one source, given in batches.
#[derive(Debug)]
pub(super) struct Publication {
    sender: Sender,
    scanner: Scanner,
    publisher: Publisher,
}

impl Publication {
    /// Nothing when nothing is to be published.
    pub(super) fn of(
        args: &Publishing,
        config: Option<&Path>,
        source: &str,
        origin: impl FnOnce() -> Origin,
    ) -> Result<Option<Self>> {
        if !args.publish {
            return Ok(None);
        }
        let source = args.source.as_deref().unwrap_or(source);
        let (sender, to) = args.open(config)?;
        let publisher = Publisher::new(&sender, &to, source, origin())?;
        Ok(Some(Self { sender, scanner: Scanner::default(), publisher }))
    }

    /// Takes whole entries. It waits for the disk alone.
    pub(super) fn take(&mut self, batch: &[u8]) -> Result<()> {
        self.scanner.feed(batch, &mut self.publisher)?;
        Ok(self.publisher.settle()?)
    }

    /// Delivers what waits.
    pub(super) fn finish(self) -> Result<()> {
        close(self.sender)
    }
}

/// Makes messages of the lines of one source.
#[derive(Debug)]
pub(super) struct Publisher {
    json: JsonLines<Vec<u8>>,
    /// Where the message that is being written begins.
    begins: usize,
    lane: Arc<Lane>,
    to: Destination,
    leading: u64,
}

impl Publisher {
    pub(super) fn new(
        sender: &Sender,
        to: &Destination,
        source: &str,
        origin: Origin,
    ) -> Result<Self> {
        let lane = sender.source(source).map_err(|e| Failure::Input(e.to_string()))?;
        let json = JsonLines::new(Vec::new(), origin.named(source));
        Ok(Self { json, begins: 0, lane, to: to.clone(), leading: 0 })
    }

    /// Where the messages of this log are kept.
    pub(super) fn lane(&self) -> &Lane {
        &self.lane
    }

    /// Puts the messages that are complete into the spool.
    pub(super) fn hand_over(&mut self) -> io::Result<()> {
        let out = self.json.out();
        let complete = out.get(..self.begins).unwrap_or_default();
        let complete = str::from_utf8(complete).map_err(io::Error::other)?;
        if !complete.is_empty() {
            self.lane.put(&self.to, complete.lines())?;
            out.drain(..self.begins);
            self.begins = 0;
        }
        Ok(())
    }

    /// The last entry is complete, too.
    pub(super) fn settle(&mut self) -> io::Result<()> {
        self.close()?;
        self.hand_over()
    }

    fn close(&mut self) -> io::Result<()> {
        self.json.finish()?;
        self.begins = self.json.out().len();
        Ok(())
    }

    /// Tells what could not become a message.
    pub(super) fn tell_leading(&self) {
        if self.leading > 0 {
            let (lines, source) = (self.leading, self.lane.name());
            tell(&format!("{source}: {lines} lines before the first entry are not published"));
        }
    }
}

impl Sink for Publisher {
    fn line(&mut self, line: Line<'_>) -> io::Result<()> {
        if line.header.is_some() {
            self.close()?;
            if self.begins >= BATCH_BYTES {
                self.hand_over()?;
            }
        } else if !self.json.has_entry() {
            self.leading += u64::from(line.begins);
            return Ok(());
        } else if self.json.out().len() - self.begins >= MESSAGE_BYTES {
            self.settle()?;
        }
        self.json.line(line)
    }
}

/// Delivers what waits, and says what is left.
pub(super) fn close(sender: Sender) -> Result<()> {
    let left = sender.close()?;
    if left.is_empty() {
        return Ok(());
    }
    let left: Vec<_> =
        left.iter().map(|(source, bytes)| format!("{bytes} bytes of {source}")).collect();
    let text = format!(
        "the consumer cannot be reached: {} wait in the spool; the next --publish sends them",
        left.join(", ")
    );
    Err(Failure::External(text).into())
}
