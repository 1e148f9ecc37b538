// @ts-check
import { arrange, h, icon, linked } from './dom.js';

/**
 * @typedef {import('./transport.js').Message} Message
 * @typedef {import('./outbox.js').Item} Item
 * @typedef {import('./words.js').Words} Words
 * @typedef {{key: string, kind: Message['author']['kind'], name: string, text: string, at: Date, reply: Message | null, item: Item | null}} Entry
 */

/** The list of bubbles: grouped by author and day, changed in place so that a screen reader hears only what is new. */
export class Transcript {
  /** @type {Map<string, HTMLElement>} */ #nodes = new Map();
  /** @type {Map<string, string>} */ #seen = new Map(); // what each node was drawn from

  /**
   * @param {HTMLElement} list
   * @param {{choose(seq: number, value: string, label: string): void, retry(id: string): void, discard(id: string): void}} act
   */
  constructor(list, act) {
    this.list = list;
    this.act = act;
  }

  /** The acked message keeps the bubble it was typed into. @param {string} id @param {number} seq */
  rename(id, seq) {
    const node = this.#nodes.get(`o${id}`);
    if (!node || this.#nodes.has(`m${seq}`)) return;
    this.#nodes.set(`m${seq}`, node);
    this.#nodes.delete(`o${id}`);
    this.#seen.delete(`o${id}`);
  }

  /**
   * @param {Message[]} messages
   * @param {Item[]} pending
   * @param {Words} words
   * @param {{online: boolean, sentSeq: number}} now
   */
  draw(messages, pending, words, now) {
    /** @type {Entry[]} */
    const entries = messages.map((message) => ({
      key: `m${message.seq}`, kind: message.author.kind, name: nameOf(message.author, words), text: message.text,
      at: new Date(message.at), reply: message, item: null,
    }));
    for (const item of pending) {
      entries.push({ key: `o${item.id}`, kind: 'customer', name: words.you, text: item.text, at: new Date(item.at), reply: null, item });
    }
    const lastCustomer = entries.findLastIndex((entry) => entry.kind === 'customer');
    const wanted = /** @type {HTMLElement[]} */ ([]);
    /** @type {Set<string>} */ const days = new Set();
    entries.forEach((entry, index) => {
      const date = entry.at.toDateString();
      if (!days.has(date) && !Number.isNaN(+entry.at)) {
        wanted.push(this.#node(`d${date}`, words.tag + new Date().toDateString(), () => h('div', { class: 'day' }, h('span', {}, dayName(entry.at, words)))));
        days.add(date);
      }
      const before = entries[index - 1];
      const after = entries[index + 1];
      const first = !before || !together(before, entry);
      const last = !after || !together(entry, after);
      const open = index > lastCustomer && index === entries.length - 1;
      const choices = open && entry.reply?.choices?.length ? entry.reply.choices.filter((choice) => !isRating(choice.value)) : [];
      const mark = entry.item ? (entry.item.failed ?? entry.item.held ?? (now.online && entry.item.tried ? 'flying' : 'kept'))
        : entry.kind === 'customer' && index === lastCustomer && entry.reply && entry.reply.seq === now.sentSeq ? 'sent' : '';
      const drawn = [words.tag, first, last, mark, choices.length, entry.name, entry.text, last && +entry.at].join('|');
      wanted.push(this.#node(entry.key, drawn, () => this.#bubble(entry, { first, last, choices, mark }, words)));
    });
    const keep = new Set(wanted);
    for (const [key, node] of this.#nodes) if (!keep.has(node)) { this.#nodes.delete(key); this.#seen.delete(key); }
    arrange(this.list, wanted);
  }

  /** @param {string} key @param {string} drawn @param {() => HTMLElement} make */
  #node(key, drawn, make) {
    const old = this.#nodes.get(key);
    if (old && this.#seen.get(key) === drawn) return old;
    const made = make();
    this.#seen.set(key, drawn);
    if (old) { // same element, new inside: it is not announced as something new
      const focused = old.contains(/** @type {ShadowRoot} */ (old.getRootNode()).activeElement);
      old.className = made.className;
      const parts = [...old.children];
      arrange(old, [...made.children].map((part) => parts.find((one) => one.isEqualNode(part)) ?? part));
      if (focused && !old.contains(/** @type {ShadowRoot} */ (old.getRootNode()).activeElement)) this.list.focus();
      return old;
    }
    this.#nodes.set(key, made);
    return made;
  }

  /**
   * @param {Entry} entry
   * @param {{first: boolean, last: boolean, choices: Array<{label: string, value: string}>, mark: string}} how
   * @param {Words} words
   */
  #bubble(entry, how, words) {
    const { kind, item, reply } = entry;
    const side = kind === 'customer' ? 'mine' : kind === 'system' ? 'notice' : 'theirs';
    const name = kind === 'system' ? null : h('div', { class: how.first && kind !== 'customer' ? 'name' : 'hidden' }, entry.name);
    const bubble = h('div', { class: 'bubble', dir: 'auto' }, ...linked(entry.text));
    const row = h('div', { class: `entry ${side} ${kind} ${how.first ? 'first' : ''} ${how.last ? 'last' : ''} ${item ? 'pending' : ''} ${item?.failed ? 'failed' : ''}` }, name, bubble);
    if (how.choices.length && reply) {
      row.append(h('div', { class: 'choices', role: 'group', 'aria-label': words.choices }, ...how.choices.map((choice) => h('button', {
        type: 'button', class: 'choice', dir: 'auto', onclick: () => this.act.choose(reply.seq, choice.value, choice.label),
      }, choice.label))));
    }
    if (item?.failed) {
      const why = words.failed[/** @type {keyof Words['failed']} */ (item.failed)] ?? words.failed.invalid;
      row.append(h('div', { class: 'meta trouble', role: 'alert' }, icon('alert'), `${words.notSent}${words.tag === 'en' ? '. ' : '：'}${why}`,
        h('button', { type: 'button', class: 'link', onclick: () => this.act.retry(item.id) }, words.retry),
        h('button', { type: 'button', class: 'link', onclick: () => this.act.discard(item.id) }, words.discard)));
    } else if (item) {
      const held = words.held[/** @type {keyof Words['held']} */ (item.held ?? '')];
      row.append(h('div', { class: 'meta' }, held ?? null, icon('clock', words.sending)));
    } else if (how.last && kind !== 'system') {
      row.append(h('div', { class: 'meta' }, h('time', { datetime: safe(entry.at).toISOString() }, clock(entry.at, words)),
        how.mark === 'sent' && icon('check', words.sent)));
    }
    return row;
  }
}

/** @param {string} value The value of a choice. Whether it offers a rating, not an answer. */
export const isRating = (value) => /^rate(\b|[:_])/.test(String(value));

/** @param {Message['author']} author @param {Words} words */
export function nameOf(author, words) {
  return author.kind === 'customer' ? words.you : author.name || words[author.kind] || '';
}

/** @param {Entry} one @param {Entry} next Whether two bubbles are one group. */
function together(one, next) {
  return one.kind === next.kind && one.name === next.name && one.at.toDateString() === next.at.toDateString()
    && Math.abs(+next.at - +one.at) < 300_000 && !one.item?.failed;
}

/** @param {Date} date */
const safe = (date) => (Number.isNaN(+date) ? new Date(0) : date);

/** @param {Date} date @param {Words} words */
function clock(date, words) {
  return Number.isNaN(+date) ? '' : new Intl.DateTimeFormat(words.tag === 'en' ? undefined : words.tag, { hour: words.tag === 'en' ? 'numeric' : '2-digit', minute: '2-digit' }).format(date);
}

/** @param {Date} date @param {Words} words */
function dayName(date, words) {
  const now = new Date();
  const before = new Date(now.getFullYear(), now.getMonth(), now.getDate() - 1);
  if (date.toDateString() === now.toDateString()) return words.today;
  if (date.toDateString() === before.toDateString()) return words.yesterday;
  return new Intl.DateTimeFormat(words.tag, { weekday: 'short', month: 'long', day: 'numeric' }).format(date);
}
