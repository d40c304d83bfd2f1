//! Messages of bytes.

use proptest::prelude::*;

use super::*;

fn name(text: &str) -> Name {
    Name::new(text).unwrap()
}

/// An answer for `a.test`, by hand: the name of the answer and what follows are the caller's.
fn by_hand(flags: u16, answers: u16, rest: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for word in [7, flags, 1, answers, 0, 0] {
        bytes.extend(u16::to_be_bytes(word));
    }
    bytes.extend(b"\x01a\x04test\0\0\x01\0\x01");
    bytes.extend(rest);
    bytes
}

fn decoded(rest: &[u8]) -> Result<Vec<Record>, MessageError> {
    Response::decode(&by_hand(FLAG_RESPONSE, 1, rest)).map(|response| response.records)
}

#[test]
fn a_query_has_the_bytes_of_the_standard() {
    let query = Query::address_of(7, name("a.test"));
    assert_eq!(query.encode(), by_hand(0x0100, 0, b""));
}

#[test]
fn a_name_may_point_back() {
    let rest = b"\x00\x01\0\x01\0\0\0\x09\0\x04\x01\x02\x03\x04";
    let record = Record { address: Ipv4Addr::new(1, 2, 3, 4), ttl: Duration::from_secs(9) };
    // To the whole name; to its end, after a label; and spelled out.
    for owner in [&b"\xc0\x0c"[..], b"\x01A\xc0\x0e", b"\x01a\x04tEsT\0"] {
        assert_eq!(decoded(&[owner, rest].concat()), Ok(vec![record]));
    }
    // Another name, and another class.
    assert_eq!(decoded(&[b"\xc0\x0e", &rest[..]].concat()), Ok(vec![]));
    let chaos = b"\xc0\x0c\x00\x01\0\x03\0\0\0\x09\0\x04\x01\x02\x03\x04";
    assert_eq!(decoded(chaos), Ok(vec![]));
}

#[test]
fn pointers_lead_backwards() {
    // The answer starts at byte 24.
    assert_eq!(decoded(b"\xc0\x18"), Err(MessageError::Pointer(24)));
    assert_eq!(decoded(b"\x01b\xc0\x18"), Err(MessageError::Pointer(24)));
    assert_eq!(decoded(b"\xc0\x1a\xc0\x18"), Err(MessageError::Pointer(26)));
    assert_eq!(decoded(b"\xff\xff"), Err(MessageError::Pointer(0x3fff)));
    // Back and forth: the second pointer must lead before the first one's target.
    let mut bytes = by_hand(FLAG_RESPONSE, 1, b"\xc0\x0c");
    bytes[12..14].copy_from_slice(b"\xc0\x0c");
    assert_eq!(Response::decode(&bytes), Err(MessageError::Pointer(12)));
}

#[test]
fn damage_is_told() {
    assert_eq!(decoded(b"\x40"), Err(MessageError::Label(0x40)));
    assert_eq!(
        decoded(b"\xc0\x0c\0\x01\0\x01\0\0\0\x09\0\x03\x01\x02\x03"),
        Err(MessageError::Address(3))
    );
    assert_eq!(Query::decode(&[0; 11]), Err(MessageError::Short { bytes: 11 }));
    assert_eq!(Query::decode(&[0; 12]), Err(MessageError::Questions(0)));
    let response = by_hand(FLAG_RESPONSE, 0, b"");
    assert_eq!(Query::decode(&response), Err(MessageError::Direction { response: true }));
    let query = by_hand(0, 0, b"");
    assert_eq!(Response::decode(&query), Err(MessageError::Direction { response: false }));
    assert_eq!(Query::decode(&by_hand(2 << 11, 0, b"")), Err(MessageError::Opcode(2)));
    let mut chaos = query.clone();
    *chaos.last_mut().unwrap() = 3;
    assert_eq!(Query::decode(&chaos), Err(MessageError::Class(3)));
    let mut space = query;
    space[13] = b' ';
    assert_eq!(Query::decode(&space), Err(MessageError::Name(NameError::Byte(b' '))));
}

#[test]
fn a_long_time_to_live_is_cut_and_a_negative_one_is_none() {
    let ttl = |ttl| {
        let query = Query::address_of(1, name("a.test"));
        let records = vec![Record { address: Ipv4Addr::LOCALHOST, ttl }];
        let response = Response { query, code: Code::NoError, truncated: false, records };
        Response::decode(&response.encode()).unwrap().records[0].ttl
    };
    assert_eq!(ttl(Duration::from_nanos(1)), Duration::from_secs(1));
    assert_eq!(ttl(Duration::from_secs(5)), Duration::from_secs(5));
    assert_eq!(ttl(Duration::MAX), Duration::from_secs((1 << 31) - 1));
    let negative = b"\xc0\x0c\0\x01\0\x01\xff\0\0\0\0\x04\x01\x02\x03\x04";
    assert_eq!(decoded(negative).unwrap()[0].ttl, Duration::ZERO);
}

#[test]
fn records_that_do_not_fit_are_left_out_and_said_to_be() {
    let records = vec![Record { address: Ipv4Addr::LOCALHOST, ttl: Duration::ZERO }; 100];
    let query = Query::address_of(1, name(&"abc.".repeat(63)));
    let bytes = Response { query, code: Code::NoError, truncated: false, records }.encode();
    assert!(bytes.len() <= MAX_BYTES);
    let response = Response::decode(&bytes).unwrap();
    assert!(response.truncated);
    assert_eq!(response.records.len(), 15);
}

#[test]
fn a_truncated_response_may_end_anywhere_after_its_question() {
    let cut = by_hand(FLAG_RESPONSE | FLAG_TRUNCATED, 2, b"\xc0\x0c\0\x01\0");
    let response = Response::decode(&cut).unwrap();
    assert!(response.truncated && response.records.is_empty());
}

fn queries() -> impl Strategy<Value = Query> {
    (any::<u16>(), "[a-z0-9_-]{1,63}(\\.[a-z0-9_-]{1,20}){0,8}", any::<u16>())
        .prop_map(|(id, text, kind)| Query { id, name: name(&text), kind })
}

fn responses() -> impl Strategy<Value = Response> {
    let record = (any::<u32>(), 0..1u64 << 31).prop_map(|(address, ttl_s)| Record {
        address: Ipv4Addr::from_bits(address),
        ttl: Duration::from_secs(ttl_s),
    });
    let records = prop::collection::vec(record, 0..15);
    (queries(), 0u8..16, any::<bool>(), records).prop_map(|(query, code, truncated, records)| {
        Response { query, code: Code::of_number(code), truncated, records }
    })
}

proptest! {
    #[test]
    fn queries_come_back(query in queries()) {
        prop_assert_eq!(Query::decode(&query.encode()), Ok(query));
    }

    #[test]
    fn responses_come_back(response in responses()) {
        let bytes = response.encode();
        prop_assert!(bytes.len() <= MAX_BYTES);
        prop_assert_eq!(Response::decode(&bytes), Ok(response));
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..700)) {
        let _ = (Query::decode(&bytes), Response::decode(&bytes), id_of(&bytes));
    }

    /// Random bytes seldom get past the header: damaged messages do.
    #[test]
    fn damaged_messages_do_not_make_it_panic(
        response in responses(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        keep in any::<prop::sample::Index>(),
    ) {
        let mut bytes = response.encode();
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        bytes.truncate(keep.index(bytes.len() + 1));
        // Whatever still reads as a message can be written, and reads the same again, as long as
        // its records fit beside a name that need no longer be compressed.
        if let Ok(read) = Response::decode(&bytes)
            && read.records.len() <= 15
        {
            prop_assert_eq!(Response::decode(&read.encode()), Ok(read));
        }
        let _ = Query::decode(&bytes);
    }
}
