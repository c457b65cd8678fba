//! A small HTTP server on loopback, one thread a connection, that plays Okta or the Lambda Runtime API. Its threads are there
//! before the first connection: making one would be measured.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;

/// One request.
pub(crate) struct Request {
    /// Its first line.
    pub(crate) line: String,
    /// The lines after it, as they came.
    headers: String,
    pub(crate) body: Vec<u8>,
    /// When its last byte was here.
    pub(crate) at: Instant,
}

impl Request {
    /// The value of the first header of this name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.lines().filter_map(|line| line.split_once(':'));
        headers.find_map(|(given, value)| given.eq_ignore_ascii_case(name).then(|| value.trim()))
    }
}

/// The most connections at a time. Each contender keeps one; the SDK of one makes a few more.
const CONNECTIONS: usize = 8;

/// A complete response.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// The server; it ends with this value, a connection when the other side closes it.
pub(crate) struct StandIn {
    address: SocketAddr,
    stopped: Arc<AtomicBool>,
    connections: Arc<AtomicUsize>,
}

impl StandIn {
    /// Answers each request with what `answer` gives, or never.
    pub(crate) fn start(answer: impl Fn(&Request) -> Option<Vec<u8>> + Send + Sync + 'static) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (stopped, connections) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let answer = Arc::new(answer);
        for _ in 0..CONNECTIONS {
            let (listener, answer) = (listener.try_clone()?, Arc::clone(&answer));
            let (stop, count) = (Arc::clone(&stopped), Arc::clone(&connections));
            thread::spawn(move || {
                for stream in listener.incoming() {
                    if stop.load(Ordering::SeqCst) {
                        break;
                    }
                    count.fetch_add(1, Ordering::SeqCst);
                    // An error is the other side's end.
                    let _ = stream.and_then(|stream| serve(stream, &*answer));
                }
            });
        }
        Ok(Self { address, stopped, connections })
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    /// How many there have been.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        for _ in 0..CONNECTIONS {
            let _ = TcpStream::connect(self.address);
        }
    }
}

fn serve(stream: TcpStream, answer: &impl Fn(&Request) -> Option<Vec<u8>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut writer = stream.try_clone()?;
    let mut reader = BufReader::new(stream);
    while let Some(request) = read(&mut reader)? {
        if let Some(response) = answer(&request) {
            writer.write_all(&response)?;
        }
    }
    Ok(())
}

fn read(reader: &mut impl BufRead) -> io::Result<Option<Request>> {
    let (mut line, mut headers) = (String::new(), String::new());
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    while reader.read_line(&mut headers)? > 2 {}
    let mut request = Request { line, headers, body: Vec::new(), at: Instant::now() };
    let length = request.header("content-length").map_or(Ok(0), str::parse).map_err(io::Error::other)?;
    request.body.resize(length, 0);
    reader.read_exact(&mut request.body)?;
    request.at = Instant::now();
    Ok(Some(request))
}
