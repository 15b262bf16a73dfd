//! Reading and writing the fields of a fixed-length record, one after another.

use super::CodecError;
use crate::command::{AssetClass, CommandKind, OrderKind, Permissions, SelfTrade, Side, TimeInForce};
use crate::control::Phase;
use crate::ids::{AccountId, AssetId, ClientOrderId, InstrumentId, OrderId, Seq, Symbol, TradeId};
use crate::reject::{CancelReason, Reject};
use crate::units::{Amount, DisplayQuantity, FeeRate, Price, Quantity, Timestamp, Trigger};

/// Writes fields one after another into a record of `N` bytes; the rest stays zero.
pub(super) struct Writer<const N: usize> {
    buffer: [u8; N],
    at: usize,
}

/// Reads fields one after another.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
}

impl<const N: usize> Writer<N> {
    pub(super) const fn new() -> Self {
        Self { buffer: [0; N], at: 0 }
    }

    #[inline]
    fn raw(&mut self, bytes: &[u8]) {
        self.buffer[self.at..self.at + bytes.len()].copy_from_slice(bytes);
        self.at += bytes.len();
    }

    /// Appends one field.
    #[inline]
    pub(super) fn put<T: Field>(&mut self, value: T) -> &mut Self {
        value.write(self);
        self
    }

    pub(super) const fn finish(&self) -> [u8; N] {
        self.buffer
    }
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    #[inline]
    fn raw<const K: usize>(&mut self) -> [u8; K] {
        let (head, rest) =
            self.bytes.split_first_chunk::<K>().expect("records are longer than the sum of their fields");
        self.bytes = rest;
        *head
    }

    /// Takes the next field.
    #[inline]
    pub(super) fn get<T: Field>(&mut self) -> Result<T, CodecError> {
        T::read(self)
    }

    /// Asserts that nothing but padding is left.
    pub(super) fn finish(self) -> Result<(), CodecError> {
        if self.bytes.iter().all(|&b| b == 0) { Ok(()) } else { Err(CodecError::Trailing) }
    }
}

/// A value with one fixed-size form.
pub(super) trait Field: Sized {
    fn write<const N: usize>(self, to: &mut Writer<N>);
    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError>;
}

macro_rules! integer_fields {
    ($($int:ty),+) => {$(
        impl Field for $int {
            #[inline]
            fn write<const N: usize>(self, to: &mut Writer<N>) {
                to.raw(&self.to_le_bytes());
            }
            #[inline]
            fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
                Ok(Self::from_le_bytes(from.raw()))
            }
        }
    )+};
}
integer_fields!(u8, u16, u32, u64, i32, i64);

macro_rules! wrapped_fields {
    ($($type:ident: $int:ty, $new:ident, $get:ident;)+) => {$(
        impl Field for $type {
            #[inline]
            fn write<const N: usize>(self, to: &mut Writer<N>) {
                self.$get().write(to);
            }
            #[inline]
            fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
                Ok(Self::$new(from.get::<$int>()?))
            }
        }
    )+};
}
wrapped_fields! {
    Seq: u64, new, get;
    AccountId: u32, new, get;
    AssetId: u32, new, get;
    InstrumentId: u32, new, get;
    OrderId: u64, new, get;
    TradeId: u64, new, get;
    Price: i64, from_ticks, ticks;
    Quantity: u64, from_lots, lots;
    Amount: i64, from_minor, minor;
    Timestamp: u64, from_nanos, nanos;
    DisplayQuantity: u32, from_lots, lots;
    Trigger: i64, from_raw, raw;
}

macro_rules! code_fields {
    ($($type:ident)+) => {$(
        impl Field for $type {
            #[inline]
            fn write<const N: usize>(self, to: &mut Writer<N>) {
                self.number().write(to);
            }
            #[inline]
            fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
                Self::from_number(from.get()?).ok_or(CodecError::BadField(stringify!($type)))
            }
        }
    )+};
}
code_fields!(Side OrderKind TimeInForce SelfTrade AssetClass CommandKind Reject CancelReason Phase);

impl Field for bool {
    #[inline]
    fn write<const N: usize>(self, to: &mut Writer<N>) {
        u8::from(self).write(to);
    }
    #[inline]
    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        match from.get::<u8>()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(CodecError::BadField("bool")),
        }
    }
}

impl Field for Permissions {
    fn write<const N: usize>(self, to: &mut Writer<N>) {
        to.put(self.trade).put(self.withdraw);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        Ok(Self { trade: from.get()?, withdraw: from.get()? })
    }
}

impl Field for FeeRate {
    fn write<const N: usize>(self, to: &mut Writer<N>) {
        to.put(self.ppm());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        Self::from_ppm(from.get()?).ok_or(CodecError::BadField("FeeRate"))
    }
}

impl Field for Symbol {
    fn write<const N: usize>(self, to: &mut Writer<N>) {
        to.raw(self.as_bytes());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        Self::from_bytes(from.raw()).ok().flatten().ok_or(CodecError::BadField("Symbol"))
    }
}

impl Field for Option<ClientOrderId> {
    #[inline]
    fn write<const N: usize>(self, to: &mut Writer<N>) {
        match self {
            Some(id) => to.raw(id.as_bytes()),
            None => to.raw(&[0; 36]),
        }
    }
    #[inline]
    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        ClientOrderId::from_bytes(from.raw()).map_err(|_| CodecError::BadField("ClientOrderId"))
    }
}

impl Field for Option<Side> {
    fn write<const N: usize>(self, to: &mut Writer<N>) {
        self.map_or(0, Side::number).write(to);
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        match from.get::<u8>()? {
            0 => Ok(None),
            number => Side::from_number(number).map(Some).ok_or(CodecError::BadField("Side")),
        }
    }
}

impl Field for Option<InstrumentId> {
    fn write<const N: usize>(self, to: &mut Writer<N>) {
        to.put(self.is_some()).put(self.unwrap_or_default());
    }
    fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
        let present = from.get::<bool>()?;
        let id = from.get::<InstrumentId>()?;
        match (present, id.get()) {
            (true, _) => Ok(Some(id)),
            (false, 0) => Ok(None),
            (false, _) => Err(CodecError::BadField("InstrumentId")),
        }
    }
}

/// Implements [`Field`] and [`Told`](super::describe::Told) for structs, field by field in the order given.
macro_rules! struct_fields {
    ($($type:ident { $($field:ident),+ $(,)? })+) => {$(
        impl Field for $type {
            fn write<const N: usize>(self, to: &mut Writer<N>) {
                to$(.put(self.$field))+;
            }
            fn read(from: &mut Reader<'_>) -> Result<Self, CodecError> {
                Ok(Self { $($field: from.get()?),+ })
            }
        }
        impl $crate::codec::describe::Told for $type {
            fn each(&self, to: &mut $crate::codec::describe::Visit<'_>) {
                $($crate::codec::describe::Said::say(&self.$field, stringify!($field), to);)+
            }
        }
    )+};
}
pub(super) use struct_fields;
