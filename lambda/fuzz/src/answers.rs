//! Answers of Okta's, as a text that is easy to write and easy to disturb.
//!
//! The first line is the input's own. Then the answers, each after a line `====`: the status, headers one a line, an empty
//! line, the body. Without a `Content-Type` it is JSON.

/// One answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status, 200 to 599.
    pub status: u16,
    /// Headers that do not change where the answer ends.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Headers that only the server itself may set: with them an answer would be none.
const FRAMING: [&str; 6] = ["content-length", "transfer-encoding", "connection", "upgrade", "trailer", "te"];

impl Answer {
    /// A JSON answer.
    pub fn json(status: u16, body: &str) -> Self {
        let headers = vec![("Content-Type".to_owned(), b"application/json".to_vec())];
        Self { status, headers, body: body.as_bytes().to_vec() }
    }

    fn read(text: &[u8]) -> Self {
        let (head, body) = split_at(text, b"\n\n").unwrap_or((text, b""));
        let mut lines = head.split(|byte| *byte == b'\n');
        let status = lines.next().and_then(|line| std::str::from_utf8(line).ok()?.trim().parse().ok());
        let status = status.filter(|status| (200..=599).contains(status)).unwrap_or(200);
        let mut headers: Vec<_> = lines.filter_map(header).collect();
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            headers.push(("Content-Type".to_owned(), b"application/json".to_vec()));
        }
        // These have no body, whatever is written.
        let body = if matches!(status, 204 | 304) { Vec::new() } else { body.to_vec() };
        Self { status, headers, body }
    }

    /// The value of the one header of this name.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(written, _)| written.eq_ignore_ascii_case(name))?;
        std::str::from_utf8(value).ok()
    }

    /// The answer as it goes over the wire. `{org}` in a header is the org's own address.
    pub fn wire(&self, org_url: &str) -> Vec<u8> {
        let mut wire = format!("HTTP/1.1 {} Whatever\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            let own = split_at(value, b"{org}").map(|(before, after)| [before, org_url.as_bytes(), after].concat());
            wire.extend([name.as_bytes(), b": ", own.as_ref().unwrap_or(value), b"\r\n"].concat());
        }
        if !matches!(self.status, 204 | 304) {
            wire.extend(format!("Content-Length: {}\r\n", self.body.len()).into_bytes());
        }
        wire.extend(b"\r\n");
        wire.extend(&self.body);
        wire
    }
}

fn header(line: &[u8]) -> Option<(String, Vec<u8>)> {
    let (name, value) = split_at(line, b":")?;
    let name = std::str::from_utf8(name).ok()?.to_owned();
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_value = value.iter().all(|byte| *byte >= 0x20 && *byte != 0x7f);
    let is_framing = FRAMING.contains(&name.to_ascii_lowercase().as_str());
    (is_name && is_value && !is_framing).then(|| (name, value.trim_ascii().to_vec()))
}

fn split_at<'a>(text: &'a [u8], by: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(by.len()).position(|window| window == by)?;
    Some((&text[..at], &text[at + by.len()..]))
}

/// The input's own first line, and the answers. None if the line is no text.
pub fn read(data: &[u8]) -> Option<(&str, Vec<Answer>)> {
    let mut parts = Vec::new();
    let mut rest = data;
    while let Some((part, after)) = split_at(rest, b"\n====\n") {
        parts.push(part);
        rest = after;
    }
    parts.push(rest);
    let line = std::str::from_utf8(parts[0]).ok()?;
    Some((line, parts[1..].iter().map(|part| Answer::read(part)).collect()))
}
