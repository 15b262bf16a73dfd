//! The sequencer ring: a multi-producer disruptor of fixed-size slots that two stages read in parallel.

use crate::replies::Token;
use cx_engine::CommandRecord;
use cx_engine::command::{CancelAll, Command};
use cx_engine::ids::AccountId;
use cx_engine::units::Timestamp;
use disruptor::{
    BusySpin, EventPoller, MultiConsumerBarrier, MultiProducer, MultiProducerBarrier, build_multi_producer,
};

/// Fewest slots that a ring may have.
pub const RING_SLOTS_MIN: usize = 64;

/// One place in the ring: a command and where its answer goes. Two cache lines, so that neighbours written by different
/// threads do not share one.
#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub struct Slot {
    /// The command.
    pub record: CommandRecord,
    /// Whom to answer.
    pub token: Token,
}

const _: () = assert!(size_of::<Slot>() == 128, "a slot is two cache lines");

/// Writes into the ring; clone it for each thread that writes. The ring closes when the last one is dropped.
pub type RingProducer = MultiProducer<Slot, MultiConsumerBarrier>;
/// Reads the ring; each reader sees every slot.
pub type RingReader = EventPoller<Slot, MultiProducerBarrier>;

/// Makes a ring of at least `slots` slots (a power of two, 64 or more) with two readers.
pub fn open(slots: usize) -> (RingProducer, RingReader, RingReader) {
    let slots = slots.max(RING_SLOTS_MIN).next_power_of_two();
    // What an unwritten slot holds is never read.
    let blank = Slot {
        record: CommandRecord {
            stamp: Timestamp::from_nanos(0),
            command: Command::CancelAll(CancelAll { account: AccountId::VENUE, instrument: None, side: None }),
        },
        token: Token::NONE,
    };
    // The wait strategy belongs to threads that the crate would manage; the stages poll and wait by themselves.
    let (first, builder) = build_multi_producer(slots, || blank, BusySpin).new_event_poller();
    let (second, builder) = builder.new_event_poller();
    (builder.build(), first, second)
}
