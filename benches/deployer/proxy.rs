//! Stands before the endpoint, passes everything on as it comes, and writes down what is asked.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// One call, such as `DescribeServer` or `GET /bucket/key`, and when it came.
pub(crate) type Call = (Instant, String);

/// The proxy. It takes no new connection once this value is gone.
pub(crate) struct Proxy {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    stopped: Arc<AtomicBool>,
}

impl Proxy {
    /// Starts one on a free port of the loopback interface.
    pub(crate) fn before(endpoint: &str) -> io::Result<Self> {
        let upstream = endpoint.trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let (calls, stopped) = (Arc::<Mutex<Vec<Call>>>::default(), Arc::new(AtomicBool::new(false)));
        let (book, stop) = (Arc::clone(&calls), Arc::clone(&stopped));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let (book, upstream) = (Arc::clone(&book), upstream.clone());
                // An error is the end of one side, and then of the other.
                thread::spawn(move || stream.and_then(|stream| pass_on(stream, &upstream, &book)));
            }
        });
        Ok(Self { address, calls, stopped })
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked since this was last called.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

fn pass_on(client: TcpStream, upstream: &str, book: &Mutex<Vec<Call>>) -> io::Result<()> {
    let mut service = TcpStream::connect(upstream)?;
    client.set_nodelay(true)?;
    service.set_nodelay(true)?;
    let (mut answers, mut back) = (service.try_clone()?, client.try_clone()?);
    thread::spawn(move || {
        let ended = io::copy(&mut answers, &mut back);
        back.shutdown(std::net::Shutdown::Both).and(ended)
    });
    let mut reader = BufReader::new(client);
    while let Some((bytes, action)) = read(&mut reader)? {
        book.lock().unwrap_or_else(PoisonError::into_inner).push((Instant::now(), action));
        service.write_all(&bytes)?;
    }
    service.shutdown(std::net::Shutdown::Both)
}

/// One whole request, and what it asks. None of those that are counted comes in chunks.
fn read(reader: &mut impl BufRead) -> io::Result<Option<(Vec<u8>, String)>> {
    let (mut head, mut length, mut target) = (String::new(), 0, None);
    loop {
        let start = head.len();
        if reader.read_line(&mut head)? == 0 {
            return Ok(None);
        }
        let line = head.get(start..).unwrap_or_default().trim_end();
        if line.is_empty() {
            break;
        }
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        } else if name.eq_ignore_ascii_case("x-amz-target") {
            target = value.trim().rsplit('.').next().map(ToOwned::to_owned);
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let form = String::from_utf8_lossy(&body).into_owned();
    let in_form = form.split('&').find_map(|field| field.strip_prefix("Action=")).map(ToOwned::to_owned);
    let line = head.lines().next().unwrap_or_default().rsplit_once(' ').map_or("", |(line, _)| line).to_owned();
    Ok(Some((Vec::from_iter(head.into_bytes().into_iter().chain(body)), target.or(in_form).unwrap_or(line))))
}
