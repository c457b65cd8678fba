//! Whole outputs without what is another one each time: ids, ports, fingerprints, digests, times.

/// The text with `[id]`, `[port]`, `[key]`, `[digest]` and `[time]` in their places.
pub(crate) fn steady(text: &str) -> String {
    let mut steady = String::new();
    for line in text.lines() {
        let mut words: Vec<String> = line.split(' ').map(word).collect();
        if let Some(at) = words.iter().position(|word| word == "-P")
            && let Some(port) = words.get_mut(at + 1)
        {
            *port = "[port]".to_owned();
        }
        steady.push_str(words.join(" ").trim_end());
        steady.push('\n');
    }
    steady
}

fn word(word: &str) -> String {
    if let Some((before, _)) = word.split_once("SHA256:") {
        return format!("{before}SHA256:[key]");
    }
    if let Some((host, rest)) = word.split_once("127.0.0.1:") {
        let rest = rest.trim_start_matches(|letter: char| letter.is_ascii_digit());
        return format!("{host}127.0.0.1:[port]{rest}");
    }
    if word.len() >= 20 && word.ends_with('Z') && word.as_bytes().get(10) == Some(&b'T') {
        return "[time]".to_owned();
    }
    let mut told = String::new();
    let mut rest = word;
    while let Some(start) = rest.find(|letter: char| letter.is_ascii_hexdigit()) {
        let run = &rest[start..];
        let end = run.find(|letter: char| !letter.is_ascii_hexdigit()).unwrap_or(run.len());
        told.push_str(&rest[..start]);
        let digits = &run[..end];
        let is_digest = digits.len() >= 17 && digits.bytes().any(|digit| digit.is_ascii_digit());
        told.push_str(if is_digest { "[id]" } else { digits });
        rest = &run[end..];
    }
    told + rest
}
