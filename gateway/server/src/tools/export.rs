//! `carbonxchange export`: commands or events as JSON lines or CSV, for those who want to look with their own tools.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::ops::ControlFlow;

use cx_engine::codec::{describe_command, describe_event};
use cx_engine::ids::Seq;
use cx_engine::units::Timestamp;
use cx_engine::{CommandRecord, EventRecord};
use serde_json::{Map, Value};

use super::{archive, object, written};
use crate::cli::{Export, ExportFormat, ExportWhat};
use crate::exit::{Code, Failure, OrExit as _};
use crate::settings::Settings;

/// Writes the export. Numbers are in the core's units (`docs/journal-format.md`).
pub fn export(settings: &Settings, wanted: &Export) -> Result<(), Failure> {
    let archive = archive(settings)?;
    let (first, last) = archive.range();
    let from = Seq::new(wanted.from.unwrap_or(first.get()).max(first.get()) - 1);
    let to = wanted.to.map_or(last, Seq::new).min(last);
    let mut to_file;
    let mut to_stdout;
    let out: &mut dyn Write = if let Some(path) = &wanted.output {
        let file = File::create(path).or_exit(Code::Usage, format_args!("cannot write {}", path.display()))?;
        to_file = BufWriter::new(file);
        &mut to_file
    } else {
        to_stdout = BufWriter::new(std::io::stdout().lock());
        &mut to_stdout
    };
    let mut lines = Lines { out, format: wanted.format, written: 0, failed: None };
    lines.head();
    archive
        .replay(from, to, |seq, command, events| match wanted.what {
            ExportWhat::Commands => lines.command(seq, command),
            ExportWhat::Events => events.iter().try_for_each(|event| lines.event(event)),
        })
        .or_exit(Code::DataFolder, "the journal")?;
    let flushed = lines.failed.take().map_or_else(|| lines.out.flush(), Err);
    flushed.or_exit(Code::Usage, "writing the export")?;
    eprintln!("{} lines", lines.written);
    Ok(())
}

struct Lines<'a> {
    out: &'a mut dyn Write,
    format: ExportFormat,
    written: u64,
    failed: Option<std::io::Error>,
}

impl Lines<'_> {
    fn head(&mut self) {
        if self.format == ExportFormat::Csv {
            self.failed = writeln!(self.out, "seq,index,time,kind,fields").err();
        }
    }

    fn command(&mut self, seq: Seq, record: &CommandRecord) -> ControlFlow<()> {
        let fields = object(|to| describe_command(&record.command, to));
        self.line(seq, None, record.stamp, record.command.kind().code(), fields)
    }

    fn event(&mut self, record: &EventRecord) -> ControlFlow<()> {
        let mut kind = "";
        let fields = object(|to| kind = describe_event(&record.event, to));
        self.line(record.seq, Some(record.index), record.time, kind, fields)
    }

    fn line(
        &mut self,
        seq: Seq,
        index: Option<u32>,
        time: Timestamp,
        kind: &str,
        fields: Map<String, Value>,
    ) -> ControlFlow<()> {
        if self.failed.is_some() {
            return ControlFlow::Break(());
        }
        let done = match self.format {
            ExportFormat::Jsonl => {
                let mut line = Map::new();
                line.insert("seq".into(), seq.get().into());
                if let Some(index) = index {
                    line.insert("index".into(), index.into());
                }
                line.insert("time".into(), written(time).into());
                line.insert("kind".into(), kind.into());
                line.extend(fields);
                writeln!(self.out, "{}", Value::Object(line))
            }
            ExportFormat::Csv => {
                // The fields differ from kind to kind: one column with an object, quoted as CSV wants it.
                let fields = Value::Object(fields).to_string().replace('"', "\"\"");
                let index = index.map_or(String::new(), |index| index.to_string());
                writeln!(self.out, "{},{index},{},{kind},\"{fields}\"", seq.get(), written(time))
            }
        };
        self.written += 1;
        match done {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => {
                self.failed = Some(error);
                ControlFlow::Break(())
            }
        }
    }
}
