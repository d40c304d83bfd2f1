//! What a strategy costs: CPU time per thousand requests, and memory.

use std::time::Duration;

use super::axes::{Label, duration_labels, labels, x_axis};
use super::canvas::{Canvas, Face, Paint};
use super::layout::{Key, RIGHT, Swatch, foot, head, legend, nothing};
use super::rows::lay_out;
use super::scale::Scale;
use super::theme::{BLUE, SLATE, Token};
use super::{Draw, Drawing, Frame, Group, format};

/// Bars of CPU time and of memory, side by side.
#[derive(Clone, Debug, PartialEq)]
pub struct Cost {
    /// The words around it.
    pub frame: Frame,
    /// Cells, by scenario.
    pub groups: Vec<Group<Row>>,
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Name of the strategy.
    pub label: String,
    /// What the client used.
    pub client: Usage,
    /// What the server used; all `None` if that is not shown.
    pub server: Usage,
}

/// What one process used; `None` is unknown, not zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// CPU time per 1,000 requests, user and kernel together: the kernel samples the split, which
    /// means little for short trials.
    pub cpu: Option<Duration>,
    /// Highest resident set (`VmHWM`), in bytes.
    pub peak_memory: Option<u64>,
}

impl Usage {
    fn is_known(&self) -> bool {
        self.cpu.is_some() || self.peak_memory.is_some()
    }

    /// CPU time in seconds, as far as known.
    fn cpu(&self) -> f64 {
        self.cpu.map_or(0.0, |d| d.as_secs_f64())
    }

    fn memory(&self) -> f64 {
        #[expect(clippy::cast_precision_loss, reason = "bytes for a bar")]
        let bytes = self.peak_memory.unwrap_or(0) as f64;
        bytes
    }

    fn cpu_text(&self) -> String {
        match self.cpu {
            Some(_) => format::duration(self.cpu()),
            None => "unknown".to_owned(),
        }
    }

    fn memory_text(&self) -> String {
        match self.peak_memory {
            Some(_) => format::bytes(self.memory()),
            None => "unknown".to_owned(),
        }
    }
}

const CLIENT: Paint = Paint(Token::Mark(BLUE), 1.0);
const SERVER: Paint = Paint(Token::Mark(SLATE), 1.0);
const BAR: f64 = 11.0;
const TEXT: f64 = 11.5;
/// Between the two panels.
const BETWEEN: f64 = 24.0;

impl Draw for Cost {
    fn draw(&self) -> Drawing {
        let mut canvas = Canvas::default();
        let y = head(&mut canvas, &self.frame);
        let all: Vec<&Row> = self.groups.iter().flat_map(|g| &g.rows).collect();
        if all.is_empty() {
            return nothing(canvas, &self.frame, y);
        }
        let servers = all.iter().any(|r| r.server.is_known());
        let y = legend(&mut canvas, y, &keys(servers));

        let height = if servers { 35.0 } else { 25.0 };
        let rows = lay_out(&self.groups, |r| &r.label, y + 34.0, height);
        let usages = || all.iter().flat_map(|r| [r.client, r.server]);
        let room = |text: fn(&Usage) -> String| {
            let face = Face::new(TEXT, Token::Ink).bold();
            usages().map(|u| face.width(&text(&u))).fold(40.0, f64::max) + 10.0
        };
        let middle = rows.left + (RIGHT - rows.left) * 0.56;
        let cpu =
            bars(usages().map(|u| u.cpu()), rows.left, middle - BETWEEN - room(Usage::cpu_text));
        let memory_scale =
            bars(usages().map(|u| u.memory()), middle, RIGHT - room(Usage::memory_text));

        let top = y + 30.0;
        let heading = Face::new(12.5, Token::Ink).bold();
        canvas.text(rows.left, top - 9.0, "CPU time per 1,000 requests", heading);
        canvas.text(middle, top - 9.0, "Peak memory", heading);
        x_axis(&mut canvas, &duration_labels(&cpu, 4.0), top, rows.bottom);
        x_axis(&mut canvas, &memory_ticks(&memory_scale), top, rows.bottom);
        rows.draw(&mut canvas);
        for left in [rows.left, middle] {
            canvas.line(&[(left, top), (left, rows.bottom)], Token::Axis, 1.0);
        }
        for (row, &y) in all.iter().zip(&rows.middles) {
            let pair = row.server.is_known();
            let client = if pair { y - BAR / 2.0 - 1.5 } else { y };
            draw_usage(&mut canvas, &row.client, CLIENT, (&cpu, &memory_scale), client, true);
            if pair {
                let server = y + BAR / 2.0 + 1.5;
                draw_usage(&mut canvas, &row.server, SERVER, (&cpu, &memory_scale), server, false);
            }
        }
        foot(canvas, &self.frame, rows.bottom + 24.0)
    }
}

fn keys(servers: bool) -> Vec<Key> {
    let key = |paint, text| Key::new(Swatch::Area(paint), text);
    let mut keys = vec![key(CLIENT, "client")];
    if servers {
        keys.push(key(SERVER, "server"));
    }
    keys
}

/// Bars start at zero, always: their length is the value.
fn bars(values: impl Iterator<Item = f64>, from: f64, to: f64) -> Scale {
    Scale::linear(0.0, values.fold(0.0, f64::max), from, to)
}

/// Ticks at round numbers of the unit that suits the longest bar.
fn memory_ticks(scale: &Scale) -> Vec<Label> {
    let (_, unit) = format::byte_unit(scale.end());
    let in_units = scale.in_units_of(unit);
    labels(&in_units, 3.0, |v| format::bytes_tick_like(v * unit, scale.end()))
}

fn draw_usage(
    canvas: &mut Canvas,
    usage: &Usage,
    paint: Paint,
    (cpu, memory): (&Scale, &Scale),
    y: f64,
    client: bool,
) {
    let (zero, end) = (cpu.at(0.0), cpu.at(usage.cpu()));
    canvas.rect(zero, y - BAR / 2.0, end - zero, BAR, paint);
    let (start, reach) = (memory.at(0.0), memory.at(usage.memory()));
    canvas.rect(start, y - BAR / 2.0, reach - start, BAR, paint);
    let face = Face::new(TEXT, Token::Ink);
    let known = if client { face.bold() } else { face };
    let unknown = Face::new(TEXT, Token::Muted);
    let face = |is_known| if is_known { known } else { unknown };
    canvas.text(end + 6.0, y + 4.0, usage.cpu_text(), face(usage.cpu.is_some()));
    canvas.text(reach + 6.0, y + 4.0, usage.memory_text(), face(usage.peak_memory.is_some()));
}
