//! The OpenAPI document: what it says about paths and answers is what the server does.

use std::{collections::BTreeSet, fs, process::Stdio};

use framehouse_harness::live::wait_until;
use framehouse_shared::api::{ENTRIES_MAX, MATCHES_MAX, ROOMS_MAX};
use framehouse_tools::replays::Folder;
use serde_json::{Map, Value, json};

use crate::{
    programs::{Running, SERVER},
    store::{lines, played},
};

/// Ids of the match and of its players.
const ID: u128 = 0xad;

/// A server that has stored one match of two players.
fn server(folder: &Folder) -> Running {
    let mut result = played(ID, &[(ID, 7), (2, 3)]);
    result.replay = Some(format!("{:032x}.fhr", ID));
    fs::write(folder.path().join("results.jsonl"), lines(&[result])).expect("a folder of ours");
    let settings = folder.path().join("settings.toml");
    fs::write(&settings, "[store]\nboards_unproven = true").expect("a folder of ours");
    let arguments = ["--config", settings.to_str().expect("UTF-8")];
    let running = Running::start_with(SERVER, folder.path(), Stdio::null(), &arguments);
    wait_until("the result is stored", || running.status().store.stored == 1);
    running
}

fn document(running: &Running) -> Value {
    running.get("/v1/openapi.json")
}

/// The path with the match, the player, the board and the file that the server has.
fn filled(path: &str) -> String {
    let path = path.replace("{match}", &format!("{ID:032x}")).replace("{id}", &format!("{ID:032x}"));
    path.replace("{board}", "all").replace("{code}", "K7QX").replace("{file}", "page.js").replace("{call}", "sanctions")
}

/// Status and body of the answer to a request with an empty object, or without a body.
fn ask(running: &Running, method: &str, path: &str) -> (u16, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let url = format!("{}{path}", running.url());
    let answer = match method {
        "post" => agent.post(&url).send_json(json!({})),
        _ => agent.get(&url).call(),
    };
    let mut answer = answer.expect("an answer");
    (answer.status().as_u16(), answer.body_mut().read_to_string().expect("text"))
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().expect("paths");
    let of_path = |(path, item): (&String, &Value)| {
        let item = item.as_object().expect("operations").clone();
        let path = path.clone();
        item.into_iter().map(move |(method, operation)| (path.clone(), method, operation)).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn documented_paths_are_the_routes_and_those_of_the_readme() {
    let folder = Folder::new("openapi-paths");
    let running = server(&folder);
    let document = document(&running);
    let operations = operations(&document);
    for (path, method, operation) in &operations {
        let (status, body) = ask(&running, method, &filled(path));
        assert!(!body.contains("nothing at this address") && status != 405, "{method} {path}: {status} {body}");
        let is_documented = operation["responses"].get(status.to_string()).is_some();
        assert!(is_documented, "{method} {path}: {status} is not documented");
        let other = if method == "post" { "get" } else { "post" };
        assert_eq!(ask(&running, other, &filled(path)).0, 405, "{other} {path}");
        for text in ["summary", "operationId"] {
            assert!(operation[text].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}: {text}");
        }
    }
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).expect("it is there");
    let rows = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
    let is_request = |row: &&str| row.starts_with("GET /") || row.starts_with("POST /");
    let told: BTreeSet<String> = rows.map(|(request, _)| request).filter(is_request).map(str::to_owned).collect();
    let found = operations.iter().map(|(path, method, _)| format!("{} {path}", method.to_uppercase()));
    assert_eq!(found.collect::<BTreeSet<_>>(), told);
}

/// Whoever changes a limit changes what is said about it.
#[test]
fn ranges_of_parameters_are_those_of_the_server() {
    let folder = Folder::new("openapi-ranges");
    let document = document(&server(&folder));
    let limit = |path: &str| {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().expect("parameters").clone();
        let found = parameters.iter().find(|parameter| parameter["name"] == "limit").expect("a limit");
        (found["schema"]["minimum"].as_f64(), found["schema"]["maximum"].as_f64())
    };
    assert_eq!(limit("/v1/rooms"), (Some(1.0), Some(ROOMS_MAX as f64)));
    assert_eq!(limit("/v1/leaderboards/{board}"), (Some(1.0), Some(f64::from(ENTRIES_MAX))));
    assert_eq!(limit("/v1/players/{id}/matches"), (Some(1.0), Some(f64::from(MATCHES_MAX))));
}

#[test]
fn answers_have_exactly_the_documented_fields() {
    let folder = Folder::new("openapi-answers");
    let running = server(&folder);
    let document = document(&running);
    for path in [
        "/v1/leaderboards",
        "/v1/leaderboards/{board}",
        "/v1/players/{id}",
        "/v1/players/{id}/matches",
        "/v1/matches/{id}",
        "/v1/rooms",
        "/v1/maps",
        "/v1/key",
        "/v1/status",
    ] {
        let schema = &document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"];
        assert!(schema.is_object(), "{path} has no schema");
        let answer: Value = running.get(&filled(path));
        check(&document, schema, &answer, path).unwrap_or_else(|difference| panic!("{difference} in {answer:#}"));
    }
    let refused = ask(&running, "get", "/v1/leaderboards/year").1;
    let refused: Value = serde_json::from_str(&refused).expect("JSON");
    let schema = &document["components"]["schemas"]["ErrorBody"];
    check(&document, schema, &refused, "an error").expect("the documented form");
    // The check itself finds what is there too much, too little, or of another kind.
    for (wrong, reason) in [
        (json!({"error": {"code": "x", "message": "y", "more": 1}}), "more"),
        (json!({"error": {"code": "x"}}), "message"),
        (json!({"error": {"code": "x", "message": 7}}), "string"),
    ] {
        assert!(check(&document, schema, &wrong, "an error").is_err_and(|told| told.contains(reason)), "{wrong}");
    }
}

/// Checks that a value has the fields of the schema, all of them and no others, and each of its kind.
fn check(document: &Value, schema: &Value, value: &Value, place: &str) -> Result<(), String> {
    if let Some(name) = schema["$ref"].as_str() {
        let found = document.pointer(name.trim_start_matches('#')).ok_or(format!("{name} leads nowhere"))?;
        return check(document, found, value, place);
    }
    if let Some(variants) = schema["oneOf"].as_array() {
        let errors: Vec<_> =
            variants.iter().map_while(|variant| check(document, variant, value, place).err()).collect();
        return if errors.len() < variants.len() { Ok(()) } else { Err(errors.join("; ")) };
    }
    if schema["properties"].is_object() || schema["allOf"].is_array() {
        let fields = fields(document, schema);
        let object = value.as_object().ok_or(format!("{place} is no object"))?;
        let (documented, found) = (fields.keys().collect::<BTreeSet<_>>(), object.keys().collect::<BTreeSet<_>>());
        if documented != found {
            let differ = documented.symmetric_difference(&found).collect::<Vec<_>>();
            return Err(format!("{place}: only documented or only there: {differ:?}"));
        }
        let mut all = fields.iter();
        return all.try_for_each(|(name, schema)| check(document, schema, &object[name], &format!("{place}.{name}")));
    }
    let kinds = match &schema["type"] {
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        kind => kind.as_str().into_iter().collect::<Vec<_>>(),
    };
    if !kinds.is_empty() && !kinds.iter().any(|kind| is_of(kind, value)) {
        return Err(format!("{place} is not of type {}", kinds.join(" or ")));
    }
    match value {
        Value::Array(items) if schema["items"].is_object() => {
            items.iter().try_for_each(|item| check(document, &schema["items"], item, &format!("{place}[]")))
        }
        Value::Object(object) if schema["additionalProperties"].is_object() => {
            object.iter().try_for_each(|(key, item)| {
                check(document, &schema["additionalProperties"], item, &format!("{place}.{key}"))
            })
        }
        _ => Ok(()),
    }
}

fn is_of(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => false,
    }
}

/// The fields of an object, also of one that consists of several.
fn fields(document: &Value, schema: &Value) -> Map<String, Value> {
    let mut found = schema["properties"].as_object().cloned().unwrap_or_default();
    for part in schema["allOf"].as_array().into_iter().flatten() {
        let part = match part["$ref"].as_str() {
            Some(name) => document.pointer(name.trim_start_matches('#')).expect("it leads somewhere"),
            None => part,
        };
        found.extend(fields(document, part));
    }
    found
}
