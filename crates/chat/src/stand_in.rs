//! A server that plays the endpoint: well, badly, slowly or not at all. For tests.
//!
//! It speaks HTTP itself, because what it has to do wrong no HTTP library would do.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{Key, Limits, Settings};

/// What the endpoint does with one question.
#[derive(Clone, Debug)]
pub enum Act {
    /// Answers with this text.
    Says(String),
    /// Answers with this status, these headers and this body, such as
    /// `Answers(429, "retry-after: 1\r\n", "{}")`.
    Answers(u16, &'static str, String),
    /// Takes the question and keeps still.
    KeepsSilent,
    /// Hangs up.
    HangsUp,
    /// Begins an answer and sends a byte now and then.
    Dawdles,
    /// Sends a body without end.
    NeverEnds,
    /// Sends what is no HTTP.
    Stammers,
}

/// A question that came.
#[derive(Clone, Debug)]
pub struct Heard {
    /// How many came before.
    pub before: usize,
    /// `POST /v1/chat/completions`.
    pub request: String,
    /// The header, when it came.
    pub authorization: Option<String>,
    /// The JSON.
    pub body: Value,
}

impl Heard {
    /// What was asked: the content of the last message.
    #[must_use]
    pub fn question(&self) -> &str {
        let messages = self.body.get("messages").and_then(Value::as_array);
        let last = messages.and_then(|all| all.last()).and_then(|one| one.get("content"));
        last.and_then(Value::as_str).unwrap_or_default()
    }
}

type Script = Arc<dyn Fn(&Heard) -> Act + Send + Sync>;

/// The server, until it is dropped.
pub struct StandIn {
    at: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    over: Arc<AtomicBool>,
}

impl StandIn {
    /// Begins to listen on a free port of this machine; `script` says what it does with each question.
    ///
    /// # Errors
    /// When the machine gives no port.
    pub fn start(script: impl Fn(&Heard) -> Act + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let at = listener.local_addr()?;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let over = Arc::new(AtomicBool::new(false));
        let (script, kept, stop): (Script, _, _) =
            (Arc::new(script), Arc::clone(&heard), Arc::clone(&over));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let (script, kept) = (Arc::clone(&script), Arc::clone(&kept));
                // A caller who is gone is what some of the acts wait for.
                thread::spawn(move || serve(stream, &script, &kept).unwrap_or_default());
            }
        });
        Ok(Self { at, heard, over })
    }

    /// The base URL for [`Settings`].
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.at)
    }

    /// Settings that ask here, with limits for tests: half a second, 64 KiB, no long pauses.
    #[must_use]
    pub fn settings(&self) -> Settings {
        Settings {
            base_url: self.base_url(),
            key: Key::new("sk-a-planted-key"),
            model: "stand-in".to_owned(),
            temperature: 0.7,
            limits: Limits {
                timeout: Duration::from_millis(500),
                answer_bytes: 64 * 1024,
                first_wait: Duration::from_millis(10),
                longest_wait: Duration::from_secs(2),
                ..Limits::default()
            },
        }
    }

    /// The questions that came.
    #[must_use]
    pub fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
        // Wakes the listener; when this fails, it is gone already.
        drop(TcpStream::connect(self.at));
    }
}

fn serve(mut stream: TcpStream, script: &Script, kept: &Mutex<Vec<Heard>>) -> io::Result<()> {
    let mut heard = hear(&stream)?;
    {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        heard.before = kept.len();
        kept.push(heard.clone());
    }
    match script(&heard) {
        Act::Says(text) => {
            let body = json!({
                "model": "stand-in-1",
                "choices": [{ "index": 0, "message": { "role": "assistant", "content": text }, "finish_reason": "stop" }],
            });
            whole(&mut stream, 200, "", &body.to_string())
        }
        Act::Answers(status, headers, body) => whole(&mut stream, status, headers, &body),
        Act::HangsUp => Ok(()),
        Act::KeepsSilent => stream.read(&mut [0]).map(drop), // until the caller hangs up
        Act::Dawdles => drip(&mut stream, b" ", Duration::from_millis(20)),
        Act::NeverEnds => drip(&mut stream, &[b' '; 8192], Duration::ZERO),
        Act::Stammers => stream.write_all(b"what? \0\r\n\r\n"),
    }
}

fn hear(stream: &TcpStream) -> io::Result<Heard> {
    let mut reader = BufReader::new(stream);
    let mut heard =
        Heard { before: 0, request: String::new(), authorization: None, body: Value::Null };
    let (mut length, mut line) = (0, String::new());
    while reader.read_line(&mut line)? > 2 {
        if heard.request.is_empty() {
            line.trim_end().trim_end_matches(" HTTP/1.1").clone_into(&mut heard.request);
        } else if let Some((name, value)) = line.split_once(':') {
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap_or(0),
                "authorization" => heard.authorization = Some(value.trim().to_owned()),
                _ => {}
            }
        }
        line.clear();
    }
    let mut body = Vec::new();
    reader.take(length).read_to_end(&mut body)?;
    heard.body = serde_json::from_slice(&body).unwrap_or(Value::Null);
    Ok(heard)
}

fn whole(stream: &mut TcpStream, status: u16, headers: &str, body: &str) -> io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
        body.len()
    )
}

/// Writes until the caller hangs up.
fn drip(stream: &mut TcpStream, drop: &[u8], pause: Duration) -> io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n")?;
    loop {
        stream.write_all(drop)?;
        thread::sleep(pause);
    }
}
