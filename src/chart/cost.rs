//! Cost of a strategy: CPU time per thousand requests, and memory.

use std::time::Duration;

use super::axes::{byte_labels, duration_labels};
use super::canvas::Canvas;
use super::font::Face;
use super::layout::{Key, RIGHT, Swatch, legend};
use super::rows::{all, lay_out};
use super::scale::Scale;
use super::theme::{BLUE, SLATE, Token};
use super::{Frame, Group, format};

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
    /// Usage of the client.
    pub client: Usage,
    /// Usage of the server; all `None` if that is not shown.
    pub server: Usage,
}

/// CPU time and memory of one process; `None` is unknown, not zero.
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
        self.peak_memory.unwrap_or(0) as f64
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

const CLIENT: Token = Token::Mark(BLUE);
const SERVER: Token = Token::Mark(SLATE);
const BAR: f64 = 11.0;
const TEXT: f64 = 11.5;
/// Space between the two panels.
const BETWEEN: f64 = 24.0;

impl Cost {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let all = all(&self.groups);
        all.first()?;
        let servers = all.iter().any(|r| r.server.is_known());
        let keys = [
            Key::when(true, Swatch::Area(CLIENT.into()), "client"),
            Key::when(servers, Swatch::Area(SERVER.into()), "server"),
        ];
        let y = legend(canvas, y, keys);

        let height = if servers { 35.0 } else { 25.0 };
        let rows = lay_out(&self.groups, |r| &r.label, y + 30.0, height);
        let usages = || all.iter().flat_map(|r| [r.client, r.server]);
        let room = |text: fn(&Usage) -> String| {
            let face = Face::new(TEXT, Token::Ink).bold();
            face.widest(usages().map(|u| text(&u))).max(40.0) + 10.0
        };
        let middle = rows.left + (RIGHT - rows.left) * 0.56;
        let end = middle - BETWEEN;
        let cpu = Scale::bars(usages().map(|u| u.cpu()), rows.left, end - room(Usage::cpu_text));
        let reach = RIGHT - room(Usage::memory_text);
        let memory = Scale::bars(usages().map(|u| u.memory()), middle, reach);

        rows.heading(canvas, "CPU time per 1,000 requests", rows.left, end);
        rows.heading(canvas, "Peak memory", middle, RIGHT);
        rows.axis(canvas, &duration_labels(&cpu, 4.0));
        rows.axis(canvas, &byte_labels(&memory, 3.0));
        rows.draw(canvas);
        for left in [rows.left, middle] {
            rows.upright(canvas, left, Token::Axis, 1.0);
        }
        let scales = (&cpu, &memory);
        for (row, &y) in all.iter().zip(&rows.middles) {
            let apart = if row.server.is_known() { BAR / 2.0 + 1.5 } else { 0.0 };
            let face = Face::new(TEXT, Token::Ink);
            draw_usage(canvas, &row.client, CLIENT, scales, y - apart, face.bold());
            if row.server.is_known() {
                draw_usage(canvas, &row.server, SERVER, scales, y + apart, face);
            }
        }
        Some(rows.bottom + 24.0)
    }
}

fn draw_usage(
    canvas: &mut Canvas,
    usage: &Usage,
    token: Token,
    (cpu, memory): (&Scale, &Scale),
    y: f64,
    face: Face,
) {
    let (zero, end) = (cpu.at(0.0), cpu.at(usage.cpu()));
    canvas.rect(zero, y - BAR / 2.0, end - zero, BAR, token);
    let (start, reach) = (memory.at(0.0), memory.at(usage.memory()));
    canvas.rect(start, y - BAR / 2.0, reach - start, BAR, token);
    let unknown = Face::new(TEXT, Token::Muted);
    let face = |is_known| if is_known { face } else { unknown };
    canvas.text(end + 6.0, y + 4.0, usage.cpu_text(), face(usage.cpu.is_some()));
    canvas.text(reach + 6.0, y + 4.0, usage.memory_text(), face(usage.peak_memory.is_some()));
}
