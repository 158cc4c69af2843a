//! The report as a table for a terminal.

use super::Report;
use crate::{Figures, Latency};
use std::fmt::{self, Display, Formatter};

/// Width of the first column.
const LABEL: usize = 34;

impl Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let name = if self.scenario.name.is_empty() { "loadtest" } else { &self.scenario.name };
        writeln!(f, "{name}, seed {}, {:.1} s", self.scenario.seed, self.cost.seconds)?;
        calls(self, f)?;
        latencies(&self.figures, f)?;
        media(&self.figures, f)?;
        desktops(&self.figures, f)?;
        cost(self, f)?;
        failures(&self.figures, f)
    }
}

fn row(f: &mut Formatter<'_>, label: &str, value: impl Display) -> fmt::Result {
    writeln!(f, "  {label:<LABEL$} {value}")
}

fn count(f: &mut Formatter<'_>, label: &str, count: u64) -> fmt::Result {
    if count == 0 { Ok(()) } else { row(f, label, count) }
}

fn calls(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    let figures = &report.figures;
    writeln!(f, "\nCalls")?;
    row(f, "placed", format_args!("{} ({:.1}/s)", figures.placed, report.placed_per_s))?;
    count(f, "held back (too many in progress)", figures.held_back)?;
    let share = report.connected_ratio.map_or_else(String::new, |ratio| format!(", {:.2} %", 100.0 * ratio));
    row(
        f,
        "connected to an agent",
        format_args!("{} ({:.1}/s{share})", figures.connected, report.connected_per_s),
    )?;
    row(f, "completed", figures.completed)?;
    count(f, "abandoned", figures.abandoned)?;
    count(f, "sent away after waiting", figures.sent_away)?;
    for (status, refused) in &figures.refused {
        row(f, &format!("refused with {status}"), refused)?;
    }
    count(f, "cut short by the end of the run", figures.stopped)?;
    row(f, "phones rung, answered", format_args!("{}, {}", figures.offers, figures.picked_up))
}

fn latencies(figures: &Figures, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(
        f,
        "\n{:<width$} {:>9} {:>9} {:>9} {:>9}",
        "Latencies, ms",
        "n",
        "p50",
        "p99",
        "max",
        width = LABEL + 2
    )?;
    for (label, latency) in named(figures) {
        if let (Some(p50), Some(p99), Some(max)) =
            (latency.quantile_ms(0.5), latency.quantile_ms(0.99), latency.max_ms())
        {
            writeln!(f, "  {label:<LABEL$} {:>9} {p50:>9.2} {p99:>9.2} {max:>9.2}", latency.count())?;
        }
    }
    Ok(())
}

/// The latencies of a run with their names.
pub(super) fn named(figures: &Figures) -> [(&'static str, &Latency); 6] {
    [
        ("caller INVITE → agent INVITE", &figures.caller_to_agent),
        ("agent 200 → caller 200", &figures.agent_to_caller),
        ("agent 200 → caller re-INVITE", &figures.agent_to_reinvite),
        ("agent BYE → caller BYE", &figures.hang_up),
        ("caller INVITE → hears an agent", &figures.wait),
        ("offer at desktop → phone rings", &figures.desk_lead),
    ]
}

fn media(figures: &Figures, f: &mut Formatter<'_>) -> fmt::Result {
    let media = &figures.media;
    let (Some(least), Some(mean), Some(most)) =
        (media.min_packets_per_s, media.mean_packets_per_s, media.max_packets_per_s)
    else {
        return Ok(());
    };
    writeln!(f, "\nMusic while waiting")?;
    row(f, "callers who heard it", media.callers)?;
    row(f, "packets per second", format_args!("{mean:.2} ({least:.2} to {most:.2})"))?;
    row(f, "longest silence, ms", media.longest_gap_ms)?;
    count(f, "packets out of order", media.out_of_order)?;
    count(f, "callers who heard nothing", media.deaf)
}

fn desktops(figures: &Figures, f: &mut Formatter<'_>) -> fmt::Result {
    let desktops = &figures.desktops;
    if desktops.signed_in == 0 {
        return Ok(());
    }
    writeln!(f, "\nDesktops")?;
    row(f, "signed in", desktops.signed_in)?;
    row(f, "offers, withdrawn", format_args!("{}, {}", desktops.offers, desktops.withdrawn))?;
    count(f, "offers shown after the phone rang", desktops.offers_after_ring)?;
    row(f, "cards, wrap-ups", format_args!("{}, {}", desktops.pops, desktops.wrapped_up))?;
    count(f, "replaced by a newer session", desktops.replaced)?;
    count(f, "commands refused", desktops.refused_commands)
}

fn cost(report: &Report, f: &mut Formatter<'_>) -> fmt::Result {
    writeln!(f, "\nCost")?;
    if let (Some(cpu_s), Some(per_1000)) = (report.cost.router_cpu_s, report.router_cpu_s_per_1000_calls) {
        row(f, "router, CPU s per 1,000 calls", format_args!("{per_1000:.3} ({cpu_s:.2} s in all)"))?;
    }
    row(f, "generator, CPU s", format_args!("{:.2}", report.cost.generator_cpu_s))?;
    row(f, "machine's time stolen by its host", format_args!("{:.2} %", 100.0 * report.cost.stolen_share))
}

fn failures(figures: &Figures, f: &mut Formatter<'_>) -> fmt::Result {
    if figures.failures.is_empty() {
        return writeln!(f, "\nNothing failed.");
    }
    writeln!(f, "\nFailures")?;
    for (failure, times) in &figures.failures {
        row(f, &failure.to_string(), times)?;
    }
    Ok(())
}
