//! Alarms and dashboard: on metrics that the function really writes, silent where nobody signs in, and heard where a topic
//! is named.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::document::{Finding, catches, finding, holds, items, read, repository, resources, set, template, without};

const ALARM: &str = "AWS::CloudWatch::Alarm";

/// The metrics of the function, from the table at the top of its module.
fn written_by_the_function() -> BTreeSet<String> {
    let module = read(&repository().join("lambda/src/metrics.rs"));
    let rows = module.lines().filter_map(|line| line.strip_prefix("//! | `")?.split_once('`'));
    rows.map(|(name, _)| name.to_owned()).collect()
}

/// A refusal rate of two sign-ins says nothing: CloudWatch judges a median only from 20 values on, if told so.
fn few_refusals_are_no_alarm(template: &Value) -> Vec<Finding> {
    let alarm = &template["Resources"]["RefusalRateAlarm"]["Properties"];
    let fine = alarm["MetricName"] == "Refusals"
        && alarm["ExtendedStatistic"] == "p50"
        && alarm["EvaluateLowSampleCountPercentile"] == "ignore"
        && alarm["Threshold"] == 0.5;
    if fine { Vec::new() } else { vec![finding("RefusalRateAlarm", "a few wrong passwords set it off")] }
}

/// An alarm on a metric that nobody writes stays silent for ever.
fn metrics_exist(template: &Value) -> Vec<Finding> {
    let deployment = json!([{"Name": "DeploymentName", "Value": {"Ref": "DeploymentName"}}]);
    let function = json!([{"Name": "FunctionName", "Value": {"Ref": "IdentityProviderFunction"}}]);
    let api = json!([{"Name": "ApiName", "Value": {"Fn::Sub": "sftp-okta-${DeploymentName}"}},
                     {"Name": "Stage", "Value": {"Ref": "ApiStage"}}]);
    let known = written_by_the_function();
    let mut found = Vec::new();
    for (id, alarm) in resources(template, ALARM) {
        let [namespace, name, dimensions] =
            ["Namespace", "MetricName", "Dimensions"].map(|member| &alarm["Properties"][member]);
        let metric = name.as_str().unwrap_or_default();
        let fine = match namespace.as_str() {
            Some("sftp-okta") => known.contains(metric) && *dimensions == deployment,
            Some("AWS/Lambda") => ["Errors", "Throttles"].contains(&metric) && *dimensions == function,
            Some("AWS/ApiGateway") => metric == "5XXError" && *dimensions == api,
            _ => false,
        };
        if !fine {
            found.push(finding(id, format!("nobody writes {namespace} {name} {dimensions}")));
        }
    }
    found
}

/// Nobody signs in at night. And an alarm that nobody hears costs as much as one that is heard.
fn silence_is_no_alarm_and_alarms_are_heard(template: &Value) -> Vec<Finding> {
    let heard = json!({"Fn::If": ["HasAlarmTopic", [{"Ref": "AlarmTopicArn"}], {"Ref": "AWS::NoValue"}]});
    let mut found = Vec::new();
    for (id, alarm) in resources(template, ALARM) {
        let properties = &alarm["Properties"];
        if properties["TreatMissingData"] != "notBreaching" {
            found.push(finding(id, "it goes off when nobody signs in"));
        }
        for actions in ["AlarmActions", "OKActions"] {
            if properties[actions] != heard {
                found.push(finding(id, format!("{actions} is {}", properties[actions])));
            }
        }
        if !properties["AlarmName"].is_null() {
            found.push(finding(id, "a fixed name collides with itself when the alarm is replaced"));
        }
        if !properties["AlarmDescription"]["Fn::Sub"].as_str().is_some_and(|text| text.contains("${DeploymentName}")) {
            found.push(finding(id, "it does not say which deployment it is about"));
        }
    }
    found
}

/// The dashboard's body is JSON once its variables are filled in, and shows metrics that are written.
fn dashboard_shows_what_is_written(template: &Value) -> Vec<Finding> {
    let known = written_by_the_function();
    let mut found = Vec::new();
    for (id, dashboard) in resources(template, "AWS::CloudWatch::Dashboard") {
        let properties = &dashboard["Properties"];
        if !properties["DashboardName"]["Fn::Sub"].as_str().is_some_and(|name| name.contains("${AWS::Region}")) {
            found.push(finding(id, "dashboards are the account's: without the Region two deployments share one"));
        }
        let body = properties["DashboardBody"]["Fn::Sub"].as_str().unwrap_or_default();
        let Ok(body) = serde_json::from_str::<Value>(body) else {
            found.push(finding(id, "its body is not JSON"));
            continue;
        };
        let lines = items(&body["widgets"]).into_iter().flat_map(|widget| items(&widget["properties"]["metrics"]));
        let mut namespace = "";
        for line in lines {
            if let Some(expression) = line[0]["expression"].as_str() {
                found.extend(searches_what_is_written(id, expression));
            }
            match line[0].as_str() {
                None | Some("...") => continue,
                Some(".") => {}
                Some(other) => namespace = other,
            }
            let name = line[1].as_str().unwrap_or_default();
            if namespace == "sftp-okta" && !known.contains(name) {
                found.push(finding(id, format!("nobody writes {name}")));
            }
        }
        for needed in ["SignIns", "Refusals", "OktaLatency", "Throttles"] {
            if !body.to_string().contains(needed) {
                found.push(finding(id, format!("it does not show {needed}")));
            }
        }
    }
    found
}

/// A search names a namespace and its dimensions. What is more than letters, digits and slashes is in double quotes, or
/// CloudWatch takes it for something else (User Guide, "CloudWatch search expression syntax").
fn searches_what_is_written(id: &str, expression: &str) -> Vec<Finding> {
    let Some((schema, query)) = expression.strip_prefix("SEARCH('{").and_then(|rest| rest.split_once("} ")) else {
        return vec![finding(id, format!("it searches without a namespace: {expression}"))];
    };
    let mut found = Vec::new();
    for part in schema.split(',') {
        let is_plain = part.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '/');
        let is_quoted = part.len() > 2 && part.starts_with('"') && part.ends_with('"');
        if !is_plain && !is_quoted {
            found.push(finding(id, format!("{part} has to be in double quotes")));
        }
    }
    let parts: Vec<&str> = schema.split(',').map(|part| part.trim_matches('"')).collect();
    if parts != ["sftp-okta", "DeploymentName", "Reason"] {
        found.push(finding(id, format!("nobody writes {{{schema}}}")));
    }
    if query != "MetricName=\"Refusals\" DeploymentName=\"${DeploymentName}\"', 'Sum', 300)" {
        found.push(finding(id, format!("it searches for {query}")));
    }
    found
}

#[test]
fn the_template_holds() {
    holds(metrics_exist);
    holds(few_refusals_are_no_alarm);
    holds(silence_is_no_alarm_and_alarms_are_heard);
    holds(dashboard_shows_what_is_written);
    assert_eq!(resources(&template(), ALARM).len(), 8, "the rules above saw every alarm");
    assert!(written_by_the_function().len() > 8, "{:?}", written_by_the_function());
}

#[test]
fn an_alarm_on_nothing_is_caught() {
    catches(metrics_exist, "/OktaUnavailableAlarm/Properties/MetricName", set(json!("OktaUnreachable")));
    catches(metrics_exist, "/OktaUnavailableAlarm/Properties", without("MetricName"));
    catches(metrics_exist, "/RefusalRateAlarm/Properties", without("Dimensions"));
    catches(metrics_exist, "/FunctionErrorsAlarm/Properties/Dimensions/0/Value", set(json!("sftp-okta")));
    catches(metrics_exist, "/ApiErrorsAlarm/Properties/Namespace", set(json!("AWS/ApiGatewayV2")));
}

#[test]
fn an_alarm_that_is_loud_without_reason_or_not_heard_is_caught() {
    let alarm = "/ThrottlesAlarm/Properties";
    let rule = silence_is_no_alarm_and_alarms_are_heard;
    catches(rule, &format!("{alarm}/TreatMissingData"), set(json!("breaching")));
    catches(rule, alarm, without("TreatMissingData"));
    catches(rule, alarm, without("AlarmActions"));
    catches(few_refusals_are_no_alarm, "/RefusalRateAlarm/Properties", without("EvaluateLowSampleCountPercentile"));
    catches(few_refusals_are_no_alarm, "/RefusalRateAlarm/Properties/ExtendedStatistic", set(json!("p10")));
    catches(rule, &format!("{alarm}/OKActions"), set(json!([{"Ref": "AlarmTopicArn"}])));
    catches(rule, alarm, |alarm| alarm["AlarmName"] = json!("throttles"));
}

#[test]
fn a_dashboard_of_nothing_is_caught() {
    let body = "/Dashboard/Properties/DashboardBody/Fn::Sub";
    let changed = |from: &'static str, to: &'static str| {
        move |body: &mut Value| *body = json!(body.as_str().unwrap().replace(from, to))
    };
    catches(dashboard_shows_what_is_written, body, changed("\"SignIns\"", "\"Logins\""));
    catches(dashboard_shows_what_is_written, body, changed("\"widgets\": [", "\"widgets\": "));
    catches(dashboard_shows_what_is_written, body, changed("{\\\"sftp-okta\\\",", "{sftp-okta,"));
    catches(dashboard_shows_what_is_written, body, changed(",Reason} ", "} "));
    catches(dashboard_shows_what_is_written, body, changed("=\\\"${DeploymentName}", "=\\\"${DeploymentName}-x"));
    catches(dashboard_shows_what_is_written, "/Dashboard/Properties/DashboardName/Fn::Sub", set(json!("sftp-okta")));
}
