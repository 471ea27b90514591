use usher_core::import::{Field, MapRefusal, Mapping, Overrides, Target};

fn guessed(columns: &[&str]) -> Vec<String> {
    let mapping = Mapping::of_table(columns, &Overrides::default()).unwrap();
    mapping.to_string().lines().map(str::to_owned).collect()
}

#[test]
fn the_guess_is_shown_a_column_a_line() {
    assert_eq!(
        guessed(&[
            "ts",
            "Result",
            "error_code",
            "errorMessage",
            "meetingNumber",
            "user_id",
            "browser"
        ]),
        [
            "`ts` -> at (guessed)",
            "`Result` -> outcome (guessed)",
            "`error_code` -> code (guessed)",
            "`errorMessage` -> reason (guessed)",
            "`meetingNumber` -> meeting (guessed)",
            "`user_id` -> participant (guessed)",
            "`browser` -> dimension `browser`",
        ]
    );
}

#[test]
fn the_schemas_own_names_are_no_guess_and_win_over_other_spellings() {
    assert_eq!(
        guessed(&["time", "at", "cnt", "failures", "sdkVersion"]),
        [
            "`time` -> dimension `time`",
            "`at` -> at",
            "`cnt` -> attempts (guessed)",
            "`failures` -> failed (guessed)",
            "`sdkVersion` -> dimension `sdk_version`",
        ]
    );
}

#[test]
fn columns_that_say_secrets_or_people_are_not_read() {
    assert_eq!(
        guessed(&["at", "passWord", "zak", "userName", "e-mail", ""]),
        [
            "`at` -> at",
            "`passWord` -> not read: its name says a secret",
            "`zak` -> not read: its name says a secret",
            "`userName` -> not read: its name says somebody's name or address",
            "`e-mail` -> not read: its name says somebody's name or address",
            "`` -> not read: it has no name",
        ]
    );
}

#[test]
fn map_overrides_the_guess() {
    let overrides =
        Overrides::parse("at=min, attempts=cnt,failed=value,dim.tenant=customer,ignore=n").unwrap();
    let columns = ["time", "min", "cnt", "value", "customer", "n"];
    let mapping = Mapping::of_table(&columns, &overrides).unwrap();
    assert_eq!(
        mapping.to_string(),
        "`time` -> dimension `time`\n`min` -> at (--map)\n`cnt` -> attempts (--map)\n`value` -> failed (--map)\n\
         `customer` -> dimension `tenant` (--map)\n`n` -> not read (--map)\n"
    );
    assert!(mapping.has(Field::Failed));
    assert_eq!(
        mapping.columns()[5].target,
        Target::Nothing(usher_core::import::Why::Asked)
    );
}

#[test]
fn a_wrong_map_is_refused_with_what_was_probably_meant() {
    for (map, sentence) in [
        (
            "at",
            "--map holds `at`, which is not NAME=COLUMN; write for instance at=min,attempts=cnt",
        ),
        (
            "at=",
            "--map holds `at=`, which is not NAME=COLUMN; write for instance at=min,attempts=cnt",
        ),
        (
            "atempts=n",
            "--map knows no field `atempts`; did you mean attempts?",
        ),
        ("time=min", "--map knows no field `time`; did you mean at?"),
        ("at=a,at=b", "--map gives `at` twice; one column can be it"),
        (
            "at=a,code=a",
            "--map uses the column `a` twice; a column can be one thing",
        ),
    ] {
        assert_eq!(Overrides::parse(map).unwrap_err().to_string(), sentence);
    }
    let unknown = Overrides::parse("colour=x").unwrap_err().to_string();
    assert!(unknown.contains("the names are at, outcome,"), "{unknown}");
}

#[test]
fn a_table_is_refused_without_a_time_with_a_column_twice_and_without_a_column_that_map_names() {
    let refused = |columns: &[&str], map: &str| {
        let overrides = Overrides::parse(map).unwrap();
        Mapping::of_table(columns, &overrides).unwrap_err()
    };
    assert_eq!(
        refused(&["a", "b"], "").to_string(),
        "no column looks like a time; name it with --map at=COLUMN, of `a`, `b`"
    );
    assert_eq!(
        refused(&["at", "x", "x"], ""),
        MapRefusal::SameColumnTwice("x".to_owned())
    );
    assert_eq!(
        refused(&["at", "x"], "code=y").to_string(),
        "--map names the column `y`, which the file does not have; its columns are `at`, `x`"
    );
}

#[test]
fn a_columns_name_can_not_speak_to_the_terminal() {
    let shown = guessed(&["at", "x\u{1b}[2J"]);
    assert_eq!(shown[1], "`x\\u001b[2J` -> dimension `x\\u001b[2J`");
}
