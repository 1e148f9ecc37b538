// @ts-check
/**
 * Times by the server's clock, since a visitor's own may be off by a day; shown in the visitor's zone and language.
 *
 * @typedef {import('./words/en.js').Words} Words
 */

let ahead = 0; // ms, of the server

export const now = () => new Date(Date.now() + ahead);

/** @param {string | undefined} at  the server's now */
export function setNow(at) {
  const time = Date.parse(at ?? '');
  if (time) ahead = time - Date.now();
}

/** @param {Date} date @param {Words} words */
export const timeOf = (date, words) => format(date, words, { timeStyle: 'short' });

/** @param {Date} date @param {Words} words */
export function dayOf(date, words) {
  const today = now();
  const before = new Date(today.getFullYear(), today.getMonth(), today.getDate() - 1);
  if (date.toDateString() === today.toDateString()) return words.today;
  if (date.toDateString() === before.toDateString()) return words.yesterday;
  return format(date, words, { weekday: 'short', month: 'long', day: 'numeric', year: date.getFullYear() === today.getFullYear() ? undefined : 'numeric' });
}

/** @param {Date} date @param {Words} words */
export const momentOf = (date, words) => format(date, words, { dateStyle: 'medium', timeStyle: 'short' });

const LONG = 5400; // s; who waits longer wants to know until when
const EXACT = 600e3; // ms, as exact as a promise for tomorrow can be

/** @param {number} seconds @param {Words} words */
export function waitOf(seconds, words) {
  if (seconds < LONG) return words.wait(seconds / 60);
  const then = new Date(Math.ceil((+now() + seconds * 1000) / EXACT) * EXACT);
  return words.answer(dayOf(then, words) === words.today ? timeOf(then, words)
    : format(then, words, { weekday: 'short', month: 'long', day: 'numeric', hour: 'numeric', minute: '2-digit' }));
}

/** @type {Map<string, Intl.DateTimeFormat>} */ const formats = new Map(); // to make one takes longer than to draw a bubble

/** @param {Date} date @param {Words} words @param {Intl.DateTimeFormatOptions} how */
function format(date, words, how) {
  if (Number.isNaN(+date)) return '';
  const key = words.tag + Object.values(how);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(words.tag, how));
  return formats.get(key)?.format(date) ?? '';
}
