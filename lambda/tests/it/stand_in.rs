//! A small HTTP server on loopback that plays Okta, or the Lambda Runtime API, byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// One request as it came over the wire.
#[derive(Clone)]
pub(crate) struct Received {
    /// Request line and headers.
    pub(crate) head: String,
    /// The body, by its Content-Length.
    pub(crate) body: Vec<u8>,
}

/// What is done about a request.
pub(crate) enum Reply {
    /// These bytes; the connection stays open.
    Send(Vec<u8>),
    /// These bytes, then the end of the connection.
    SendAndClose(Vec<u8>),
    /// These bytes one by one, with a pause after each.
    Drip(Vec<u8>, Duration),
    /// Nothing, until the other side or the test ends.
    Silence,
    /// A reset instead of an answer.
    Reset,
}

/// A complete response with a Content-Length.
pub(crate) fn response(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A gzip bomb: within the limit on the wire, hundreds of times longer once unpacked, and a success to whoever unpacks it.
pub(crate) fn gzip_bomb(body: &str) -> Vec<u8> {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    packed.write_all(body.as_bytes()).unwrap();
    packed.write_all(&vec![b' '; 20_000_000]).unwrap();
    let packed = packed.finish().unwrap();
    assert!(packed.len() < 40_000, "{} bytes", packed.len());
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Encoding: gzip\r\n";
    [format!("{head}Content-Length: {}\r\n\r\n", packed.len()).into_bytes(), packed].concat()
}

/// A complete JSON response.
pub(crate) fn json(status: &str, body: &str) -> Vec<u8> {
    response(status, "Content-Type: application/json\r\nX-Okta-Request-Id: Zk1xRequest\r\n", body)
}

type Script = dyn Fn(&Received) -> Reply + Send + Sync;

/// The server; it ends with this value.
pub(crate) struct StandIn {
    address: SocketAddr,
    state: Arc<State>,
}

struct State {
    received: Mutex<Vec<Received>>,
    connections: AtomicUsize,
    stopped: AtomicBool,
    script: Box<Script>,
}

impl StandIn {
    pub(crate) fn start(script: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(State {
            received: Mutex::default(),
            connections: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
            script: Box::new(script),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if shared.stopped.load(Ordering::SeqCst) {
                    break;
                }
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let state = Arc::clone(&shared);
                thread::spawn(move || stream.map(|stream| state.serve(stream)));
            }
        });
        Self { address, state }
    }

    /// Always the same bytes.
    pub(crate) fn sending(bytes: Vec<u8>) -> Self {
        Self::start(move |_| Reply::Send(bytes.clone()))
    }

    pub(crate) fn address(&self) -> String {
        self.address.to_string()
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.received.lock().unwrap().clone()
    }

    pub(crate) fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.state.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

impl State {
    /// Serves one connection until either side ends it. Errors mean that the other side is gone.
    fn serve(&self, stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let mut reader = BufReader::new(stream.try_clone().ok()?);
        let mut writer = stream;
        loop {
            let mut received = Received { head: String::new(), body: Vec::new() };
            while !received.head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut received.head).ok()? == 0 {
                    return None;
                }
            }
            let head = received.head.to_ascii_lowercase();
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse().ok());
            received.body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut received.body).ok()?;
            self.received.lock().unwrap().push(received.clone());
            match (self.script)(&received) {
                Reply::Send(bytes) => writer.write_all(&bytes).ok()?,
                Reply::SendAndClose(bytes) => {
                    let _ = writer.write_all(&bytes);
                    let _ = writer.shutdown(Shutdown::Both);
                    return None;
                }
                Reply::Drip(bytes, pause) => {
                    for byte in bytes {
                        writer.write_all(&[byte]).ok()?;
                        thread::sleep(pause);
                    }
                }
                Reply::Silence => {
                    while !self.stopped.load(Ordering::SeqCst) {
                        thread::sleep(Duration::from_millis(2));
                    }
                    return None;
                }
                Reply::Reset => {
                    reset(writer);
                    return None;
                }
            }
        }
    }
}

/// Makes the socket end with RST instead of FIN, by a linger of zero, which only tokio's socket can set.
fn reset(stream: TcpStream) -> Option<()> {
    stream.set_nonblocking(true).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().ok()?;
    runtime.block_on(async { tokio::net::TcpStream::from_std(stream).ok()?.set_zero_linger().ok() })
}
