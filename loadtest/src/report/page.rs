//! The report as one HTML page with SVG charts; no script, nothing from elsewhere.

use super::{Report, table};
use std::fmt::Write;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 240.0;
/// Room for the labels of the axes.
const MARGIN: f64 = 56.0;
const COLOURS: [&str; 6] = ["#1b6ca8", "#2a9d5c", "#c05621", "#7a4fa3", "#b83263", "#6b7280"];

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;max-width:56rem;margin:2rem auto;padding:0 1rem;\
    color:#1a1a1a;background:#fff}pre{background:#f4f4f4;padding:1rem;overflow-x:auto}\
    svg{width:100%;height:auto}text{font-size:12px;fill:#444}h1{font-size:1.5rem}h2{font-size:1.1rem}";

/// A line of a chart.
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
}

/// An axis: its range, and where its marks stand.
struct Axis {
    most: f64,
    marks: Vec<(f64, String)>,
}

pub(super) fn write(report: &Report) -> String {
    let name = if report.scenario.name.is_empty() { "loadtest" } else { &report.scenario.name };
    let name = escaped(name);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{name}</title>\
         <style>{STYLE}</style></head><body><h1>{name}</h1>\n\
         <h2>Calls per second</h2>\n{}\n<h2>Latencies by percentile, ms</h2>\n{}\n\
         <h2>Figures</h2>\n<pre>{}</pre></body></html>\n",
        timeline(report),
        percentiles(report),
        escaped(&report.to_string()),
    )
}

fn timeline(report: &Report) -> String {
    let timeline = &report.figures.timeline;
    let per_s = |count: u64| count as f64 / timeline.slice_s as f64;
    let series = |name: &str, count: fn(&crate::Slice) -> u64| Series {
        name: name.to_owned(),
        points: timeline
            .slices
            .iter()
            .enumerate()
            .map(|(index, slice)| ((index as u64 * timeline.slice_s) as f64, per_s(count(slice))))
            .collect(),
    };
    let all = [
        series("placed", |slice| slice.placed),
        series("connected", |slice| slice.connected),
        series("ended", |slice| slice.ended),
    ];
    let seconds = timeline.length().as_secs_f64().max(1.0);
    chart(&all, &even_axis(seconds, "s"), &even_axis(highest(&all), ""))
}

fn percentiles(report: &Report) -> String {
    let all: Vec<Series> = table::named(&report.figures)
        .into_iter()
        .filter(|(_name, latency)| latency.count() > 0)
        .map(|(name, latency)| Series {
            name: name.to_owned(),
            points: latency.curve().into_iter().map(|(ms, share)| (nines(share), ms)).collect(),
        })
        .collect();
    let marks = [0.5, 0.9, 0.99, 0.999, 0.9999];
    let marks = marks.into_iter().map(|share| (nines(share), format!("{} %", 100.0 * share))).collect();
    chart(&all, &Axis { most: nines(0.999_9), marks }, &even_axis(highest(&all), "ms"))
}

/// Stretches the upper end, where latencies are interesting: 0.9 → 1, 0.99 → 2.
fn nines(share: f64) -> f64 {
    -(1.0 - share.min(0.999_9)).log10()
}

fn highest(all: &[Series]) -> f64 {
    all.iter().flat_map(|series| &series.points).map(|point| point.1).fold(1.0, f64::max)
}

fn even_axis(most: f64, unit: &str) -> Axis {
    const MARKS: u32 = 4;
    let digits = if most < 10.0 { 1 } else { 0 };
    let mark = |n: u32| most * f64::from(n) / f64::from(MARKS);
    Axis { most, marks: (0..=MARKS).map(|n| (mark(n), format!("{:.digits$} {unit}", mark(n)))).collect() }
}

fn chart(all: &[Series], x: &Axis, y: &Axis) -> String {
    let at_x = |value: f64| MARGIN + (WIDTH - 2.0 * MARGIN) * (value / x.most).clamp(0.0, 1.0);
    let at_y = |value: f64| HEIGHT - 30.0 - (HEIGHT - 60.0) * (value / y.most).clamp(0.0, 1.0);
    let mut svg = format!("<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\">");
    // Writing to a String cannot fail.
    for (value, label) in &x.marks {
        let x = at_x(*value);
        let _infallible = write!(
            svg,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{label}</text>",
            HEIGHT - 12.0
        );
    }
    for (value, label) in &y.marks {
        let (y, end) = (at_y(*value), WIDTH - MARGIN);
        let _infallible = write!(
            svg,
            "<path d=\"M{MARGIN} {y:.1}H{end}\" stroke=\"#ddd\"/><text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
            MARGIN - 6.0,
            y + 4.0
        );
    }
    for (index, series) in all.iter().enumerate() {
        let colour = COLOURS[index % COLOURS.len()];
        let points: Vec<String> =
            series.points.iter().map(|&(px, py)| format!("{:.1},{:.1}", at_x(px), at_y(py))).collect();
        let (left, name) = (MARGIN + 8.0 + 140.0 * index as f64, escaped(&series.name));
        let _infallible = write!(
            svg,
            "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"1.6\" points=\"{}\"/>\
             <text x=\"{left:.1}\" y=\"16\" style=\"fill:{colour}\">{name}</text>",
            points.join(" ")
        );
    }
    svg.push_str("</svg>");
    svg
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
    fn nines_are_spread_evenly() {
        assert!((nines(0.9) - 1.0).abs() < 1e-9 && (nines(0.99) - 2.0).abs() < 1e-9);
        assert!(nines(1.0).is_finite());
    }
}
