//! Lines of the log. Nobody can forge one: what steers a terminal is escaped, and so is a line break outside of a message.

use std::fmt::{self, Debug, Write};

use framehouse_shared::text::Printable;
use serde_json::Value;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_log::NormalizeEvent;
use tracing_subscriber::{
    field::{MakeVisitor, VisitFmt, VisitOutput},
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime, SystemTime},
    },
    registry::LookupSpan,
};

/// The field with the sentence of a line.
const MESSAGE: &str = "message";

/// Whether a field belongs to the bridge from the crate `log`, which some libraries use. Nobody searches for it.
fn is_of_bridge(field: &Field) -> bool {
    field.name().starts_with("log.")
}

/// Fields as text for people: the sentence, then `name=value`. Further lines of a sentence are indented.
#[derive(Clone, Copy)]
pub(super) struct TextFields;

impl<'w> MakeVisitor<Writer<'w>> for TextFields {
    type Visitor = TextVisitor<'w>;

    fn make_visitor(&self, writer: Writer<'w>) -> TextVisitor<'w> {
        TextVisitor { writer, is_first: true, result: Ok(()) }
    }
}

/// Writes the fields of one line.
pub(super) struct TextVisitor<'w> {
    writer: Writer<'w>,
    is_first: bool,
    result: fmt::Result,
}

impl TextVisitor<'_> {
    fn write(&mut self, field: &Field, value: &dyn Debug) -> fmt::Result {
        if !std::mem::replace(&mut self.is_first, false) {
            self.writer.write_char(' ')?;
        }
        if field.name() == MESSAGE {
            write!(Escaped { to: &mut self.writer, line_break: "\n    " }, "{value:?}")
        } else {
            write!(self.writer, "{}=", field.name())?;
            write!(Escaped { to: &mut self.writer, line_break: "\\n" }, "{value:?}")
        }
    }
}

impl Visit for TextVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if self.result.is_ok() && !is_of_bridge(field) {
            self.result = self.write(field, value);
        }
    }
}

impl VisitOutput<fmt::Result> for TextVisitor<'_> {
    fn finish(self) -> fmt::Result {
        self.result
    }
}

impl VisitFmt for TextVisitor<'_> {
    fn writer(&mut self) -> &mut dyn Write {
        &mut self.writer
    }
}

/// One JSON object a line: time, level, the constant fields of the process, module, sentence and fields.
pub(super) struct JsonLines {
    /// `"node":..,"pid":..,"version":..`.
    process: String,
}

impl JsonLines {
    /// Lines with these constants.
    pub fn new(node: &str, pid: u32, version: &str) -> Self {
        let (node, version) = (Value::from(node), Value::from(version));
        Self { process: format!("\"node\":{node},\"pid\":{pid},\"version\":{version}") }
    }
}

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut line = String::from("{\"timestamp\":\"");
        SystemTime.format_time(&mut Writer::new(&mut line))?;
        let of_bridge = event.normalized_metadata();
        let metadata = of_bridge.as_ref().unwrap_or_else(|| event.metadata());
        let (level, target) = (metadata.level(), metadata.target());
        write!(line, "\",\"level\":\"{level}\",{},\"target\":{}", self.process, Value::from(target))?;
        event.record(&mut JsonVisitor(&mut line));
        line.push('}');
        writeln!(writer, "{line}")
    }
}

struct JsonVisitor<'a>(&'a mut String);

impl JsonVisitor<'_> {
    fn add(&mut self, field: &Field, value: impl Into<Value>) {
        if is_of_bridge(field) {
            return;
        }
        write!(self.0, ",\"{}\":{}", field.name(), value.into()).expect("a string takes any text");
    }

    fn add_text(&mut self, field: &Field, text: fmt::Arguments<'_>) {
        let mut escaped = String::new();
        // JSON itself keeps a line break inside of its line. In a sentence it stays, for the lines of a backtrace.
        let line_break = if field.name() == MESSAGE { "\n" } else { "\\n" };
        Escaped { to: &mut escaped, line_break }.write_fmt(text).expect("a string takes any text");
        self.add(field, escaped);
    }
}

impl Visit for JsonVisitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.add_text(field, format_args!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add_text(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value);
    }
}

/// Passes text on, with characters that could steer a terminal as `\u{1b}`, and with this for each line break.
struct Escaped<'a, W> {
    to: &'a mut W,
    line_break: &'static str,
}

impl<W: Write> Write for Escaped<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for (number, part) in text.split('\n').enumerate() {
            if number > 0 {
                self.to.write_str(self.line_break)?;
            }
            write!(self.to, "{}", Printable(part))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::{
        cell::Cell,
        fmt::Display,
        io,
        sync::{Arc, Mutex},
    };

    use tracing_subscriber::{EnvFilter, Layer, fmt::MakeWriter, layer::SubscriberExt, registry};

    use super::*;

    /// A name that would begin a line of its own, steer a terminal, and add a field.
    const FORGER: &str = "Eve\n2026-01-01 ERROR all is lost\u{1b}[2J\u{202e}\" code=R7QX";

    #[derive(Clone, Default)]
    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Memory {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().expect("no panic").clone()).expect("text")
        }
    }

    impl io::Write for Memory {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no panic").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl MakeWriter<'_> for Memory {
        type Writer = Self;

        fn make_writer(&self) -> Self {
            self.clone()
        }
    }

    /// What is logged by `work`, in the one format and in the other, at level info.
    fn logged(work: impl Fn()) -> (String, String) {
        let lines = |is_json: bool| {
            let memory = Memory::default();
            let layer = tracing_subscriber::fmt::layer().with_writer(memory.clone()).with_ansi(false);
            let layer = match is_json {
                true => layer.event_format(JsonLines::new("game-1", 42, "1.2.3")).boxed(),
                false => layer.fmt_fields(TextFields).boxed(),
            };
            let subscriber = registry().with(EnvFilter::new("info")).with(layer);
            tracing::subscriber::with_default(subscriber, &work);
            memory.text()
        };
        (lines(false), lines(true))
    }

    fn only_line(json: &str) -> Value {
        assert_eq!(json.matches('\n').count(), 1, "{json}");
        serde_json::from_str(json).expect("JSON")
    }

    #[test]
    fn a_json_line_has_its_process_and_its_fields() {
        let (text, json) = logged(|| tracing::info!(player = "Ada", slot = 3, points = -5_i64, "player {}", "joined"));
        let line = only_line(&json);
        for (name, value) in [("level", "INFO"), ("node", "game-1"), ("version", "1.2.3"), ("player", "Ada")] {
            assert_eq!(line[name], value, "{json}");
        }
        assert_eq!((&line["pid"], &line["slot"], &line["points"]), (&42.into(), &3.into(), &(-5).into()));
        assert_eq!(line["message"], "player joined");
        assert!(line["timestamp"].as_str().is_some_and(|time| time.ends_with('Z')), "{json}");
        assert!(text.ends_with("player joined player=\"Ada\" slot=3 points=-5\n"), "{text}");
    }

    #[test]
    fn nobody_forges_a_line_or_a_field() {
        let (text, json) = logged(|| tracing::info!(player = FORGER, room = %FORGER, "{FORGER} joined"));
        let line = only_line(&json);
        for field in ["player", "room"] {
            assert!(line[field].as_str().is_some_and(|value| value.starts_with("Eve\\n2026")), "{json}");
        }
        assert!(line.get("code").is_none(), "{json}");
        for shown in [&text, &json] {
            assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown}");
        }
        assert!(text.contains("player=\"Eve\\n2026-01-01 ERROR"), "{text}");
        assert_eq!(text.lines().filter(|line| !line.starts_with("    ")).count(), 1, "{text}");
    }

    /// Counts how often it is shown.
    struct Shown<'a>(&'a Cell<u32>);

    impl Display for Shown<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.set(self.0.get() + 1);
            f.write_str("shown")
        }
    }

    #[test]
    fn nothing_is_formatted_when_its_level_is_off() {
        let count = Cell::new(0);
        logged(|| tracing::debug!(field = %Shown(&count), "{}", Shown(&count)));
        assert_eq!(count.get(), 0);
        logged(|| tracing::info!(field = %Shown(&count), "{}", Shown(&count)));
        assert_eq!(count.get(), 4, "twice in each format");
    }
}
