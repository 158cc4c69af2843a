//! Pairs to look at as a page: no scripts, nothing from elsewhere, every text escaped.

use super::words::{count, escaped, percent};
use duplicates::{
    Cards, Doubt, Found,
    reasons::{self, Explanation, Language, Reason},
};

/// Pairs on one page. Who has looked at so many runs it again: every decision settles others.
const MAX_PAIRS: usize = 500;
const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1f24;background:#fff}\
h1{font-size:1.4rem}h2{font-size:1.05rem;margin:2rem 0 .3rem}table{border-collapse:collapse;width:100%}\
th,td{padding:.2rem .8rem .2rem 0;vertical-align:top;text-align:left;border-bottom:1px solid #e3e6ea}\
td.bits{white-space:nowrap;font-variant-numeric:tabular-nums;text-align:right}td.none{color:#4b5560}code{background:#f1f3f5;padding:.1rem .3rem}\
@media(prefers-color-scheme:dark){body{color:#e6e9ed;background:#14171a}th,td{border-color:#2c3238}td.none{color:#a7b0ba}code{background:#22272c}}";

/// Words of the page.
struct Text {
    code: &'static str,
    title: &'static str,
    card: &'static str,
    together: &'static str,
    apart: &'static str,
    before: &'static str,
    how: &'static str,
    more: &'static str,
}

const ENGLISH: Text = Text {
    code: "en",
    title: "Are these one person’s cards?",
    card: "Card",
    together: "taken for one person’s for now",
    apart: "taken for two people’s for now",
    before: "before anything is compared",
    how: "Decide with <code>sambung duplicates review</code>, or by name with <code>sambung duplicates decide</code>. Every decision can be taken back.",
    more: "more pairs will be on the page of the next run",
};
const INDONESIAN: Text = Text {
    code: "id",
    title: "Apakah kartu-kartu ini milik satu orang?",
    card: "Kartu",
    together: "untuk sementara dianggap satu orang",
    apart: "untuk sementara dianggap dua orang",
    before: "sebelum ada yang dibandingkan",
    how: "Putuskan dengan <code>sambung duplicates review</code>, atau langsung dengan <code>sambung duplicates decide</code>. Setiap keputusan dapat dibatalkan.",
    more: "pasangan lagi akan tampil pada halaman berikutnya",
};

/// The whole page.
pub fn page(cards: &Cards, found: &Found, language: Language) -> String {
    let text = match language {
        Language::English => &ENGLISH,
        Language::Indonesian => &INDONESIAN,
    };
    let pairs: String =
        found.doubts.iter().take(MAX_PAIRS).map(|doubt| pair(cards, found, doubt, language, text)).collect();
    let left = found.doubts.len().saturating_sub(MAX_PAIRS);
    let more = if left > 0 { format!("<p>{} {}.</p>", count(left), text.more) } else { String::new() };
    let Text { code, title, how, .. } = text;
    format!(
        "<!doctype html><html lang=\"{code}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\
         <title>{title}</title><style>{STYLE}</style></head><body><main><h1>{title}</h1><p>{how}</p>{pairs}{more}</main></body></html>\n"
    )
}

fn pair(cards: &Cards, found: &Found, doubt: &Doubt, language: Language, text: &Text) -> String {
    let why = found.explain(cards, doubt.one, doubt.other);
    let [one, other] = [doubt.one, doubt.other].map(|card| escaped(&cards.cards[card as usize].id));
    let stands = if doubt.together { text.together } else { text.apart };
    let rows: String = why.reasons.iter().map(|reason| row(reason, language)).collect();
    format!(
        "<h2>{one} – {other}: {}, {stands}</h2><table><thead><tr><th></th><th>{card} {one}</th><th>{card} {other}</th><th></th><th></th></tr></thead><tbody>{rows}{}</tbody></table>\n",
        percent(doubt.probability),
        prior(&why, language, text),
        card = text.card,
    )
}

fn row(reason: &Reason, language: Language) -> String {
    let name = reasons::name(reason.field, language);
    let [one, other] = reason.values.each_ref().map(|value| escaped(value));
    let class = if reason.level.is_some() { "" } else { " class=\"none\"" };
    let bits = if reason.level.is_some() { format!("{:+.1}", reason.bits) } else { String::new() };
    let said = escaped(reason.said(language));
    format!(
        "<tr><th scope=\"row\">{name}</th><td>{one}</td><td>{other}</td><td{class}>{said}</td><td class=\"bits\">{bits}</td></tr>"
    )
}

fn prior(why: &Explanation, language: Language, text: &Text) -> String {
    let rival = why.rival(language);
    format!(
        "<tr><th scope=\"row\"></th><td></td><td></td><td class=\"none\">{}; {rival}</td><td class=\"bits\">{:+.1}</td></tr>",
        text.before, why.prior
    )
}
