use super::*;

fn said(template: &str) -> String {
    let fields = [("StackName", "demo"), ("TemplateBody", template), ("Capabilities.member.1", "CAPABILITY_IAM")];
    refusal(Sandbox::new(&[]).call("CreateStack", &fields)).as_str().unwrap().to_owned()
}

fn resource(properties: &str) -> String {
    format!("Resources: {{A: {{Type: AWS::KMS::Key, Properties: {{Description: {properties}}}}}}}")
}

#[tokio::test]
async fn what_is_wrong_with_a_template_is_said_in_the_words_of_cloudformation() {
    let cases = [
        ("[]", "ValidationError Template format error: unsupported structure."),
        ("{Foo: 1}", "ValidationError Invalid template property or properties [Foo]"),
        ("{Description: x}", "ValidationError Template format error: At least one Resources member must be defined."),
        (
            "Resources: {A: {Type: AWS::Foo::Bar}}",
            "ValidationError Template format error: Unrecognized resource types: [AWS::Foo::Bar]",
        ),
        (
            "Resources: {A: {Properties: {}}}",
            "ValidationError Template format error: [/Resources/A] Every Resources object must contain a Type member.",
        ),
        ("Resources: {A: {Type: AWS::KMS::Key, Foo: 1}}", "ValidationError Invalid template resource property 'Foo'"),
    ];
    for (template, expected) in cases {
        assert_eq!(said(template), expected);
    }
    assert_eq!(
        said(&resource("!Ref X")),
        "ValidationError Template format error: Unresolved resource dependencies [X] in the Resources block of the template"
    );
    assert_eq!(
        said(&resource("!GetAtt A.Foo")),
        "ValidationError Template error: resource A does not support attribute type Foo in Fn::GetAtt"
    );
    assert_eq!(
        said("Resources: {A: {Type: AWS::KMS::Key, Properties: {Descripton: x}}}"),
        "ValidationError Properties validation failed for resource A with message: [#: extraneous key [Descripton] is not \
         permitted]"
    );
    assert_eq!(
        said("Resources: {A: {Type: AWS::IAM::Role}}"),
        "ValidationError Properties validation failed for resource A with message: [#: required key \
         [AssumeRolePolicyDocument] not found]"
    );
    assert_eq!(said(&resource("!Ref A")), "ValidationError Circular dependency between resources: [A]");
    assert_eq!(said(&resource("!ImportValue x")), "ValidationError No export named x found.");
    assert!(said(&resource("!Foo x")).contains("YAML not well-formed"));
    assert!(said(&format!("Description: {}", "x".repeat(51_201))).contains("less than or equal to 51200"));
}

#[tokio::test]
async fn roles_need_a_capability() {
    let sandbox = Sandbox::new(&[]);
    let said = refusal(sandbox.call("CreateStack", &[("StackName", "demo"), ("TemplateBody", SMALL)]));
    assert_eq!(said, "InsufficientCapabilitiesException Requires capabilities : [CAPABILITY_IAM]");
}

#[tokio::test]
async fn parameters_are_checked() {
    let template = "
Parameters:
  P: {Type: String, AllowedPattern: '[a-z]+', MinLength: 2, MaxLength: 4}
  N: {Type: Number, Default: 3, MinValue: 1, MaxValue: 5}
  S: {Type: String, Default: x, NoEcho: true}
  V: {Type: String, Default: a, AllowedValues: [a, b]}
Resources: {A: {Type: AWS::KMS::Key, Properties: {Description: !Ref P}}}";
    let sandbox = Sandbox::new(&[]);
    let ask = |pairs: &[(&str, &str)]| {
        let mut fields = vec![("StackName".to_owned(), "demo".to_owned()), ("TemplateBody".into(), template.into())];
        for (index, (key, value)) in pairs.iter().enumerate() {
            fields.push((format!("Parameters.member.{}.ParameterKey", index + 1), (*key).into()));
            fields.push((format!("Parameters.member.{}.ParameterValue", index + 1), (*value).into()));
        }
        let fields: Vec<_> = fields.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        sandbox.call("CreateStack", &fields)
    };
    let cases: [(&[(&str, &str)], &str); 8] = [
        (&[], "Parameters: [P] must have values"),
        (&[("P", "ab"), ("Q", "x")], "Parameters: [Q] do not exist in the template"),
        (&[("P", "A1")], "Parameter 'P' must match pattern [a-z]+"),
        (&[("P", "a")], "Parameter 'P' must contain at least 2 characters"),
        (&[("P", "abcde")], "Parameter 'P' must contain at most 4 characters"),
        (&[("P", "ab"), ("N", "x")], "Parameter 'N' must be a number"),
        (&[("P", "ab"), ("N", "9")], "Parameter 'N' must be a number not greater than 5"),
        (&[("P", "ab"), ("V", "c")], "Parameter 'V' must be one of AllowedValues"),
    ];
    for (pairs, expected) in cases {
        assert_eq!(refusal(ask(pairs)), format!("ValidationError {expected}"));
    }
    ask(&[("P", "ab")]).unwrap();
    sandbox.work_off();
    let shown = sandbox.stack()["Parameters"].as_array().unwrap().clone();
    let secret = shown.iter().find(|shown| shown["ParameterKey"] == "S").unwrap();
    assert_eq!(secret["ParameterValue"], "****");
}

#[tokio::test]
async fn intrinsics_are_evaluated() {
    let template = r#"
Mappings: {M: {eu-west-1: {x: mapped}}}
Conditions: {Yes: !Equals [a, a], No: !Not [!Condition Yes], Both: !And [!Condition Yes, !Or [!Condition No, !Condition Yes]]}
Resources: {A: {Type: AWS::KMS::Key}, B: {Type: AWS::KMS::Key, Condition: No}}
Outputs:
  Sub: {Value: !Sub ['${AWS::Region} ${x} ${!literal} ${A}', {x: !Join ['-', [a, b]]}]}
  Select: {Value: !Select [1, !Split [',', 'a,b,c']]}
  If: {Value: !If [Both, both, neither]}
  Map: {Value: !FindInMap [M, !Ref AWS::Region, x]}
  Base64: {Value: !Base64 hello}
  Partition: {Value: !Sub '${AWS::Partition} ${AWS::URLSuffix} ${AWS::AccountId}'}
  Absent: {Condition: No, Value: x}
"#;
    let sandbox = Sandbox::new(&[]);
    sandbox.call("CreateStack", &[("StackName", "demo"), ("TemplateBody", template)]).unwrap();
    sandbox.work_off();
    let outputs = sandbox.stack()["Outputs"].as_array().unwrap().clone();
    let value = |name: &str| {
        let output = outputs.iter().find(|output| output["OutputKey"] == name);
        output.map(|output| output["OutputValue"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    assert!(value("Sub").starts_with("eu-west-1 a-b ${literal} "), "{}", value("Sub"));
    assert_eq!(value("Select"), "b");
    assert_eq!(value("If"), "both");
    assert_eq!(value("Map"), "mapped");
    assert_eq!(value("Base64"), "aGVsbG8=");
    assert_eq!(value("Partition"), "aws amazonaws.com 000000000000");
    assert_eq!(value("Absent"), "");
    let rows = sandbox.call("ListStackResources", &[("StackName", "demo")]).unwrap();
    assert_eq!(rows["StackResourceSummaries"].as_array().unwrap().len(), 1, "what a condition leaves out is not made");
}

#[tokio::test]
async fn a_dashboard_needs_json_and_an_alarm_one_metric_or_several() {
    for (resource, fits) in [
        (r#"{Type: AWS::CloudWatch::Dashboard, Properties: {DashboardBody: '{"widgets": []}'}}"#, true),
        (r#"{Type: AWS::CloudWatch::Dashboard, Properties: {DashboardBody: '{"widgets": [}'}}"#, false),
        (
            "{Type: AWS::CloudWatch::Alarm, Properties: {ComparisonOperator: x, EvaluationPeriods: 1, MetricName: y}}",
            true,
        ),
        ("{Type: AWS::CloudWatch::Alarm, Properties: {ComparisonOperator: x, EvaluationPeriods: 1}}", false),
    ] {
        let sandbox = Sandbox::new(&[]);
        let template = format!("Resources: {{A: {resource}}}");
        sandbox.call("CreateStack", &[("StackName", "demo"), ("TemplateBody", &template)]).unwrap();
        sandbox.work_off();
        let status = sandbox.stack()["StackStatus"].as_str().unwrap().to_owned();
        assert_eq!(status == "CREATE_COMPLETE", fits, "{resource}: {status}");
    }
}

#[tokio::test]
async fn json_is_read_as_well_and_the_real_template_is_summarised() {
    let sandbox = Sandbox::new(&[]);
    let json = r#"{"Resources": {"A": {"Type": "AWS::KMS::Key", "Properties": {"Description": {"Fn::Sub": "${AWS::StackName}"}}}}}"#;
    sandbox.call("CreateStack", &[("StackName", "demo"), ("TemplateBody", json)]).unwrap();
    let summary = sandbox.call("GetTemplateSummary", &[("TemplateBody", REAL)]).unwrap();
    assert_eq!(summary["Capabilities"], json!(["CAPABILITY_IAM"]));
    assert_eq!(summary["Parameters"].as_array().unwrap().len(), 20);
    let said = refusal(sandbox.call("CreateStackSet", &[("StackSetName", "demo")]));
    assert!(said.as_str().unwrap().starts_with("InvalidAction"), "{said}");
}
