use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use usher_core::attempt::AttemptId;
use usher_core::attempt::event::MatchedBy;
use usher_core::meeting::MeetingNumber;
use usher_core::webhook::matching::{Candidate, Doubt, Hashes, Match, find};
use usher_core::webhook::{
    MeetingNotice, Participant, ParticipantEvent, name_hash, registrant_hash,
};

use crate::signed::time;

const KEY: &[u8] = b"the store's key";

fn minted() -> Timestamp {
    time("2023-10-10T04:00:00Z")
}

fn after(seconds: i64) -> Timestamp {
    minted() + SignedDuration::from_secs(seconds)
}

fn number(number: u64) -> Option<MeetingNumber> {
    MeetingNumber::from_u64(number).ok()
}

/// Minted `seconds` after the first, for two hours, by Jill.
fn candidate(seconds: i64, random: u128) -> Candidate {
    Candidate {
        attempt: AttemptId::new(after(seconds), random),
        meeting_number: number(85_012_345_678),
        called_at: None,
        expires_at: Some(after(seconds + 7_200)),
        registrant_hash: Some(registrant_hash(KEY, "reg-jill")),
        name_hash: Some(name_hash(KEY, "Jill Chill")),
        is_confirmed: false,
        has_failed: false,
    }
}

/// Joined ten seconds after the first mint, with nothing that tells who.
fn stranger() -> Participant {
    Participant {
        event: ParticipantEvent::Joined,
        meeting: MeetingNotice {
            meeting_number: number(85_012_345_678),
            meeting_uuid: None,
            at: after(10),
        },
        customer_key: None,
        registrant_id: None,
        user_name: None,
        leave_reason: None,
        participant_uuid: None,
    }
}

fn at(mut participant: Participant, at: Timestamp) -> Participant {
    participant.meeting.at = at;
    participant
}

fn with_key(candidate: &Candidate) -> Participant {
    Participant {
        customer_key: Some(candidate.attempt.to_string()),
        ..stranger()
    }
}

fn registrant() -> Participant {
    Participant {
        registrant_id: Some("reg-jill".to_owned()),
        ..stranger()
    }
}

fn named(name: &str) -> Participant {
    Participant {
        user_name: Some(name.to_owned()),
        ..stranger()
    }
}

fn found(participant: &Participant, candidates: &[Candidate]) -> Option<Match> {
    find(participant, Hashes::of(KEY, participant), candidates)
}

fn matched(candidate: &Candidate, by: MatchedBy) -> Match {
    Match {
        attempt: candidate.attempt,
        by,
        doubt: None,
    }
}

#[test]
fn the_attempts_own_id_finds_it_among_all_others() {
    let [other, mine] = [candidate(0, 1), candidate(0, 2)];
    assert_eq!(
        found(&with_key(&mine), &[other, mine]),
        Some(matched(&mine, MatchedBy::CustomerKey))
    );
}

#[test]
fn an_id_that_does_not_fit_meeting_or_time_is_doubtful() {
    let mine = candidate(0, 1);
    let unknown_expiry = Candidate {
        expires_at: None,
        ..mine
    };
    let stay = 30 * 3600;
    for (candidate, event_at, doubt) in [
        (mine, after(0), None),
        // A clock that was ahead at the mint.
        (mine, after(-7_200), None),
        (mine, after(7_200 + stay + 300), None),
        (mine, after(7_200 + stay + 301), Some(Doubt::TooLate)),
        (unknown_expiry, after(172_800 + stay + 300), None),
        (
            unknown_expiry,
            after(172_800 + stay + 301),
            Some(Doubt::TooLate),
        ),
        (mine, Timestamp::MAX, Some(Doubt::TooLate)),
        (mine, Timestamp::MIN, None),
        (
            Candidate {
                meeting_number: number(99_999_999_999),
                ..mine
            },
            after(10),
            Some(Doubt::OtherMeeting),
        ),
        (
            Candidate {
                meeting_number: None,
                ..mine
            },
            after(10),
            Some(Doubt::UnknownMeeting),
        ),
    ] {
        let found = found(&at(with_key(&mine), event_at), &[candidate]).unwrap();
        assert_eq!(found.attempt, mine.attempt);
        assert_eq!(found.doubt, doubt, "{event_at}");
        let by = match doubt {
            None => MatchedBy::CustomerKey,
            Some(_) => MatchedBy::DoubtfulCustomerKey,
        };
        assert_eq!(found.by, by, "{event_at}");
    }
}

#[test]
fn an_id_that_nobody_knows_is_not_guessed_around_by_name() {
    let mine = candidate(0, 1);
    let foreign = Participant {
        customer_key: Some(candidate(0, 9).attempt.to_string()),
        ..named("Jill Chill")
    };
    assert_eq!(found(&foreign, &[mine]), None);
    let registered = Participant {
        registrant_id: Some("reg-jill".to_owned()),
        ..foreign
    };
    assert_eq!(
        found(&registered, &[mine]),
        Some(matched(&mine, MatchedBy::Registrant))
    );
}

#[test]
fn a_key_that_is_no_attempts_id_leaves_the_other_ways() {
    let mine = candidate(0, 1);
    for key in ["user-17", "018B17BDDA7B7FFFBFFFFFFFFFFFFFFF"] {
        let participant = Participant {
            customer_key: Some(key.to_owned()),
            ..named("Jill Chill")
        };
        assert_eq!(
            found(&participant, &[mine]),
            Some(matched(&mine, MatchedBy::Guess))
        );
    }
}

#[test]
fn a_registrant_is_on_the_last_try_that_fits_and_did_not_fail() {
    let first = candidate(-60, 1);
    let second = candidate(-30, 2);
    let failed = Candidate {
        has_failed: true,
        ..candidate(0, 3)
    };
    let elsewhere = Candidate {
        meeting_number: number(99_999_999_999),
        ..candidate(5, 4)
    };
    let not_yet = candidate(3_600, 5);
    assert_eq!(
        found(&registrant(), &[second, first, failed, elsewhere, not_yet]),
        Some(matched(&second, MatchedBy::Registrant))
    );
    assert_eq!(
        found(&registrant(), &[failed]),
        Some(matched(&failed, MatchedBy::Registrant))
    );
    assert_eq!(found(&registrant(), &[elsewhere, not_yet]), None);
}

#[test]
fn a_name_is_a_guess_only_if_one_attempt_alone_fits() {
    let mine = candidate(0, 1);
    let others = Candidate {
        name_hash: Some(name_hash(KEY, "Bob")),
        ..candidate(0, 2)
    };
    let jill = named("  jill\u{3000}CHILL ");
    assert_eq!(
        found(&jill, &[others, mine]),
        Some(matched(&mine, MatchedBy::Guess))
    );
    assert_eq!(found(&jill, &[mine, candidate(1, 3)]), None);
    assert_eq!(found(&jill, &[others]), None);
    assert_eq!(found(&named("Carol"), &[others, mine]), None);
}

#[test]
fn a_guess_is_never_made_without_a_name() {
    let nameless = Candidate {
        name_hash: None,
        ..candidate(0, 1)
    };
    let blank = Candidate {
        name_hash: Some(name_hash(KEY, "")),
        ..candidate(0, 2)
    };
    for participant in [stranger(), named(""), named("  ")] {
        assert_eq!(found(&participant, &[nameless]), None);
        assert_eq!(found(&participant, &[blank]), None);
    }
}

#[test]
fn who_comes_is_guessed_within_ten_minutes_of_the_call() {
    let minted_only = candidate(0, 1);
    let called = Candidate {
        called_at: Some(after(900)),
        ..minted_only
    };
    let jill = |seconds| at(named("Jill Chill"), after(seconds));
    for (candidate, seconds, fits) in [
        (minted_only, 600, true),
        (minted_only, 601, false),
        (called, 1_500, true),
        (called, 1_501, false),
    ] {
        assert_eq!(
            found(&jill(seconds), &[candidate]).is_some(),
            fits,
            "{seconds} s"
        );
    }
}

#[test]
fn only_who_is_in_is_guessed_to_leave_and_only_who_is_not_to_come() {
    let absent = candidate(0, 1);
    let present = Candidate {
        is_confirmed: true,
        ..candidate(0, 2)
    };
    let failed = Candidate {
        has_failed: true,
        ..candidate(0, 3)
    };
    let all = [absent, present, failed];
    assert_eq!(
        found(&named("Jill Chill"), &all),
        Some(matched(&absent, MatchedBy::Guess))
    );
    let leaves = Participant {
        event: ParticipantEvent::Left,
        ..at(named("Jill Chill"), after(5_000))
    };
    assert_eq!(
        found(&leaves, &all),
        Some(matched(&present, MatchedBy::Guess))
    );
}

#[test]
fn names_match_however_they_are_written_and_only_with_the_same_key() {
    let jill = name_hash(KEY, "Jill Chill");
    for same in ["jill chill", " JILL  \t CHILL\n", "Jill\u{a0}Chill"] {
        assert_eq!(name_hash(KEY, same), jill, "{same:?}");
    }
    assert_eq!(name_hash(KEY, "ÉMILE Ω"), name_hash(KEY, "émile ω"));
    for other in ["JillChill", "Jill Chil", ""] {
        assert_ne!(name_hash(KEY, other), jill, "{other:?}");
    }
    assert_ne!(name_hash(b"another key", "Jill Chill"), jill);
    assert_ne!(registrant_hash(KEY, "a"), name_hash(KEY, "a"));
}

#[test]
fn the_hash_of_a_name_stays_the_same_between_releases() {
    // Python: hmac.new(b"the store's key", b"name:jill chill", "sha256").hexdigest()[:32]
    let hex = format!("{:032x}", u128::from_be_bytes(name_hash(KEY, "Jill Chill")));
    assert_eq!(hex, "04341118634b946163bed9a9f1fa0516");
}

proptest! {
    #[test]
    fn the_order_of_the_candidates_decides_nothing(
        seconds in prop::collection::vec((-900_i64..900, any::<bool>(), any::<bool>(), any::<bool>()), 0..6),
        rotation in 0_usize..6, has_registrant in any::<bool>(), leaves in any::<bool>(),
    ) {
        let mut candidates: Vec<Candidate> = seconds.iter().zip(0..).map(|(&(seconds, is_confirmed, has_failed, is_jill), random)| Candidate {
            is_confirmed,
            has_failed,
            name_hash: Some(name_hash(KEY, if is_jill { "Jill Chill" } else { "Bob" })),
            ..candidate(seconds, random)
        }).collect();
        let mut participant = if has_registrant { registrant() } else { named("Jill Chill") };
        if leaves {
            participant.event = ParticipantEvent::Left;
        }
        let before = found(&participant, &candidates);
        let rotation = rotation.min(candidates.len());
        candidates.rotate_left(rotation);
        prop_assert_eq!(found(&participant, &candidates), before);
        if let Some(found) = before {
            prop_assert!(candidates.iter().any(|c| c.attempt == found.attempt));
            prop_assert_eq!(found.doubt, None);
        }
    }
}
