//! One simulated life of a venue, from a seed.

use crate::judge::Judge;
use crate::streams::{Choices, Generator, Seeded, Shape};
use crate::world::{Append, Canary, World};
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use cx_engine::{Command, Event, EventRecord, Exchange};
use cx_pipeline::{FatalHandler, Pending, PipelineConfig, Sequencer, Stage, Step, Stepped, SubmitError};
use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

/// Steps of the scheduler once the venue is open.
const STEPS: usize = 900;

/// What was met.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Outcome {
    commands: u64,
    answers: u64,
    overloads: u64,
    crashes: u64,
    failed_appends: u64,
    unanswered_kept: u64,
    unanswered_lost: u64,
    lost_events: u64,
    snapshots: u64,
    shutdowns: u64,
    sink_commits: u64,
    sink_crashes: u64,
}

impl Outcome {
    pub fn counts(&self) -> [(u64, &'static str); 12] {
        [
            (self.commands, "commands in journals"),
            (self.answers, "answers judged"),
            (self.overloads, "commands refused as overload"),
            (self.crashes, "crashes"),
            (self.failed_appends, "failed appends"),
            (self.unanswered_kept, "unanswered commands that a crash left in the journal"),
            (self.unanswered_lost, "unanswered commands that a crash took"),
            (self.lost_events, "logged events that a crash took"),
            (self.snapshots, "restarts from a snapshot"),
            (self.shutdowns, "orderly shutdowns"),
            (self.sink_commits, "commits of the sink"),
            (self.sink_crashes, "commits that the sink lost"),
        ]
    }

    pub fn add(&mut self, other: &Self) {
        self.commands += other.commands;
        self.answers += other.answers;
        self.overloads += other.overloads;
        self.crashes += other.crashes;
        self.failed_appends += other.failed_appends;
        self.unanswered_kept += other.unanswered_kept;
        self.unanswered_lost += other.unanswered_lost;
        self.lost_events += other.lost_events;
        self.snapshots += other.snapshots;
        self.shutdowns += other.shutdowns;
        self.sink_commits += other.sink_commits;
        self.sink_crashes += other.sink_crashes;
    }
}

/// A command that was taken, and whoever waits for its answer.
struct Sent {
    seq: Seq,
    command: Command,
    pending: Option<Pending>,
}

/// The rows of a reader of the event log that commits rows and cursor together.
#[derive(Default)]
struct Sink {
    cursor: Seq,
    rows: Vec<EventRecord>,
}

pub struct Run {
    choices: Seeded,
    generator: Generator,
    world: World,
    judge: Judge,
    pipeline: Option<(Stepped, Sequencer)>,
    /// A command that was refused as overload and is sent again.
    again: Option<Command>,
    sent: VecDeque<Sent>,
    /// The last command that was taken.
    sequenced: Seq,
    /// The last command whose events were released.
    released: Seq,
    /// The last command whose events the generator knows.
    observed: Seq,
    sink: Sink,
    outcome: Outcome,
}

impl Run {
    pub fn new(seed: u64, canary: Canary) -> Self {
        let mut run = Self {
            choices: Seeded::new(seed),
            generator: Generator::new(Shape::of_seed(seed)),
            world: World::new(canary),
            judge: Judge::default(),
            pipeline: None,
            again: None,
            sent: VecDeque::new(),
            sequenced: Seq::ZERO,
            released: Seq::ZERO,
            observed: Seq::ZERO,
            sink: Sink::default(),
            outcome: Outcome::default(),
        };
        run.start(Exchange::new());
        run
    }

    /// Lives through the seed, then heals and checks everything once more.
    pub fn finish(mut self) -> Result<Outcome, String> {
        while self.generator.is_opening() || self.again.is_some() || !self.sent.is_empty() {
            if self.generator.is_opening() || self.again.is_some() {
                self.submit();
            }
            self.step_all()?;
        }
        for _ in 0..STEPS {
            self.step()?;
        }
        self.world.disk().next = Append::Works;
        if self.pipeline().failure().is_some() {
            self.crash()?;
        }
        let exchange = self.shut_down()?;
        self.judge.state(&exchange)?;
        while self.sink_step()? {}
        let disk = self.world.disk();
        self.judge.events("the event log", Seq::ZERO, &disk.events)?;
        self.judge.events("the sink's rows", Seq::ZERO, &self.sink.rows)?;
        if self.sink.cursor != self.judge.tip() {
            return Err("the sink did not catch up".to_owned());
        }
        self.outcome.commands = disk.commands.len() as u64;
        Ok(self.outcome.clone())
    }

    fn start(&mut self, exchange: Exchange) {
        let config = PipelineConfig {
            ring_slots: 64,
            journal_batch_max: 1 + self.choices.position(20),
            in_flight_max: 24,
            audit_every: NonZeroU64::new(16),
            // The failure is looked for after each step.
            on_fatal: FatalHandler::new(|_| ()),
            ..PipelineConfig::default()
        };
        let port = || Box::new(self.world.clone());
        self.sequenced = exchange.seq();
        self.released = exchange.seq();
        self.pipeline = Some(Stepped::start(config, exchange, port(), port(), port(), Arc::new(self.world.clone())));
    }

    fn pipeline(&mut self) -> &mut Stepped {
        &mut self.pipeline.as_mut().unwrap().0
    }

    fn step(&mut self) -> Result<(), String> {
        match self.choices.below(1_000) {
            0..400 => self.submit(),
            400..550 => self.stage(Stage::Journal)?,
            550..700 => self.stage(Stage::Engine)?,
            700..850 => self.stage(Stage::Output)?,
            850..950 => drop(self.sink_step()?),
            950..985 => {
                // A client leaves before its answer.
                let at = self.choices.position(self.sent.len().max(1));
                if let Some(sent) = self.sent.get_mut(at) {
                    sent.pending = None;
                }
            }
            985..990 => {
                self.world.disk().next = self.choices.pick(&[Append::FailsAndLoses, Append::FailsAndKeeps]);
            }
            990..995 => self.crash()?,
            995..997 => {
                let exchange = self.shut_down()?;
                self.start(exchange);
            }
            _ => {
                let mut disk = self.world.disk();
                disk.events_synced = disk.events.len();
            }
        }
        self.look()
    }

    fn submit(&mut self) {
        let command = self.again.take().unwrap_or_else(|| {
            let record = self.generator.next(&mut self.choices);
            let jump = if self.choices.one_in(40) { self.choices.below(2_000_000_000) } else { 0 };
            self.world.set_clock(Timestamp::from_nanos(record.stamp.nanos().saturating_sub(jump)));
            record.command
        });
        match self.pipeline.as_ref().unwrap().1.submit(command) {
            Ok(pending) => {
                self.sequenced = self.sequenced.next();
                self.sent.push_back(Sent { seq: self.sequenced, command, pending: Some(pending) });
            }
            Err(SubmitError::Overloaded) => {
                self.outcome.overloads += 1;
                self.again = Some(command);
            }
            // It has failed and will crash.
            Err(SubmitError::ShuttingDown) => self.again = Some(command),
        }
    }

    fn stage(&mut self, stage: Stage) -> Result<(), String> {
        self.pipeline().step(stage);
        if self.pipeline().failure().is_some() {
            self.outcome.failed_appends += 1;
            self.crash()?;
        }
        Ok(())
    }

    fn step_all(&mut self) -> Result<(), String> {
        for stage in [Stage::Journal, Stage::Engine, Stage::Output] {
            self.stage(stage)?;
        }
        self.look()
    }

    /// Reads what came out and has it judged.
    fn look(&mut self) -> Result<(), String> {
        self.judge.read(&self.world.disk().commands)?;
        self.released = self.judge.events("released", self.released, &self.world.released())?;
        self.observe(self.released);
        let mut context = Context::from_waker(Waker::noop());
        while let Some(first) = self.sent.front_mut() {
            let Some(pending) = &mut first.pending else {
                // Nobody waits: it is over once its events are out.
                if first.seq > self.released {
                    break;
                }
                self.sent.pop_front();
                continue;
            };
            match Pin::new(pending).poll(&mut context) {
                Poll::Pending => break,
                Poll::Ready(Ok(reply)) => {
                    if reply.seq != first.seq {
                        return Err(format!("seq {} was answered as {}", first.seq.get(), reply.seq.get()));
                    }
                    self.judge.answer(&first.command, &reply)?;
                    self.outcome.answers += 1;
                    self.sent.pop_front();
                }
                Poll::Ready(Err(_lost)) => return Err(format!("the answer of seq {} was lost", first.seq.get())),
            }
        }
        Ok(())
    }

    /// The generator learns what became of the commands up to `to`, answered or not.
    fn observe(&mut self, to: Seq) {
        for command in self.judge.between(self.observed, to).chunk_by(|one, next| one.seq == next.seq) {
            let events: Vec<Event> = command.iter().map(|record| record.event).collect();
            self.generator.observe(&events);
        }
        self.observed = to;
    }

    /// Everything in memory goes. The journal stays, and a part of the event log that was not synced.
    fn crash(&mut self) -> Result<(), String> {
        self.look_before_the_end()?;
        self.pipeline = None;
        self.outcome.crashes += 1;
        self.judge.read(&self.world.disk().commands)?;
        let tip = self.judge.tip();
        self.observe(tip);
        for sent in std::mem::take(&mut self.sent) {
            if sent.seq <= tip {
                self.judge.stands(sent.seq, &sent.command)?;
                self.outcome.unanswered_kept += 1;
            } else {
                self.outcome.unanswered_lost += 1;
                // Whoever was not answered asks again.
                if self.choices.one_in(2) {
                    self.again = Some(sent.command);
                }
            }
        }
        {
            let mut disk = self.world.disk();
            disk.next = Append::Works;
            let unsynced = disk.events.len() - disk.events_synced;
            let lost = self.choices.position(unsynced + 1);
            let kept = disk.events.len() - lost;
            disk.events.truncate(kept);
            self.outcome.lost_events += lost as u64;
        }
        let exchange = self.recover()?;
        self.start(exchange);
        Ok(())
    }

    /// Answers that had left before the crash were received.
    fn look_before_the_end(&mut self) -> Result<(), String> {
        if self.pipeline().failure().is_none() {
            return self.look();
        }
        self.judge.read(&self.world.disk().commands)?;
        self.released = self.judge.events("released", self.released, &self.world.released())?;
        Ok(())
    }

    /// From a snapshot or the first command; the event log is completed.
    fn recover(&mut self) -> Result<Exchange, String> {
        let mut disk = self.world.disk();
        // The last command may be there in part: it is derived again as a whole.
        let whole = disk.events.last().map_or(0, |last| last.seq.get() - 1);
        disk.events.retain(|event| event.seq.get() <= whole);
        let begin = disk.snapshot.take().filter(|(at, _)| *at as u64 <= whole);
        let (at, mut exchange) = match begin {
            Some((at, bytes)) => {
                self.outcome.snapshots += 1;
                (at, Exchange::restore(&bytes).map_err(|error| error.to_string())?)
            }
            None => (0, Exchange::new()),
        };
        let halfway = self.choices.position(disk.commands.len() + 1);
        let mut events: Vec<Event> = Vec::new();
        for place in at..disk.commands.len() {
            if place == halfway {
                disk.snapshot = Some((place, exchange.snapshot()));
            }
            let record = disk.commands[place];
            events.clear();
            let seq = exchange.seq().next();
            let time = exchange.apply(seq, record.stamp, &record.command, &mut events);
            if seq.get() > whole {
                let named = (0..).zip(&events).map(|(index, &event)| EventRecord { seq, index, time, event });
                disk.events.extend(named);
            }
        }
        disk.events_synced = disk.events.len();
        self.judge.state(&exchange)?;
        self.judge.events("the event log after recovery", Seq::ZERO, &disk.events)?;
        Ok(exchange)
    }

    /// Everything that was taken is finished and answered.
    fn shut_down(&mut self) -> Result<Exchange, String> {
        self.world.disk().next = Append::Works;
        self.pipeline().close();
        let mut done = [false; 3];
        while done != [true; 3] {
            for (stage, done) in [Stage::Journal, Stage::Engine, Stage::Output].into_iter().zip(&mut done) {
                *done = *done || self.pipeline().step(stage) == Step::Done;
            }
            self.look()?;
        }
        if let Some(fault) = self.pipeline().failure() {
            return Err(fault.to_string());
        }
        if let Some(left) = self.sent.front() {
            return Err(format!("seq {} was not answered before the end", left.seq.get()));
        }
        self.outcome.shutdowns += 1;
        let mut disk = self.world.disk();
        disk.events_synced = disk.events.len();
        drop(disk);
        Ok(self.pipeline.take().unwrap().0.into_exchange())
    }

    /// The sink reads a few commands and commits them, or crashes before. Says whether there was anything.
    fn sink_step(&mut self) -> Result<bool, String> {
        let disk = self.world.disk();
        let from = disk.events.partition_point(|event| event.seq <= self.sink.cursor);
        let last = self.sink.cursor.get() + 1 + self.choices.below(5);
        let new: Vec<EventRecord> = disk.events[from..].iter().take_while(|it| it.seq.get() <= last).copied().collect();
        let Some(last) = new.last() else { return Ok(false) };
        if self.choices.one_in(6) {
            self.outcome.sink_crashes += 1;
            return Ok(true);
        }
        self.outcome.sink_commits += 1;
        if disk.canary != Canary::RepeatedRows || !self.choices.one_in(20) {
            self.sink.cursor = last.seq;
        }
        self.sink.rows.extend(new);
        Ok(true)
    }
}
