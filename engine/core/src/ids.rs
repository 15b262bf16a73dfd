//! Identifiers. Each is its own type with a private field, so that one can never stand in for another.

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, bincode::Encode, bincode::Decode)]
        pub struct $name($inner);

        impl $name {
            /// Wraps a raw value, for codecs and stores.
            #[inline]
            pub const fn new(raw: $inner) -> Self {
                Self(raw)
            }

            /// The raw value, for codecs and stores.
            #[inline]
            pub const fn get(self) -> $inner {
                self.0
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }
    };
}

id!(
    /// Position of a command in the journal, from 1, without gaps. 0 means "before the first command".
    Seq(u64)
);
id!(
    /// An account that holds cash and credits: one per user. [`AccountId::VENUE`] is the exchange's own.
    AccountId(u32)
);
id!(
    /// An asset that balances are kept in: a currency, or the credits of one project and vintage.
    /// Assigned by the core from 0 in journal order.
    AssetId(u32)
);
id!(
    /// A tradeable pair of a credit asset and a currency. Assigned by the core from 0 in journal order.
    InstrumentId(u32)
);
id!(
    /// A trade, numbered from 1 over the whole venue, never reused.
    TradeId(u64)
);

impl AccountId {
    /// The venue's own account: fees are credited to it.
    pub const VENUE: Self = Self::new(0);
}

impl Seq {
    /// Before the first command.
    pub const ZERO: Self = Self::new(0);

    /// The next position.
    #[inline]
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Handle of an accepted order: slab slot in the low half, generation in the high half. A slot's generation grows each
/// time the slot is reused, so a stale handle is recognised, and no two orders of a venue ever share a handle
/// (a slot whose generation is spent is retired).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, bincode::Encode, bincode::Decode)]
pub struct OrderId(u64);

impl OrderId {
    /// No order; never assigned, because generations start at 1.
    pub const NONE: Self = Self(0);

    /// Joins a slot and a generation.
    #[inline]
    pub const fn from_parts(slot: u32, generation: u32) -> Self {
        Self(((generation as u64) << 32) | slot as u64)
    }

    /// Wraps a raw value, for codecs and stores.
    #[inline]
    pub const fn new(raw: u64) -> Self {
        Self(raw)
    }

    /// The raw value, for codecs and stores.
    #[inline]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// The slab slot.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // the low half is what is wanted
    pub const fn slot(self) -> u32 {
        self.0 as u32
    }

    /// The slot's generation.
    #[inline]
    pub const fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

impl fmt::Debug for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OrderId({}g{})", self.slot(), self.generation())
    }
}

/// Short printable ASCII text of at most `N` bytes, zero-padded: fixed size, `Copy`, ordered bytewise.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text<const N: usize>([u8; N]);

/// Why a text cannot become a [`Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// No characters at all.
    #[error("must not be empty")]
    Empty,
    /// More than the permitted number of characters.
    #[error("must be at most {max} characters long")]
    TooLong {
        /// The permitted number.
        max: usize,
    },
    /// A character outside `A-Z a-z 0-9 _ -` (and `.` `+` for symbols).
    #[error("may contain only letters, digits, '_' and '-'")]
    BadCharacter,
}

impl<const N: usize> Text<N> {
    fn check(text: &str, allowed: impl Fn(u8) -> bool) -> Result<Self, TextError> {
        let bytes = text.as_bytes();
        if bytes.is_empty() {
            return Err(TextError::Empty);
        }
        if bytes.len() > N {
            return Err(TextError::TooLong { max: N });
        }
        if !bytes.iter().all(|&b| allowed(b)) {
            return Err(TextError::BadCharacter);
        }
        let mut out = [0; N];
        out[..bytes.len()].copy_from_slice(bytes);
        Ok(Self(out))
    }

    /// The padded bytes, for codecs.
    pub const fn as_bytes(&self) -> &[u8; N] {
        &self.0
    }

    /// The text without its padding.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&b| b == 0).unwrap_or(N);
        std::str::from_utf8(&self.0[..len]).expect("only ASCII is ever stored")
    }
}

impl<const N: usize> bincode::Encode for Text<N> {
    fn encode<E: bincode::enc::Encoder>(&self, to: &mut E) -> Result<(), bincode::error::EncodeError> {
        self.0.encode(to)
    }
}

impl<C, const N: usize> bincode::Decode<C> for Text<N> {
    fn decode<D: bincode::de::Decoder<Context = C>>(from: &mut D) -> Result<Self, bincode::error::DecodeError> {
        let bytes = <[u8; N]>::decode(from)?;
        let length = bytes.iter().position(|&byte| byte == 0).unwrap_or(N);
        let sound = length > 0
            && bytes[..length].iter().all(u8::is_ascii_graphic)
            && bytes[length..].iter().all(|&byte| byte == 0);
        if sound { Ok(Self(bytes)) } else { Err(bincode::error::DecodeError::Other("not a padded text")) }
    }
}

impl<'de, C, const N: usize> bincode::BorrowDecode<'de, C> for Text<N> {
    fn borrow_decode<D: bincode::de::BorrowDecoder<'de, Context = C>>(
        from: &mut D,
    ) -> Result<Self, bincode::error::DecodeError> {
        bincode::Decode::decode(from)
    }
}

impl<const N: usize> fmt::Debug for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.as_str())
    }
}

impl<const N: usize> fmt::Display for Text<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A client's own name for an order: 1 to 36 of `[A-Za-z0-9_-]`, unique per account within the core's window.
pub type ClientOrderId = Text<36>;

/// An instrument's symbol (`VCS-191-2016-USD`) or an asset's code (`USD`, `VCS-191-2016`): 1 to 32 of `[A-Za-z0-9_.+-]`.
pub type Symbol = Text<32>;

impl Text<36> {
    /// Checks a client order id.
    pub fn new(text: &str) -> Result<Self, TextError> {
        Self::check(text, |b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
    }

    /// Reads back what [`Text::as_bytes`] gave; `None` when it is all padding.
    pub fn from_bytes(bytes: [u8; 36]) -> Result<Option<Self>, TextError> {
        from_padded(&bytes, Self::new)
    }
}

impl Text<32> {
    /// Checks a symbol or asset code.
    pub fn new(text: &str) -> Result<Self, TextError> {
        Self::check(text, |b| b.is_ascii_alphanumeric() || b"_-.+".contains(&b))
    }

    /// Reads back what [`Text::as_bytes`] gave; `None` when it is all padding.
    pub fn from_bytes(bytes: [u8; 32]) -> Result<Option<Self>, TextError> {
        from_padded(&bytes, Self::new)
    }
}

fn from_padded<T>(bytes: &[u8], new: impl Fn(&str) -> Result<T, TextError>) -> Result<Option<T>, TextError> {
    let len = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
    if bytes[len..].iter().any(|&b| b != 0) {
        return Err(TextError::BadCharacter);
    }
    if len == 0 {
        return Ok(None);
    }
    let text = std::str::from_utf8(&bytes[..len]).map_err(|_| TextError::BadCharacter)?;
    new(text).map(Some)
}
