//! Messages of RFC 1035, as far as one question for an address needs them.

use std::net::Ipv4Addr;
use std::time::Duration;

use super::name::{Name, NameError};

/// The longest message over UDP without extensions.
pub const MAX_BYTES: usize = 512;

/// Questions of this type ask for an IPv4 address.
pub const TYPE_A: u16 = 1;

const HEADER_BYTES: usize = 12;
const CLASS_IN: u16 = 1;
/// The greatest TTL, by RFC 2181; one with the highest bit set counts as 0.
const MAX_TTL_S: u32 = i32::MAX as u32;
/// A pointer to the name of the question, which follows the header.
const POINTER_TO_QUESTION: u16 = 0xc000 | HEADER_BYTES as u16;

const FLAG_RESPONSE: u16 = 1 << 15;
const FLAG_AUTHORITATIVE: u16 = 1 << 10;
const FLAG_TRUNCATED: u16 = 1 << 9;
const FLAG_RECURSION_DESIRED: u16 = 1 << 8;
const OPCODE: u16 = 0xf << 11;
const RCODE: u16 = 0xf;

/// A question. Always of the class Internet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// Tells queries of one sender apart.
    pub id: u16,
    /// The name asked for.
    pub name: Name,
    /// Type of the question, such as [`TYPE_A`].
    pub kind: u16,
}

/// The answer to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The question that it answers.
    pub query: Query,
    /// The response code.
    pub code: Code,
    /// The answer was too long for a message, and some of it is missing.
    pub truncated: bool,
    /// The addresses of the name asked for.
    pub records: Vec<Record>,
}

/// Response code of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Code {
    /// The name exists (0).
    NoError,
    /// It does not (3, "NXDOMAIN").
    NotFound,
    /// The server would not or could not answer: 1, 2, or 4 to 15.
    Other(u8),
}

/// An address of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record {
    /// The address.
    pub address: Ipv4Addr,
    /// For how long it may be kept: whole seconds, rounded up, at most 2³¹ − 1.
    pub ttl: Duration,
}

/// Why bytes are no message of the kind wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The bytes end within the message.
    #[error("a DNS message ends after {bytes} B, before it is complete")]
    Short {
        /// Number of bytes.
        bytes: usize,
    },
    /// A response where a query is wanted, or the other way round.
    #[error("a DNS message goes the wrong way: {}", if *.response { "a response" } else { "a query" })]
    Direction {
        /// Whether it is a response.
        response: bool,
    },
    /// Something else than a standard query.
    #[error("a DNS message has operation {0}, which is no standard query")]
    Opcode(u8),
    /// None, or more than one.
    #[error("a DNS message has {0} questions, not one")]
    Questions(u16),
    /// Another class than Internet.
    #[error("a DNS question is of class {0}, not of the Internet")]
    Class(u16),
    /// A length byte of a name that means nothing.
    #[error("a name in a DNS message has the length byte {0:#04x}")]
    Label(u8),
    /// A pointer in a name that does not lead backwards: it could lead round in a circle.
    #[error("a name in a DNS message points to byte {0}, which is not before it")]
    Pointer(u16),
    /// A name that no host has.
    #[error("a name in a DNS message is no host name")]
    Name(#[source] NameError),
    /// An address that is not four bytes long.
    #[error("an address in a DNS message has {0} B, not 4")]
    Address(u16),
    /// The sender cut the answer off before its first address.
    #[error("a DNS answer was cut off by its sender")]
    Truncated,
}

impl Query {
    /// A question for the address of `name`.
    pub fn address_of(id: u16, name: Name) -> Query {
        Query { id, name, kind: TYPE_A }
    }

    /// Its bytes, with recursion desired.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEADER_BYTES + self.name.as_str().len() + 6);
        self.write(&mut bytes, FLAG_RECURSION_DESIRED, 0);
        bytes
    }

    /// Reads a query. What follows the question, such as extensions, is left alone.
    ///
    /// # Errors
    ///
    /// If it is no standard query with one question of the Internet.
    pub fn decode(bytes: &[u8]) -> Result<Query, MessageError> {
        let (query, _, _) = read_question(&mut Reader { bytes, at: 0 }, false)?;
        Ok(query)
    }

    fn write(&self, to: &mut Vec<u8>, flags: u16, records: u16) {
        for word in [self.id, flags, 1, records, 0, 0] {
            to.extend(word.to_be_bytes());
        }
        for label in self.name.as_str().split('.') {
            // A name has labels of 63 bytes at most.
            to.push(label.len() as u8);
            to.extend(label.as_bytes());
        }
        to.push(0);
        to.extend(self.kind.to_be_bytes());
        to.extend(CLASS_IN.to_be_bytes());
    }
}

impl Response {
    /// Its bytes, in at most [`MAX_BYTES`]: records that do not fit are left out, and the message
    /// then says that it is truncated.
    pub fn encode(&self) -> Vec<u8> {
        const RECORD_BYTES: usize = 16;
        let mut bytes = Vec::with_capacity(MAX_BYTES);
        let question_bytes = HEADER_BYTES + self.query.name.as_str().len() + 6;
        let room = (MAX_BYTES - question_bytes) / RECORD_BYTES;
        let records = &self.records[..self.records.len().min(room)];
        let truncated = self.truncated || records.len() < self.records.len();
        let flags = FLAG_RESPONSE
            | FLAG_AUTHORITATIVE
            | FLAG_RECURSION_DESIRED
            | if truncated { FLAG_TRUNCATED } else { 0 }
            | u16::from(self.code.number());
        self.query.write(&mut bytes, flags, records.len() as u16);
        for record in records {
            bytes.extend(POINTER_TO_QUESTION.to_be_bytes());
            bytes.extend(TYPE_A.to_be_bytes());
            bytes.extend(CLASS_IN.to_be_bytes());
            bytes.extend(whole_seconds(record.ttl).to_be_bytes());
            bytes.extend(4u16.to_be_bytes());
            bytes.extend(record.address.octets());
        }
        bytes
    }

    /// Reads a response. Answers that are no addresses of the name asked for are left out: aliases
    /// are not followed. What comes after the answers is left alone.
    ///
    /// # Errors
    ///
    /// If it is no response with one question of the Internet, or if an answer is damaged. One
    /// that says that it is truncated may end anywhere after its question.
    pub fn decode(bytes: &[u8]) -> Result<Response, MessageError> {
        let reader = &mut Reader { bytes, at: 0 };
        let (query, flags, count) = read_question(reader, true)?;
        let truncated = flags & FLAG_TRUNCATED != 0;
        let mut records = Vec::new();
        for _ in 0..count {
            match reader.record(&query.name) {
                Ok(record) => records.extend(record),
                Err(MessageError::Short { .. }) if truncated => break,
                Err(error) => return Err(error),
            }
        }
        let code = Code::of_number((flags & RCODE) as u8);
        Ok(Response { query, code, truncated, records })
    }
}

impl Code {
    fn number(self) -> u8 {
        match self {
            Code::NoError => 0,
            Code::NotFound => 3,
            Code::Other(number) => number & RCODE as u8,
        }
    }

    fn of_number(number: u8) -> Code {
        match number {
            0 => Code::NoError,
            3 => Code::NotFound,
            number => Code::Other(number),
        }
    }
}

/// The id of whatever message these bytes may be.
pub(super) fn id_of(bytes: &[u8]) -> Option<u16> {
    bytes.first_chunk().map(|id| u16::from_be_bytes(*id))
}

fn whole_seconds(ttl: Duration) -> u32 {
    let seconds = ttl.as_secs().saturating_add(u64::from(ttl.subsec_nanos() > 0));
    u32::try_from(seconds).unwrap_or(MAX_TTL_S).min(MAX_TTL_S)
}

/// Header and question: the question, the flags and the number of answers.
fn read_question(
    reader: &mut Reader<'_>,
    wants_response: bool,
) -> Result<(Query, u16, u16), MessageError> {
    let header: [u8; HEADER_BYTES] = reader.array()?;
    let word = |nth: usize| u16::from_be_bytes([header[2 * nth], header[2 * nth + 1]]);
    let (id, flags, questions, answers) = (word(0), word(1), word(2), word(3));
    let response = flags & FLAG_RESPONSE != 0;
    if response != wants_response {
        return Err(MessageError::Direction { response });
    }
    if flags & OPCODE != 0 {
        return Err(MessageError::Opcode(((flags & OPCODE) >> 11) as u8));
    }
    match questions {
        1 => {}
        other => return Err(MessageError::Questions(other)),
    }
    let name = reader.name()?;
    let kind = reader.u16()?;
    match reader.u16()? {
        CLASS_IN => Ok((Query { id, name, kind }, flags, answers)),
        other => Err(MessageError::Class(other)),
    }
}

/// A place in a message.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn short(&self) -> MessageError {
        MessageError::Short { bytes: self.bytes.len() }
    }

    fn take(&mut self, count: usize) -> Result<&'a [u8], MessageError> {
        let end = self.at + count;
        let taken = self.bytes.get(self.at..end).ok_or(self.short())?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], MessageError> {
        let taken = self.take(N)?;
        Ok(taken.try_into().expect("as many as were taken"))
    }

    fn u16(&mut self) -> Result<u16, MessageError> {
        self.array().map(u16::from_be_bytes)
    }

    /// A resource record, if it is an address of `owner`.
    fn record(&mut self, owner: &Name) -> Result<Option<Record>, MessageError> {
        let of = self.labels()?;
        let (kind, class) = (self.u16()?, self.u16()?);
        let ttl_s = u32::from_be_bytes(self.array()?);
        let length = self.u16()?;
        let data = self.take(length.into())?;
        let of_owner = Name::of_labels(of).is_ok_and(|name| name == *owner);
        if (kind, class, of_owner) != (TYPE_A, CLASS_IN, true) {
            return Ok(None);
        }
        let octets: [u8; 4] = data.try_into().map_err(|_| MessageError::Address(length))?;
        let ttl_s = if ttl_s > MAX_TTL_S { 0 } else { ttl_s };
        let ttl = Duration::from_secs(ttl_s.into());
        Ok(Some(Record { address: octets.into(), ttl }))
    }

    fn name(&mut self) -> Result<Name, MessageError> {
        Name::of_labels(self.labels()?).map_err(MessageError::Name)
    }

    /// The labels of a name, whose end may stand elsewhere in the message.
    ///
    /// Each pointer must lead before the part that it ends, so the parts come ever earlier and the
    /// walk ends. A name of more bytes than allowed ends it too: otherwise a short message could
    /// ask for work that grows with its square.
    fn labels(&mut self) -> Result<Vec<&'a [u8]>, MessageError> {
        const POINTER: u8 = 0xc0;
        let mut labels = Vec::new();
        let mut walk = Reader { bytes: self.bytes, at: self.at };
        let (mut part, mut after, mut length) = (self.at, None, 1);
        loop {
            let [first] = walk.array()?;
            match first {
                0 => break,
                1..=63 => {
                    length += 1 + usize::from(first);
                    if length > 255 {
                        return Err(MessageError::Name(NameError::Long));
                    }
                    labels.push(walk.take(first.into())?);
                }
                _ if first & POINTER == POINTER => {
                    let [second] = walk.array()?;
                    let target = u16::from_be_bytes([first & !POINTER, second]);
                    after.get_or_insert(walk.at);
                    if usize::from(target) >= part {
                        return Err(MessageError::Pointer(target));
                    }
                    part = target.into();
                    walk.at = part;
                }
                _ => return Err(MessageError::Label(first)),
            }
        }
        self.at = after.unwrap_or(walk.at);
        Ok(labels)
    }
}

#[cfg(test)]
#[path = "tests/message.rs"]
mod tests;
