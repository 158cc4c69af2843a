//! The report as one HTML page with SVG charts; no script, nothing from elsewhere.

use super::{Report, table};
use std::fmt::Write;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 240.0;
/// Room for the labels of the axes.
const LEFT: f64 = 70.0;
const RIGHT: f64 = 30.0;
const TOP: f64 = 10.0;
const BOTTOM: f64 = 30.0;
const COLOURS: [&str; 6] = ["#1b6ca8", "#2a9d5c", "#c05621", "#7a4fa3", "#b83263", "#6b7280"];

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;\
    color:#1a1a1a;background:#fff}pre{background:#f4f4f4;padding:1rem;overflow-x:auto}svg{width:100%;height:auto}\
    text{font-size:12px;fill:#444}h1{font-size:1.5rem}h2{font-size:1.1rem;margin:1.5rem 0 0}\
    ul{list-style:none;padding:0;margin:.3rem 0;font-size:13px}li{display:inline-block;margin-right:1.2rem}\
    i{display:inline-block;width:.8em;height:.8em;margin-right:.4em;border-radius:2px}";

/// A line of a chart.
struct Series {
    name: &'static str,
    /// Each between 0 and 1 on both axes.
    points: Vec<(f64, f64)>,
}

/// Where the marks of an axis stand, between 0 and 1, and what they say.
type Marks = Vec<(f64, String)>;

pub(super) fn write(report: &Report) -> String {
    let name = if report.scenario.name.is_empty() { "loadtest" } else { &report.scenario.name };
    let name = escaped(name);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}</title>\
         <style>{STYLE}</style></head><body><h1>{name}</h1>\n<h2>Calls per second</h2>\n{}\n\
         <h2>Latencies by percentile</h2>\n{}\n<h2>Figures</h2>\n<pre>{}</pre></body></html>\n",
        timeline(report),
        percentiles(report),
        escaped(&report.to_string()),
    )
}

fn timeline(report: &Report) -> String {
    let timeline = &report.figures.timeline;
    let seconds = timeline.length().as_secs_f64().max(1.0);
    let per_s = |count: u64| count as f64 / timeline.slice_s as f64;
    let counts = |slice: &crate::Slice| [slice.placed, slice.connected, slice.ended];
    let most = timeline.slices.iter().flat_map(counts).map(per_s).fold(1.0, f64::max);
    let at = |index: usize| (index as u64 * timeline.slice_s) as f64 / seconds;
    let all: Vec<Series> = ["placed", "connected", "ended"]
        .into_iter()
        .enumerate()
        .map(|(which, name)| {
            let height = |slice| per_s(counts(slice)[which]) / most;
            let slices = timeline.slices.iter().enumerate();
            Series { name, points: slices.map(|(index, slice)| (at(index), height(slice))).collect() }
        })
        .collect();
    chart(&all, &even_marks(seconds, " s"), &even_marks(most, ""))
}

fn percentiles(report: &Report) -> String {
    let measured = table::named(&report.figures).into_iter().filter(|(_name, latency)| latency.count() > 0);
    let curves: Vec<(&str, Vec<(f64, f64)>)> =
        measured.map(|(name, latency)| (name, latency.curve())).collect();
    let longest_ms =
        curves.iter().flat_map(|(_name, curve)| curve).map(|(ms, _share)| *ms).fold(1.0, f64::max);
    let decades = (longest_ms / SHORTEST_MS).log10().ceil().max(1.0);
    let height = |ms: f64| (ms / SHORTEST_MS).max(1.0).log10() / decades;
    let all: Vec<Series> = curves
        .into_iter()
        .map(|(name, curve)| {
            let points = curve.into_iter().map(|(ms, share)| (stretched(share), height(ms))).collect();
            Series { name, points }
        })
        .collect();
    let shares = [0.5, 0.9, 0.99, 0.999, 0.999_9];
    let shares = shares.into_iter().map(|share| (stretched(share), format!("{} %", 100.0 * share))).collect();
    let times = (0..=decades as i32).map(|n| SHORTEST_MS * 10_f64.powi(n));
    let times = times.map(|ms| (height(ms), format!("{ms} ms"))).collect();
    chart(&all, &shares, &times)
}

/// The lower end of the latencies' axis, which is logarithmic.
const SHORTEST_MS: f64 = 0.1;

/// Stretches the upper end, where latencies are interesting: as far from 90 % to 99 % as from 99 % to 99.9 %.
fn stretched(share: f64) -> f64 {
    const NINES: f64 = 4.0;
    (-(1.0 - share).log10() / NINES).clamp(0.0, 1.0)
}

fn even_marks(most: f64, unit: &str) -> Marks {
    const MARKS: u32 = 4;
    let digits = if most < 10.0 { 1 } else { 0 };
    let mark = |n: u32| f64::from(n) / f64::from(MARKS);
    (0..=MARKS).map(|n| (mark(n), format!("{:.digits$}{unit}", most * mark(n)))).collect()
}

fn chart(all: &[Series], x: &Marks, y: &Marks) -> String {
    let at_x = |value: f64| LEFT + (WIDTH - LEFT - RIGHT) * value.clamp(0.0, 1.0);
    let at_y = |value: f64| HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value.clamp(0.0, 1.0);
    let (mut legend, mut svg) =
        ("<ul>".to_owned(), format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">"));
    // Writing to a String cannot fail.
    for (value, label) in x {
        let (x, y) = (at_x(*value), HEIGHT - TOP);
        let _infallible =
            write!(svg, "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"middle\">{label}</text>");
    }
    for (value, label) in y {
        let (y, end, text_x) = (at_y(*value), WIDTH - RIGHT, LEFT - 6.0);
        let _infallible = write!(
            svg,
            "<path d=\"M{LEFT} {y:.1}H{end}\" stroke=\"#ddd\"/>\
             <text x=\"{text_x}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            y + 4.0
        );
    }
    for (series, colour) in all.iter().zip(COLOURS.iter().cycle()) {
        let points: Vec<String> =
            series.points.iter().map(|&(px, py)| format!("{:.1},{:.1}", at_x(px), at_y(py))).collect();
        let points = points.join(" ");
        let _infallible = write!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" points=\"{points}\"/>"
        );
        let name = escaped(series.name);
        let _infallible = write!(legend, "<li><i style=\"background:{colour}\"></i>{name}</li>");
    }
    format!("{legend}</ul>{svg}</svg>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hostile_name_stays_text() {
        assert_eq!(escaped("<script>\"&"), "&lt;script&gt;&quot;&amp;");
    }

    #[test]
    fn the_upper_end_is_stretched_evenly() {
        let distance = |from, to| stretched(to) - stretched(from);
        assert!((distance(0.9, 0.99) - distance(0.99, 0.999)).abs() < 1e-9);
        assert!(stretched(1.0) <= 1.0 && stretched(0.0) >= 0.0);
    }
}
