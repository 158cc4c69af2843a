// Rows from a department's database as people read them. Names of columns are free: what is known by name is shown
// accordingly, the rest as it is.

import { h, outsider } from "../lib/dom.js";
import { amountOf, calendarDate, currentLanguage, t, tCode } from "../lib/i18n.js";

/** Sections that are lists by nature, also with one row. */
export const WIDE = new Set(["orders", "cases", "history"]);
/** Columns of a table that are shown; a card is no report. */
const MOST_COLUMNS = 7;
const MONEY = /(^|_)(amount|balance|limit|total|price|value|sum|paid|debt)($|_)/;
const FLAG = /^(is_|has_)|^(overdue|active|blocked|vip|paid)$/;
const PLAIN = /(^|_)(id|no|number|account|year|code|phone)$/;
const PILL = /^(status|segment|rating|class|tier)$/;
const DATE = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?)?$/;

/**
 * One row as a list, more as a table. A name that stands above the card already is not said again.
 * @param {string} section
 * @param {any} data
 * @param {string} [who]
 */
export function facts(section, data, who) {
  if (Array.isArray(data?.rows)) return table(section, data.rows);
  if (WIDE.has(section)) return table(section, [data ?? {}]);
  return list(data ?? {}, who);
}

function list(row, who) {
  const names = shown(row).filter((name) => !(name === "name" && row.name === who));
  const big = names.find((name) => name === "amount" || name === "balance");
  return h("div.row", {},
    big && h("p.headline", { "data-tone": row.overdue ? "bad" : null }, value(big, row[big], row)),
    h("dl", {}, ...names.filter((name) => name !== big).map((name) =>
      h("div", {}, h("dt", {}, tCode("field", name)), h("dd", {}, value(name, row[name], row))))));
}

function table(section, rows) {
  const names = [...new Set(rows.flatMap(shown))].slice(0, MOST_COLUMNS);
  const isNumber = (name) => rows.every((row) => row[name] === undefined || typeof row[name] === "number");
  const head = names.map((name) => h("th", { scope: "col", "data-number": isNumber(name) }, tCode("field", name)));
  const line = (row) => h("tr", {}, ...names.map((name) => h("td", { "data-number": isNumber(name) }, value(name, row[name], row))));
  return h("div.scroll", { tabindex: "0", role: "region", "aria-label": tCode("section", section) },
    h("table", {}, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...rows.map(line))));
}

/** A currency is shown with its amount. */
function shown(row) {
  const hasMoney = Object.keys(row).some((name) => MONEY.test(name));
  return Object.keys(row).filter((name) => !(name === "currency" && hasMoney));
}

function value(name, raw, row) {
  if (raw === undefined || raw === null || raw === "") return h("span.none", {}, "–");
  if (typeof raw === "boolean" || (FLAG.test(name) && (raw === 0 || raw === 1))) return flag(name, Boolean(raw));
  if (typeof raw === "number") return figure(name, raw, row);
  if (typeof raw !== "string") return outsider(JSON.stringify(raw));
  if (name === "language") return languageName(raw);
  if (PILL.test(name)) return h("span.pill", { "data-value": raw }, outsider(tCode("value", raw)));
  return DATE.test(raw) ? h("time", { datetime: raw }, calendarDate(raw)) : outsider(raw);
}

function flag(name, yes) {
  const bad = yes && ["overdue", "blocked"].includes(name);
  return h(bad ? "span.pill.is-bad" : "span", {}, t(yes ? "value.yes" : "value.no"));
}

function figure(name, raw, row) {
  if (PLAIN.test(name)) return String(raw);
  const currency = MONEY.test(name) && typeof row.currency === "string" ? row.currency : undefined;
  return h("span.figure", {}, amountOf(raw, currency));
}

function languageName(code) {
  try {
    return new Intl.DisplayNames(currentLanguage(), { type: "language" }).of(code) ?? code;
  } catch {
    return outsider(code); // no language tag after all
  }
}
