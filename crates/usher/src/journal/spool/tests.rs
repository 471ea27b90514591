use super::*;
use jiff::Timestamp;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::{Event, Facts, Kind, Personal, Source};

use crate::store::{Notice, NoticeFacts, NoticeHashes};

const SIZE: u64 = 1 << 16;

fn events(n: u128) -> Entries {
    let at = Timestamp::from_second(1_700_000_000).unwrap();
    let minted = Event {
        attempt: AttemptId::new(at, n),
        source: Source::Mint,
        id: "mint".into(),
        kind: Kind::Minted,
        at,
        received_at: at,
        facts: Facts::default(),
        personal: Personal::default(),
    };
    Entries {
        events: vec![minted],
        notices: Vec::new(),
    }
}

fn take(folder: &Path) -> Spool {
    Spool::take_all(folder, SIZE).unwrap().0
}

/// What would be replayed.
fn kept(spool: &Spool) -> Vec<AttemptId> {
    let batch = spool.batch(usize::MAX).unwrap();
    let events = batch.map(|(entries, _)| entries.events).unwrap_or_default();
    events.iter().map(|event| event.attempt).collect()
}

fn add(spool: &mut Spool, n: u128) {
    assert_eq!(spool.append(&[events(n)]).unwrap(), [true]);
}

fn replay_all(spool: &mut Spool) {
    let (_, next) = spool.batch(usize::MAX).unwrap().unwrap();
    spool.note_replayed(next);
    assert!(spool.batch(usize::MAX).unwrap().is_none());
}

fn names(folder: &Path) -> Vec<String> {
    let files = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn ids(numbers: &[u128]) -> Vec<AttemptId> {
    numbers
        .iter()
        .map(|n| events(*n).events[0].attempt)
        .collect()
}

#[test]
fn what_was_appended_is_there_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    for n in 1..=3 {
        add(&mut spool, n);
    }
    drop(spool);
    let mut spool = take(folder.path());
    add(&mut spool, 4);
    assert_eq!(kept(&spool), ids(&[1, 2, 3, 4]));
}

#[test]
fn events_and_notifications_read_back_as_they_were() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    let at = Timestamp::from_second(1_700_000_000).unwrap();
    let mut entries = events(1);
    entries.events[0].personal.raw = serde_json::value::to_raw_value(&[1]).ok();
    entries.notices.push(Notice {
        hash: "00".repeat(16),
        received_at: at,
        at,
        event: "meeting.participant_joined".into(),
        meeting: None,
        meeting_uuid: Some("/a==".into()),
        facts: NoticeFacts::default(),
        hashes: NoticeHashes {
            name: Some("11".repeat(16)),
            registrant: None,
        },
        is_settled: false,
    });
    spool.append(std::slice::from_ref(&entries)).unwrap();
    drop(spool);
    let (read, _) = take(folder.path()).batch(1).unwrap().unwrap();
    assert_eq!(
        serde_json::to_value(&read).unwrap(),
        serde_json::to_value(&entries).unwrap()
    );
}

#[test]
fn what_was_cleared_does_not_come_back_behind_what_is_new() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    for n in 1..=3 {
        add(&mut spool, n);
    }
    replay_all(&mut spool);
    spool.clear().unwrap();
    // Of the same length as the first of before: the second of before stands right behind it.
    add(&mut spool, 4);
    drop(spool);
    assert_eq!(kept(&take(folder.path())), ids(&[4]));
}

#[test]
fn a_record_that_was_cut_ends_the_file_and_is_written_over() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    add(&mut spool, 1);
    let whole = spool.end;
    add(&mut spool, 2);
    spool.file.write_all_at(b"??", whole + 40).unwrap();
    drop(spool);
    let mut spool = take(folder.path());
    assert_eq!(kept(&spool), ids(&[1]));
    add(&mut spool, 3);
    assert_eq!(kept(&spool), ids(&[1, 3]));
}

#[test]
fn its_space_is_taken_before_it_is_needed_and_never_exceeded() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    let length = spool.file.metadata().unwrap().len();
    assert_eq!(length, SIZE);
    let mut n = 0;
    while spool.append(&[events(n)]).unwrap() == [true] {
        n += 1;
    }
    assert_eq!(spool.file.metadata().unwrap().len(), SIZE);
    drop(spool);
    assert_eq!(kept(&take(folder.path())).len() as u128, n);
}

#[test]
fn of_a_batch_that_is_too_large_what_fits_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    let mut large = events(2);
    let text = "x".repeat(usize::try_from(SIZE).unwrap());
    large.events[0].facts.reason = Some(text);
    let is_kept = spool.append(&[events(1), large, events(3)]).unwrap();
    assert_eq!(is_kept, [true, false, true]);
    drop(spool);
    assert_eq!(kept(&take(folder.path())), ids(&[1, 3]));
}

#[test]
fn nothing_of_what_was_cleared_stays_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    (1..=3).for_each(|n| add(&mut spool, n));
    replay_all(&mut spool);
    spool.clear().unwrap();
    assert!(spool.is_empty());
    let file = std::fs::read(spool.path()).unwrap();
    assert_eq!(file.len() as u64, SIZE);
    assert!(file[MARK.len()..].iter().all(|byte| *byte == 0));
}

#[test]
fn what_a_power_cut_left_of_a_record_does_not_stay_in_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    add(&mut spool, 1);
    let whole = spool.end;
    add(&mut spool, 2);
    spool.file.write_all_at(b"??", whole + 40).unwrap();
    drop(spool);
    let spool = take(folder.path());
    let file = std::fs::read(spool.path()).unwrap();
    let rest = &file[usize::try_from(whole).unwrap()..];
    assert!(rest.iter().all(|byte| *byte == 0));
}

#[test]
fn what_is_not_replayed_is_not_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    (1..=2).for_each(|n| add(&mut spool, n));
    let (_, next) = spool.batch(1).unwrap().unwrap();
    spool.note_replayed(next);
    spool.clear().unwrap();
    assert_eq!(kept(&spool), ids(&[2]));
}

#[test]
fn a_record_damaged_in_the_midst_is_set_aside_and_the_others_are_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    add(&mut spool, 1);
    let second = spool.end;
    (2..=3).for_each(|n| add(&mut spool, n));
    spool.file.write_all_at(b"??", second + 40).unwrap();
    drop(spool);
    let mut spool = take(folder.path());
    assert_eq!(kept(&spool), ids(&[1]));
    replay_to_fault(&mut spool);
    let fault = spool.batch(9).unwrap_err();
    assert!(matches!(fault, ReadError::Record { at, .. } if at == second));
    let aside = spool.set_record_aside().unwrap();
    assert!(aside.ends_with("spool-0.bad"));
    let lines = std::fs::read_to_string(aside).unwrap();
    assert_eq!(lines.lines().count(), 1);
    assert_eq!(kept(&spool), ids(&[3]));
}

fn replay_to_fault(spool: &mut Spool) {
    let (_, next) = spool.batch(9).unwrap().unwrap();
    spool.note_replayed(next);
}

#[test]
fn a_file_that_was_damaged_while_it_was_held_is_not_taken_for_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let mut spool = take(folder.path());
    add(&mut spool, 1);
    let second = spool.end;
    (2..=4).for_each(|n| add(&mut spool, n));
    spool.file.write_all_at(&[0; 64], second).unwrap();
    replay_to_fault(&mut spool);
    let fault = spool.batch(9).unwrap_err();
    assert!(matches!(fault, ReadError::File(at) if at == second));
    spool.set_aside().unwrap();
    drop(spool);
    assert!(take(folder.path()).is_empty());
    assert_eq!(names(folder.path()), ["spool-0", "spool-0.bad-1"]);
}

#[test]
fn a_record_of_another_version_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let spool = take(folder.path());
    let payload = b"{\"events\":[7]}";
    let mut record = u32::try_from(payload.len()).unwrap().to_le_bytes().to_vec();
    record.extend(&Sha256::digest(payload)[..HASH_BYTES]);
    record.extend(payload);
    spool.file.write_all_at(&record, START).unwrap();
    drop(spool);
    let mut spool = take(folder.path());
    add(&mut spool, 1);
    assert!(matches!(spool.batch(9), Err(ReadError::Record { .. })));
    spool.set_record_aside().unwrap();
    assert_eq!(kept(&spool), ids(&[1]));
}

#[test]
fn a_second_process_has_its_own_and_what_a_dead_one_left_is_taken_over() {
    let folder = tempfile::tempdir().unwrap();
    let first = take(folder.path());
    let mut second = take(folder.path());
    assert_ne!(first.path(), second.path());
    add(&mut second, 7);
    drop((first, second));
    let (own, inherited) = Spool::take_all(folder.path(), SIZE).unwrap();
    assert!(own.is_empty());
    assert_eq!(inherited.len(), 1);
    assert_eq!(kept(&inherited[0]), ids(&[7]));
}

#[test]
fn a_file_of_noise_is_kept_aside_and_another_begun() {
    let folder = tempfile::tempdir().unwrap();
    for n in 1..=2 {
        std::fs::write(folder.path().join("spool-0"), vec![0xa5; 4096]).unwrap();
        let mut spool = take(folder.path());
        assert!(spool.is_empty());
        add(&mut spool, n);
        assert_eq!(kept(&spool), ids(&[n]));
    }
    let expected = ["spool-0", "spool-0.bad-1", "spool-0.bad-2"];
    assert_eq!(names(folder.path()), expected);
}
