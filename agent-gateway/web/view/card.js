// The card: who is calling and what the departments know, each section with its source, its age and its status.

import { fill, h, icon, ICONS, key, outsider, say, show } from "../lib/dom.js";
import { ago, calendarDate, t, tCode } from "../lib/i18n.js";
import { isStanding, standing, suggestions, suggestionsOf } from "./advice.js";
import { facts, WIDE } from "./facts.js";
import { whoCalls } from "./caller.js";

/** Sections in this order; others follow by name. */
const ORDER = ["profile", "value", "balance", "credit_terms", "cases", "orders", "likely_next", "fits_with", "history", "notes", "consent"];

/** @param {any} desk */
export function cardPanel(desk) {
  const [title, badge, about] = [h("h2.name"), h("span.badge"), h("p.about")];
  const candidates = h("ol.candidates", { "aria-label": t("card.candidates") });
  const sections = h("div.sections");
  const waiting = h("p.waiting", {}, t("card.waiting"));
  const element = h("section.panel.card", { "aria-label": t("card.title") },
    h("header.card-head", {}, h("div.line", {}, title, badge), about), candidates, waiting, sections);

  function update(contact, now) {
    show(element, Boolean(contact));
    if (!contact) return;
    const pop = desk.model.pops.get(contact.id);
    const kind = pop?.match.kind ?? "looking";
    element.dataset.match = kind;
    const who = kind === "one" ? whoCalls(contact, pop) : t(`card.who.${kind}`);
    fill(title, who, () => [outsider(who)]);
    say(badge, t(`match.${kind}`));
    show(waiting, !pop);
    aboutLine(about, pop);
    choose(desk, candidates, pop);
    fill(sections, `${pop?.pop_id} ${pop?.rev}`, () => (pop ? drawn(pop) : []));
    for (const age of sections.querySelectorAll(".age")) say(age, ago(now - Date.parse(age.dateTime)));
  }
  return { element, update };
}

/** All sections, save those that are empty only because it is not known who is calling. */
function drawn(pop) {
  const known = pop.match.kind === "one";
  const names = Object.keys(pop.sections).sort(byRank);
  const worth = names.filter((name) => known || !["empty", "denied"].includes(pop.sections[name].status));
  return worth.map((name) => section(name, pop.sections[name], pop.match));
}

function byRank(a, b) {
  const rank = (name) => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return rank(a) - rank(b) || a.localeCompare(b);
}

/** What is known of the one, or what to ask when it is not clear. */
function aboutLine(about, pop) {
  fill(about, JSON.stringify(pop?.match ?? null), () => {
    if (!pop) return [];
    const one = pop.match.kind === "one" ? pop.match.candidates[0] : null;
    if (!one) return [document.createTextNode(t(`card.ask.${pop.match.kind}`))];
    const sure = pop.match.confidence < 0.75 ? t("card.unsure") : "";
    const last = one.last_contact_at ? t("card.last_contact", { date: dateOr(one.last_contact_at) }) : "";
    const id = one.source ? `${tCode("source", one.source)} ${one.customer_id}` : one.customer_id;
    return [outsider(id), ...[last, sure].filter(Boolean).map((words) => h("span", {}, words))];
  });
}

function dateOr(text) {
  return Number.isNaN(Date.parse(text)) ? text : calendarDate(text);
}

/** Several customers: she asks, and chooses. */
function choose(desk, list, pop) {
  const several = pop && ["many", "household"].includes(pop.match.kind) ? pop.match.candidates : [];
  show(list, several.length > 0);
  fill(list, several.length ? `${pop.pop_id} ${JSON.stringify(several)}` : "", () => several.map((one, n) => candidate(desk, pop, one, n)));
  for (const button of list.querySelectorAll("button")) button.disabled = !desk.online || desk.busy.has("pop.select");
}

function candidate(desk, pop, one, n) {
  const select = () => desk.ask("pop.select", { pop_id: pop.pop_id, customer_id: one.customer_id, source: one.source || undefined });
  const last = one.last_contact_at ? t("card.last_contact", { date: dateOr(one.last_contact_at) }) : "";
  return h("li", {}, h("button.candidate", { type: "button", "data-digit": n < 9 ? n + 1 : null, on: { click: select } },
    icon(ICONS.person),
    h("span.candidate-text", {}, outsider(one.display_name), h("span.hint", {}, outsider([...reasons(one.why), last].filter(Boolean).join(" · ")))),
    n < 9 && key(String(n + 1))));
}

/** Why it may be her; the departments that know the number are named together. */
function reasons(why) {
  const known = why.map((reason) => /^number known to (\S+)$/.exec(reason)?.[1]);
  const sources = known.filter(Boolean).map((source) => tCode("source", source ?? ""));
  const others = why.filter((_, n) => !known[n]).slice(0, 2);
  return [...(sources.length ? [t("card.known_to", { sources: sources.join(", ") })] : []), ...others];
}

function section(name, one, match) {
  const wide = WIDE.has(name) || Boolean(one.data?.rows);
  const lacks = !["fresh", "stale", "pending"].includes(one.status);
  const source = one.source ? h("span", {}, tCode("source", one.source)) : null;
  const age = one.as_of && ["fresh", "stale"].includes(one.status) ? h("time.age", { datetime: one.as_of }) : null;
  const stale = one.status === "stale" ? h("span.badge.is-stale", {}, t("status.stale")) : null;
  return h(`article.section${wide ? ".is-wide" : ""}${lacks ? ".is-lack" : ""}`, { "data-status": one.status },
    h("header", {}, h("h3", {}, tCode("section", name)), stale, h("p.meta", {}, source, age)),
    body(name, one, match));
}

function body(name, one, match) {
  switch (one.status) {
    case "fresh":
    case "stale":
      return advice(one.data) ?? facts(name, one.data, match.candidates[0]?.display_name);
    case "pending":
      return h("div.pending", {}, h("span.unseen", {}, t("status.pending")), h("span.bone"), h("span.bone"));
    default:
      return h("p.lack", {}, icon(LACK[one.status] ?? ICONS.warning), h("span", {}, t(`status.${one.status}`)));
  }
}

/** What the server has worked out, and no department's rows. */
function advice(data) {
  const rows = suggestionsOf(data);
  if (rows) return suggestions(rows);
  return isStanding(data) ? standing(data) : null;
}

const LACK = { timeout: ICONS.clock, error: ICONS.warning, denied: ICONS.lock, empty: ICONS.nothing };
