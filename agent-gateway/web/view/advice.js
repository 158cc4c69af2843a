// What to offer the caller, and what they are worth. The server sends facts for reasons; here they become words.

import { h, outsider } from "../lib/dom.js";
import { amountOf, calendarDate, t, tCode } from "../lib/i18n.js";

/**
 * The rows of a list of suggestions, or null if the section is somebody else's of the same name.
 * @param {any} data
 */
export function suggestionsOf(data) {
  const rows = data?.rows;
  return Array.isArray(rows) && rows.every((row) => Array.isArray(row.reasons)) ? rows : null;
}

/** @param {any[]} rows */
export function suggestions(rows) {
  const line = (one) => h("li", {}, h("strong", {}, outsider(one.name || one.item_id)),
    h("span.hint", {}, outsider(one.reasons.map(reason).join(" · "))));
  return h("ol.advice", {}, ...rows.map(line));
}

/** @param {any} of */
function reason(of) {
  switch (of.kind) {
    case "bought":
      return t(of.times === 1 ? "advice.bought_once" : "advice.bought", { times: of.times, date: calendarDate(of.last) });
    case "goes_with":
      return t("advice.goes_with", { item: of.name || of.item_id, customers: amountOf(of.customers) });
    case "selling":
      return t("advice.selling", { place: amountOf(of.place) });
    case "popular":
      return t("advice.popular", { customers: amountOf(of.customers) });
    default:
      return tCode("advice", of.kind);
  }
}

/**
 * Whether a section is the standing that the server has worked out.
 * @param {any} data
 */
export function isStanding(data) {
  return Array.isArray(data?.drivers) && typeof data.class === "string";
}

/** @param {any} data */
export function standing(data) {
  const driver = (of) => h("div", {}, h("dt", {}, t(`advice.${of.kind}`)),
    h("dd", {}, `${measure(of)} `, h("span.hint", {}, t("advice.points", { points: of.points }))));
  return h("div.row", {},
    h("p", {}, h("span.pill", { "data-value": data.class }, tCode("value", data.class))),
    h("dl", {}, ...data.drivers.map(driver),
      h("div", {}, h("dt", {}, t("advice.value")), h("dd", {}, money(data.value_cents))),
      data.cost_to_serve_cents ? h("div", {}, h("dt", {}, t("advice.cost_to_serve")), h("dd", {}, money(data.cost_to_serve_cents))) : null));
}

function measure(of) {
  switch (of.kind) {
    case "recency":
      if (of.days === undefined || of.days === null) return t("advice.never");
      return t(of.by_phone ? "advice.days_since_call" : "advice.days_since_order", { days: amountOf(of.days) });
    case "frequency":
      return amountOf(of.orders);
    default:
      return money(of.cents);
  }
}

/** @param {number} cents */
function money(cents) {
  return amountOf(Math.round(cents / 100));
}
