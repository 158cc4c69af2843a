// Words for who is calling.

import { t } from "../lib/i18n.js";

/**
 * The best name there is: the customer's if it is clear, else the number, else what is missing.
 * @param {any} contact
 * @param {any} pop
 */
export function whoCalls(contact, pop) {
  const calling = contact.offered.calling;
  if (pop?.match.kind === "one" && pop.match.candidates[0]) return pop.match.candidates[0].display_name;
  if (calling.privacy === "withheld") return t("caller.withheld");
  return number(calling) || calling.display || t("caller.unknown");
}

/**
 * The number as people write it.
 * @param {any} calling
 */
export function number(calling) {
  if (!calling.e164) return bare(calling.raw ?? "");
  const parts = /^(\+62)(\d{2,3})(\d{3,4})(\d{3,5})$/.exec(calling.e164);
  return parts ? parts.slice(1).join(" ") : calling.e164;
}

/** The user part of an address; what is no address is shown as it is. */
function bare(raw) {
  const user = /^(?:sips?|tel):([^@;?]+)/i.exec(raw)?.[1];
  return user ?? raw;
}
