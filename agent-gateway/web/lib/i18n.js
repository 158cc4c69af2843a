// Words: English and Indonesian catalogues, numbers and dates as people write them.

const LANGUAGES = ["en", "id"];
/** @type {Record<string, Record<string, string>>} */
const catalogues = {};
let language = "en";

/** Loads both catalogues and takes the person's language. */
export async function loadWords() {
  await Promise.all(
    LANGUAGES.map(async (name) => {
      catalogues[name] = await (await fetch(`/web/i18n/${name}.json`)).json();
    }),
  );
  const wanted = localStorage.getItem("language") ?? navigator.language.slice(0, 2);
  useLanguage(LANGUAGES.includes(wanted) ? wanted : "en");
}

/** @param {string} name */
export function useLanguage(name) {
  language = name;
  document.documentElement.lang = name;
}

export function currentLanguage() {
  return language;
}

/**
 * The words for a key, with blanks filled.
 * @param {string} key
 * @param {Record<string, string | number>} [blanks]
 */
export function t(key, blanks = {}) {
  const words = catalogues[language]?.[key] ?? catalogues.en?.[key] ?? key;
  return words.replace(/\{(\w+)\}/g, (_, name) => String(blanks[name] ?? ""));
}

/**
 * The words for a code from the server; a code that is in no catalogue is made readable.
 * @param {string} family
 * @param {string} code
 */
export function tCode(family, code) {
  const key = `${family}.${code}`;
  return catalogues[language]?.[key] ?? catalogues.en?.[key] ?? readable(code);
}

/**
 * Words for an error of a command.
 * @param {{code: string, message: string}} fault
 */
export function tFault(fault) {
  const key = `error.${fault.code}`;
  return catalogues[language]?.[key] ?? catalogues.en?.[key] ?? (fault.message || readable(fault.code));
}

/** @param {string} code */
export function readable(code) {
  const words = code.replace(/[_-]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * 4:05 or 1:02:09.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60].map((part) => String(part).padStart(2, "0"));
  const hours = Math.floor(seconds / 3600);
  return hours ? `${hours}:${parts.join(":")}` : `${Number(parts[0])}:${parts[1]}`;
}

/**
 * How long ago, in a few words.
 * @param {number} ms
 */
export function ago(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 5) return t("age.now");
  const format = new Intl.RelativeTimeFormat(language, { style: "narrow" });
  if (seconds < 60) return format.format(-seconds, "second");
  if (seconds < 3600) return format.format(-Math.floor(seconds / 60), "minute");
  if (seconds < 86_400) return format.format(-Math.floor(seconds / 3600), "hour");
  return format.format(-Math.floor(seconds / 86_400), "day");
}

/** @param {string | number} at */
export function clockTime(at) {
  return new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit" }).format(new Date(at));
}

/** @param {string} iso */
export function calendarDate(iso) {
  const withTime = iso.length > 10;
  const options = /** @type {Intl.DateTimeFormatOptions} */ ({
    day: "numeric",
    month: "short",
    year: "numeric",
    ...(withTime ? { hour: "2-digit", minute: "2-digit" } : { timeZone: "UTC" }),
  });
  return new Intl.DateTimeFormat(language, options).format(new Date(iso));
}

/**
 * @param {number} amount
 * @param {string} [currency]
 */
export function amountOf(amount, currency) {
  const whole = Number.isInteger(amount);
  const options = currency ? { style: "currency", currency, currencyDisplay: "narrowSymbol", ...(whole ? { maximumFractionDigits: 0 } : {}) } : {};
  try {
    return new Intl.NumberFormat(language, /** @type {any} */ (options)).format(amount);
  } catch {
    return `${currency} ${amount}`; // not a currency after all
  }
}
