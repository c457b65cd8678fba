//! Output of awsQuery: an object becomes elements, a list becomes `<member>`, nothing becomes nothing. A map is an object
//! whose only member is the list `entry`.

use std::fmt::Write as _;

use serde_json::Value;

use super::Refusal;

/// `<ActionResponse><ActionResult>…`. An action without a result (`null`) has no such element.
pub(crate) fn response(service: &str, action: &str, result: &Value, request_id: &str) -> String {
    let mut xml = format!("<{action}Response xmlns=\"{}\">", namespace(service));
    if !result.is_null() {
        element(&mut xml, &format!("{action}Result"), result);
    }
    let _ = write!(xml, "<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>");
    xml
}

/// `<ErrorResponse>`.
pub(crate) fn error(service: &str, refusal: &Refusal, request_id: &str) -> String {
    let kind = if refusal.status >= 500 { "Receiver" } else { "Sender" };
    format!(
        "<ErrorResponse xmlns=\"{}\"><Error><Type>{kind}</Type><Code>{}</Code><Message>{}</Message></Error>\
         <RequestId>{request_id}</RequestId></ErrorResponse>",
        namespace(service),
        escape(&refusal.code),
        escape(&refusal.message),
    )
}

fn namespace(service: &str) -> &'static str {
    match service {
        "cloudformation" => "http://cloudformation.amazonaws.com/doc/2010-05-15/",
        "iam" => "https://iam.amazonaws.com/doc/2010-05-08/",
        _ => "https://sts.amazonaws.com/doc/2011-06-15/",
    }
}

fn element(xml: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    if let ("entry", Value::Array(entries)) = (name, value) {
        entries.iter().for_each(|entry| element(xml, name, entry));
        return;
    }
    let _ = write!(xml, "<{name}>");
    match value {
        Value::Null => {}
        Value::Bool(flag) => xml.push_str(if *flag { "true" } else { "false" }),
        Value::Number(number) => xml.push_str(&number.to_string()),
        Value::String(text) => xml.push_str(&escape(text)),
        Value::Array(members) => members.iter().for_each(|member| element(xml, "member", member)),
        Value::Object(fields) => fields.iter().for_each(|(name, value)| element(xml, name, value)),
    }
    let _ = write!(xml, "</{name}>");
}

/// A carriage return is written by number, since a parser would make it a line feed; what XML 1.0 cannot hold is left out.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\r' => escaped.push_str("&#xD;"),
            '\n' | '\t' => escaped.push(character),
            control if control < ' ' || matches!(control, '\u{FFFE}' | '\u{FFFF}') => {}
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_become_elements() {
        let result =
            json!({"Stacks": [{"Name": "a<b>", "Flag": true, "Count": 3, "None": null, "Tags": [], "More": {}}]});
        assert_eq!(
            response("cloudformation", "DescribeStacks", &result, "1"),
            "<DescribeStacksResponse xmlns=\"http://cloudformation.amazonaws.com/doc/2010-05-15/\"><DescribeStacksResult>\
             <Stacks><member><Count>3</Count><Flag>true</Flag><More></More><Name>a&lt;b&gt;</Name><Tags></Tags></member>\
             </Stacks></DescribeStacksResult><ResponseMetadata><RequestId>1</RequestId></ResponseMetadata>\
             </DescribeStacksResponse>"
        );
    }

    #[test]
    fn a_map_has_entries() {
        let result = json!({"Map": {"entry": [{"key": "a", "value": 1}, {"key": "b", "value": 2}]}});
        let xml = response("iam", "Get", &result, "1");
        let map = "<Map><entry><key>a</key><value>1</value></entry><entry><key>b</key><value>2</value></entry></Map>";
        assert!(xml.contains(map), "{xml}");
    }

    #[test]
    fn an_error_says_whose_fault_it_is() {
        let error = error("sts", &Refusal::new("A", "b & c\r"), "1");
        assert!(error.contains("<Type>Sender</Type><Code>A</Code><Message>b &amp; c&#xD;</Message>"), "{error}");
    }
}
