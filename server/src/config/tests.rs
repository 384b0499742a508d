//! Tests of settings as a whole: lists that have to agree, precedence, and what is said about mistakes.

use std::{collections::BTreeSet, ffi::OsString, fs, net::SocketAddr, path::Path};

use clap::{CommandFactory, Parser};
use serde_json::Value;

use super::{
    catalogue::{self, EXAMPLE_FILE},
    *,
};

fn environment(variables: &[(&str, &str)]) -> Environment {
    Environment::of(variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value))))
}

/// The settings of a file, an environment and a command line, or what is said about them.
fn load(file: &str, variables: &[(&str, &str)], flags: &str) -> Result<Settings, String> {
    layers(file, variables, flags).settings()
}

fn layers(file: &str, variables: &[(&str, &str)], flags: &str) -> Layers {
    let line = std::iter::once("server").chain(flags.split_whitespace());
    let mut layers = Layers::default();
    layers.add_file(Path::new("my.toml"), file);
    layers.add_environment(&environment(variables));
    layers.add_flags(&Cli::try_parse_from(line).expect("a command line").flags);
    layers
}

fn refusal(file: &str) -> String {
    load(file, &[], "").expect_err("a mistake")
}

/// Section and name of every field of the settings.
fn fields() -> BTreeSet<(String, String)> {
    let Ok(Value::Object(sections)) = serde_json::to_value(Settings::default()) else {
        panic!("settings are sections")
    };
    let names = |(section, fields): (String, Value)| {
        let Value::Object(fields) = fields else { panic!("{section} is a section") };
        fields.into_iter().map(move |(name, _)| (section.clone(), name)).collect::<Vec<_>>()
    };
    sections.into_iter().flat_map(names).collect()
}

/// The sources of the server without tests, and without what only compares settings with each other.
fn readers() -> String {
    fn add(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).expect("a folder of sources").map(|entry| entry.expect("an entry").path()) {
            if entry.is_dir() && !entry.ends_with("tests") {
                add(&entry, text);
            } else if entry.is_file() && !entry.ends_with("tests.rs") {
                let source = fs::read_to_string(&entry).expect("a source file");
                let program = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
                let (before, check) =
                    program.split_once("fn check(").filter(|_| folder.ends_with("config")).unwrap_or((program, ""));
                text.push_str(before);
                text.push_str(check.split_once("\n    }").map_or("", |(_, after)| after));
            }
        }
    }
    let mut text = String::new();
    add(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
    text
}

#[test]
fn the_example_file_names_every_setting_and_no_other() {
    let named: BTreeSet<_> = catalogue::all().iter().map(|known| (known.section.into(), known.name.into())).collect();
    assert_eq!(named, fields());
    assert_eq!(named.len(), catalogue::all().len(), "none is named twice");
}

#[test]
fn the_example_file_says_the_defaults() {
    assert_eq!(load(EXAMPLE_FILE, &[], ""), Ok(Settings::default()));
}

#[test]
fn every_setting_has_a_meaning_and_every_number_a_range_that_it_can_have() {
    for setting in catalogue::all() {
        let path = setting.path();
        assert!(setting.meaning.len() > 10, "{path} has no meaning");
        assert_eq!(setting.check(&setting.example), Ok(()));
        let is_number = setting.example.is_integer() || setting.example.is_float();
        assert_eq!(setting.range.is_some(), is_number, "{path}");
        let Some((low, high)) = setting.range else { continue };
        let range = format!("{low} to {high}");
        assert!(setting.meaning.contains(&range), "{path}: {} has no {range}", setting.meaning);
        for end in [low, high] {
            assert_eq!(setting.check(&setting.read(&end.to_string())), Ok(()));
        }
        assert!(setting.check(&setting.read(&(high + 1.0).to_string())).is_err(), "{path}");
        assert!(setting.check(&setting.read("nan")).is_err(), "{path}");
    }
}

#[test]
fn every_range_is_of_a_setting() {
    let sections: BTreeSet<_> = catalogue::all().iter().map(|setting| setting.section).collect();
    let ranges: usize = sections.iter().map(|section| catalogue::ranges(section).len()).sum();
    assert_eq!(ranges, catalogue::all().iter().filter(|setting| setting.range.is_some()).count());
}

#[test]
fn every_setting_has_a_reader() {
    let text = readers();
    let is_read = |name: &str| {
        let read = format!(".{name}");
        let mut ends = text.match_indices(&read).map(|(at, found)| at + found.len());
        ends.any(|end| !text[end..].starts_with(|letter: char| letter.is_alphanumeric() || letter == '_'))
    };
    for (section, name) in fields() {
        assert!(is_read(&name), "nothing reads {section}.{name}");
    }
    assert!(!is_read("a_setting_without_a_reader"));
}

#[test]
fn every_setting_has_one_variable_and_a_flag_has_that_of_its_setting() {
    let variables: BTreeSet<_> = catalogue::all().iter().map(catalogue::Setting::variable).collect();
    assert_eq!(variables.len(), catalogue::all().len());
    let listed = list_variables();
    for variable in &variables {
        assert!(
            listed.lines().any(|line| line.trim_start_matches("# ").starts_with(&format!("{variable}="))),
            "{variable}"
        );
    }
    for flag in Cli::command().get_arguments().map(|flag| flag.get_id().as_str()).filter(|flag| *flag != "config") {
        let (section, name) = flags::setting_of(flag);
        let setting = catalogue::find(section, name).expect("a flag of a setting");
        assert_eq!(setting.variable(), format!("FRAMEHOUSE_{}", flag.to_uppercase()));
    }
}

#[test]
fn the_listed_variables_are_an_environment_of_defaults() {
    let listed = list_variables();
    let lines = listed.lines().filter(|line| !line.starts_with('#'));
    let variables: Vec<_> = lines.map(|line| line.split_once('=').expect("a variable and its value")).collect();
    assert_eq!(load("", &variables, ""), Ok(Settings::default()));
    assert_eq!(environment(&variables).warnings(), Vec::<String>::new());
}

#[test]
fn flags_win_over_the_environment_which_wins_over_the_file() {
    let file = "[server]\nlanes = 2\ntick_rate = 20\npublic_host = \"file\"\n";
    let variables = [("FRAMEHOUSE_TICK_RATE", "60"), ("FRAMEHOUSE_PUBLIC_HOST", "variable")];
    let settings = load(file, &variables, "--public-host flag").expect("good");
    assert_eq!((settings.server.lanes, settings.server.tick_rate), (2, 60));
    assert_eq!(settings.server.public_host.as_deref(), Some("flag"));
    assert_eq!(settings.rooms, RoomSettings::default());
}

#[test]
fn what_is_shown_has_origins_and_is_a_file_of_the_same_settings() {
    let file = "[server]\nlanes = 2\n\n[http]\nhosts = [\"a\", \"b\"]\n";
    let variables = [("FRAMEHOUSE_ROOMS_SIZE", "7"), ("FRAMEHOUSE_PUBLIC_HOST", "a \"b\" # c")];
    let layers = layers(file, &variables, "--tls-cert c.pem --tls-key k.pem");
    let shown = show(&layers).expect("good");
    for line in [
        "lanes = 2  # my.toml:2:1",
        "hosts = [\"a\", \"b\"]  # my.toml:5:1",
        "size = 7  # environment variable FRAMEHOUSE_ROOMS_SIZE",
        "tls_cert = \"c.pem\"  # flag --tls-cert",
        "tick_rate = 30  # default",
        "# game_dir is not set",
    ] {
        assert!(shown.lines().any(|shown| shown == line), "{line} is not in\n{shown}");
    }
    assert_eq!(load(&shown, &[], ""), Ok(layers.settings().expect("good")));
}

#[test]
fn an_unknown_setting_is_refused_with_its_place_and_the_nearest_name() {
    let said = |path: &str, known: &str| format!("there is no setting `{path}`, did you mean `{known}`?");
    assert_eq!(refusal("\n[server]\n  lanse = 2"), format!("my.toml:3:3: {}", said("server.lanse", "server.lanes")));
    assert_eq!(refusal("[net]\nsize = 2"), format!("my.toml:2:1: {}", said("net.size", "rooms.size")));
    assert_eq!(refusal("lanes = 2"), format!("my.toml:1:1: {}", said("lanes", "server.lanes")));
    assert_eq!(refusal("[romms]\n"), format!("my.toml:1:2: {}", said("romms", "rooms")));
    assert_eq!(refusal("[server]\nxyz = 2"), "my.toml:2:1: there is no setting `server.xyz`");
}

#[test]
fn an_old_name_is_refused_with_the_new_one() {
    let renamed = [
        ("rooms", "loading countdown lobby results leaderboard_broadcast_interval grace away_after idle_timeout", "_s"),
        ("rooms", "ready_countdown host_idle abort_vote history strict_timeout", "_s"),
        ("rooms", "hard_tolerance", "_ticks"),
        ("cleanup", "cleanup_delay force_cleanup_delay sweep_interval", "_s"),
        ("net", "handshake_timeout connection_timeout keep_alive stall_timeout", "_s"),
    ];
    for (section, names, unit) in renamed {
        for name in names.split(' ') {
            let said = refusal(&format!("[{section}]\n{name} = 1"));
            assert!(said.ends_with(&format!("did you mean `{section}.{name}{unit}`?")), "{said}");
        }
    }
}

#[test]
fn a_value_is_refused_with_its_place_its_name_and_what_is_allowed() {
    let lanes = "`server.lanes` must be a whole number from 1 to 64, not";
    assert_eq!(refusal("[server]\nlanes = 70"), format!("my.toml:2:1: {lanes} 70"));
    assert_eq!(refusal("[server]\nlanes = -1"), format!("my.toml:2:1: {lanes} -1"));
    assert_eq!(refusal("[server]\nlanes = 2.5"), format!("my.toml:2:1: {lanes} 2.5"));
    let grace = "`rooms.grace_s` must be a number from 0 to 600, not";
    assert_eq!(refusal("rooms.grace_s = true"), format!("my.toml:1:7: {grace} true"));
    let said = |name: &'static str, value: &str| load("", &[(name, value)], "").expect_err("a mistake");
    let variable = "environment variable FRAMEHOUSE_ROOMS_GRACE_S:";
    assert_eq!(said("FRAMEHOUSE_ROOMS_GRACE_S", "long"), format!("{variable} {grace} \"long\""));
    assert!(said("FRAMEHOUSE_OPEN_TO_PUBLIC", "perhaps").contains("`server.open_to_public` must be true or false"));
    assert!(said("FRAMEHOUSE_HTTP", "here").contains("`server.http` cannot be \"here\""));
    assert!(said("FRAMEHOUSE_HTTP_TRUSTED_PROXIES", "::1, proxy").contains("`http.trusted_proxies` cannot be"));
    assert_eq!(load("", &[], "--lanes 70").expect_err("a mistake"), format!("flag --lanes: {lanes} 70"));
    assert_eq!(refusal("[server]\nlanes = \n").split_inclusive(": ").next(), Some("my.toml:2:9: "));
}

#[test]
fn no_sentence_and_nothing_shown_repeats_a_secret() {
    let url = "https://hooks.example.org/T0/hidden";
    for value in [url.to_owned(), format!("[\"{url}\"]"), format!("{{ url = \"{url}\" }}"), format!("'ftp://{url}'")] {
        let said = refusal(&format!("[alerts]\nwebhook_url = {value}"));
        assert!(said.starts_with("my.toml:2:") && !said.contains("hidden"), "{said}");
    }
    let said = refusal("[alerts]\nwebhook_url = 70712345");
    assert_eq!(said, "my.toml:2:1: `alerts.webhook_url` must be text");
    let layers = layers("", &[("FRAMEHOUSE_WEBHOOK_URL", url)], "");
    let shown = show(&layers).expect("good");
    assert!(shown.contains("# webhook_url is set") && !shown.contains("hidden"), "{shown}");
    assert_eq!(load(&shown, &[], "").expect("good").alerts.webhook_url, None);
}

#[test]
fn all_mistakes_are_told_a_line_each() {
    let said = load("[server]\nlanes = 70\nlanse = 1\n[net]\nsize = 1\n", &[("FRAMEHOUSE_UDP", "x")], "--tick-rate 1");
    let said = said.expect_err("five mistakes");
    let places: Vec<_> = said.lines().map(|line| line.split(": ").next().unwrap_or_default()).collect();
    let last = ["environment variable FRAMEHOUSE_UDP", "flag --tick-rate"];
    assert_eq!(places, [&["my.toml:5:1", "my.toml:2:1", "my.toml:3:1"], &last[..]].concat());
}

#[test]
fn lists_and_switches_in_variables_are_written_as_usual() {
    let hosts = |text: &str| load("", &[("FRAMEHOUSE_HTTP_HOSTS", text)], "").expect("good").http.hosts;
    assert_eq!(hosts("play.example.org, b.example.org"), ["play.example.org", "b.example.org"]);
    assert_eq!(hosts("[\"play.example.org\"]"), ["play.example.org"]);
    assert_eq!(hosts(""), Vec::<String>::new());
    let economy = |word: &str| load("", &[("FRAMEHOUSE_ROOMS_ECONOMY", word)], "").expect("good").rooms.economy;
    assert!(economy("yes") && economy("1") && !economy("off"));
}

#[test]
fn an_unknown_variable_of_the_prefix_is_warned_of() {
    let warnings = |name: &str| environment(&[(name, "1")]).warnings();
    let said = "the environment variable FRAMEHOUSE_LANSE is no setting, did you mean FRAMEHOUSE_LANES?";
    assert_eq!(warnings("FRAMEHOUSE_LANSE"), [said]);
    for name in ["FRAMEHOUSE_BLESS", "FRAMEHOUSE_SERVER", "FRAMEHOUSE_CONFIG", "FRAMEHOUSE_NET_JOINS_PER_S", "LANES"] {
        assert_eq!(warnings(name), Vec::<String>::new());
    }
    assert_eq!(environment(&[("FRAMEHOUSE_XYZ", "")]).warnings(), Vec::<String>::new(), "empty is as good as none");
}

#[test]
fn values_that_do_not_fit_together_are_refused_where_they_were_written() {
    let said = refusal("[cleanup]\ncleanup_delay_s = 100.0");
    assert!(said.starts_with("my.toml:2:1: `cleanup.force_cleanup_delay_s` must be at least"), "{said}");
    let said = load("", &[("FRAMEHOUSE_UDP", "0.0.0.0:7800")], "").expect_err("open");
    assert!(said.starts_with("environment variable FRAMEHOUSE_UDP: 0.0.0.0:7800 can be reached"), "{said}");
    let said = load("", &[], "--tls-cert some.pem").expect_err("half");
    assert!(said.starts_with("flag --tls-cert: `http.tls_cert` needs `http.tls_key`"), "{said}");
}

#[test]
fn the_public_ports_have_room_for_all_lanes() {
    let mut settings = Settings::default();
    settings.server.public_udp_port = Some(65_533);
    assert_eq!(settings.check().expect_err("no room").settings[0], "server.public_udp_port");
    settings.server.public_udp_port = Some(65_532);
    assert!(settings.check().is_ok());
    assert_eq!(settings.server.public_port(3, 7803), 65_535);
    settings.server.public_udp_port = None;
    assert_eq!(settings.server.public_port(3, 7803), 7803);
}

#[test]
fn a_host_of_both_kinds_is_served_on_a_socket_of_both_kinds() {
    let mut server = ServerSettings { public_host: Some("127.0.0.9".into()), ..Default::default() };
    assert_eq!(server.public_addresses(), Ok(vec![[127, 0, 0, 9].into()]));
    server.udp = "[::]:7800".parse().expect("an address");
    assert_eq!(server.public_addresses(), Ok(vec![[127, 0, 0, 9].into()]));
    server.udp = "[::1]:7800".parse().expect("an address");
    assert!(server.public_addresses().is_err());
}

#[test]
fn a_public_address_has_to_be_allowed_and_named() {
    let mut settings = Settings::default();
    settings.server.udp = SocketAddr::from(([0, 0, 0, 0], 7800));
    assert!(settings.check().expect_err("not allowed").sentence.contains("--open-to-public"));
    settings.server.open_to_public = true;
    assert!(settings.check().expect_err("no name").sentence.contains("--public-host"));
    settings.server.public_host = Some("localhost".into());
    assert!(settings.check().is_ok());
    settings.server.open_to_public = false;
    let (jwks, issuer) = (Some("keys.json".into()), Some("https://id.example.org".into()));
    settings.identity = IdentitySettings { kind: IdentityKind::Jwt, jwks, issuer, ..Default::default() };
    assert!(settings.check().is_ok(), "nobody plays there without a token");
}

#[test]
fn a_server_without_replays_has_to_say_that_matches_count_unproven() {
    let told = refusal("[replays]\nenabled = false");
    assert!(told.contains("`store.boards_unproven` = true") && told.contains("my.toml"), "{told}");
    let settings = load("[replays]\nenabled = false\n[store]\nboards_unproven = true", &[], "");
    assert!(settings.is_ok_and(|settings| settings.store.boards_unproven && !settings.replays.enabled));
}
