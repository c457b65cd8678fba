//! Wildcards of IAM policies: `*` for any text, `?` for one character.

/// Whether the whole text is as the pattern says. Takes time in proportion to the product of both lengths at worst.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let (mut pattern, mut text) = (pattern.chars(), text.chars());
    // Behind the last `*`: the rest of the pattern, and the text from where the `*` ends.
    let mut retry = None;
    loop {
        let here = text.clone();
        match (pattern.next(), text.next()) {
            (None, None) => return true,
            (Some('*'), _) => {
                retry = Some((pattern.clone(), here.clone()));
                text = here;
            }
            (Some('?'), Some(_)) => {}
            (Some(wanted), Some(found)) if wanted == found => {}
            (Some(_), Some(_) | None) | (None, Some(_)) => {
                let Some((behind, ends)) = retry.as_mut() else { return false };
                if ends.next().is_none() {
                    return false;
                }
                (pattern, text) = (behind.clone(), ends.clone());
            }
        }
    }
}

/// Whether an ARN is as the pattern says: part by part, so that a wildcard does not reach over a colon. The last part, which
/// may hold colons of its own, is one.
pub(super) fn matches_arn(pattern: &str, arn: &str) -> bool {
    let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (patterns, parts) = (parts(pattern), parts(arn));
    patterns.len() == 6 && parts.len() == 6 && patterns.iter().zip(&parts).all(|(pattern, part)| matches(pattern, part))
}
