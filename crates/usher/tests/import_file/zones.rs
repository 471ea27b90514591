use std::io::Cursor;

use usher::import_file::{read, zone};
use usher_core::import::{Options, Overrides};

#[test]
fn a_zone_is_a_name_or_an_offset() {
    for name in ["Asia/Tokyo", "asia/tokyo", "+09:00", "+0900"] {
        let options = Options {
            zone: Some(zone(name).unwrap()),
            ..super::options()
        };
        let csv = Cursor::new("at\n2023-10-10 13:55:36\n");
        let mut rows = read(Box::new(csv), None, Overrides::default(), options).unwrap();
        let row = rows.next().unwrap().unwrap().row.unwrap().row;
        assert_eq!(row.at, "2023-10-10T04:55:36Z".parse().unwrap(), "{name}");
    }
    assert_eq!(
        zone("Asia/Tokio").unwrap_err().to_string(),
        "there is no time zone \"Asia/Tokio\"; give a name such as Asia/Tokyo, UTC, or an offset such as +09:00"
    );
    assert!(zone("+99:99").is_err() && zone("").is_err() && zone("JST").is_err());
}
