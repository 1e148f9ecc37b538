// @ts-check
import { bubble, lineOf, lineOfItem, together } from './bubble.js';
import { arrange, h } from './dom.js';
import { dayOf, now } from './time.js';

/**
 * The list of bubbles: grouped by author and day, changed in place so that a screen reader hears only what is new.
 *
 * Only the end of a long conversation is in the page; whoever scrolls up gets more of it, and whoever returns to the end
 * leaves it behind. A draw looks at what changed and at nothing else.
 *
 * @typedef {import('./bubble.js').Line} Line
 * @typedef {import('./conversation.js').Conversation} Conversation
 * @typedef {import('./conversation.js').Entry} Entry
 * @typedef {import('./outbox.js').Item} Item
 * @typedef {import('./words/en.js').Words} Words
 * @typedef {{node: HTMLElement, day: HTMLElement | null, drawn: string}} Row
 */

const PAGE = 60; // what is in the page at first,
const STEP = 30; // and what comes at a time: few enough for one frame

export class Transcript {
  /** @type {Map<string, Row>} */ #rows = new Map();
  /** @type {Conversation | null} */ #conversation = null;
  /** @type {Item[]} */ #pending = [];
  #start = -1; // the first seq that is in the page
  #base = ''; // what all rows were drawn with
  /** @type {(Entry | null)[]} */ #special = []; // the ones with marks and choices

  /**
   * @param {HTMLElement} list
   * @param {import('./files.js').Files} files
   * @param {import('./forms.js').Forms} forms
   * @param {import('./bubble.js').Act} act
   */
  constructor(list, files, forms, act) {
    this.list = list;
    this.files = files;
    this.forms = forms;
    this.act = act;
  }

  /** Whether there is more above. */
  get more() {
    return this.#first > 0;
  }

  get #first() {
    return this.#conversation?.indexOf(this.#start) ?? 0;
  }

  /** The acked message keeps the bubble it was typed into. @param {string} id @param {number} seq */
  rename(id, seq) {
    const row = this.#rows.get(`o${id}`);
    if (!row || this.#rows.has(`m${seq}`)) return;
    this.#rows.set(`m${seq}`, row);
    this.#rows.delete(`o${id}`);
    row.drawn = '';
  }

  /**
   * @param {Conversation} conversation
   * @param {Item[]} pending
   * @param {Words} words
   * @param {{online: boolean, faces: {bot: string, agent: string, name: string}}} how
   */
  draw(conversation, pending, words, how) {
    const { entries, touched } = conversation;
    if (conversation !== this.#conversation) this.#clear('m');
    this.#conversation = conversation;
    if (entries.length <= PAGE) this.#start = 0;
    else if (this.#start < 0) this.#start = entries[entries.length - PAGE].message.seq;
    const first = this.#first;

    const base = [words.tag, now().toDateString(), ...Object.values(how.faces)].join('|');
    const decks = pending.length ? [] : conversation.decks;
    const special = [conversation.said, pending.length ? null : conversation.open, entries[entries.length - 1] ?? null, ...decks];
    /** @type {Set<number>} */ const changed = new Set();
    if (base !== this.#base) for (let index = first; index < entries.length; index += 1) changed.add(index);
    else for (const entry of [...touched, ...special, ...this.#special]) if (entry) changed.add(conversation.indexOf(entry.message.seq));
    for (let index = 0; index < pending.length; index += 1) changed.add(entries.length + index);
    touched.clear();
    this.#base = base;
    this.#special = special;

    const keys = new Set(pending.map((item) => `o${item.id}`));
    for (const { id } of this.#pending) if (!keys.has(`o${id}`)) this.#remove(`o${id}`);
    this.#pending = pending;

    const line = (/** @type {number} */ index) => {
      if (index < first) return null;
      if (index < entries.length) return lineOf(entries[index], words);
      return index < entries.length + pending.length ? lineOfItem(pending[index - entries.length], words) : null;
    };
    for (const index of [...changed].filter((one) => one >= first).sort((a, b) => b - a)) { // the one below is in its place by then
      const here = /** @type {Line} */ (line(index));
      const before = line(index - 1);
      const after = line(index + 1);
      const { item, kind } = here;
      const entry = item ? null : entries[index];
      const mark = item ? (item.failed ?? item.held ?? (how.online && item.tried ? 'flying' : 'kept'))
        : entry === special[0] ? (Number(here.message?.seq) <= conversation.readSeq ? 'read' : 'sent') : '';
      this.#draw(here, before, after, words, {
        mark, first: !before || !together(before, here), last: !after || !together(here, after), open: entry !== null && entry === special[1], picks: entry !== null && decks.includes(entry),
        face: kind === 'bot' ? how.faces.bot : kind === 'agent' && here.name === how.faces.name ? how.faces.agent : '',
      });
    }
  }

  /** Puts more of it above. @param {Words} words @param {Parameters<Transcript['draw']>[3]} how */
  earlier(words, how) {
    const conversation = this.#conversation;
    const first = this.#first;
    if (!conversation || !first) return;
    const from = Math.max(0, first - STEP);
    for (const entry of conversation.entries.slice(from, first + 1)) conversation.touched.add(entry);
    this.#start = conversation.entries[from].message.seq;
    this.draw(conversation, this.#pending, words, how);
  }

  /** Leaves behind what is far above. */
  trim() {
    const entries = this.#conversation?.entries ?? [];
    if (this.#rows.size < 2 * PAGE + this.#pending.length) return;
    const from = entries.length - PAGE;
    for (const { message } of entries.slice(this.#first, from)) this.#remove(`m${message.seq}`);
    this.#start = entries[from].message.seq;
    this.#conversation?.touched.add(entries[from]);
  }

  /** @param {Line} line @param {Line | null} before @param {Line | null} after @param {Words} words @param {import('./bubble.js').How} how */
  #draw(line, before, after, words, how) {
    const date = Number.isNaN(+line.at) ? '' : line.at.toDateString();
    const dated = date && before?.at.toDateString() !== date;
    const drawn = [this.#base, how.first, how.last, how.open, how.picks, how.mark, line.name, line.text, line.gone, line.files.length, how.last && +line.at, dated].join('|');
    let row = this.#rows.get(line.key);
    if (row?.drawn !== drawn) {
      const made = bubble(line, how, words, this.files, this.forms, this.act);
      if (row) this.#renew(row.node, made);
      else this.#rows.set(line.key, row = { node: made, day: null, drawn });
      row.drawn = drawn;
      row.day?.remove();
      row.day = dated ? h('div', { class: 'day' }, h('span', {}, dayOf(line.at, words))) : null;
    }
    const below = after && this.#rows.get(after.key);
    const next = below ? below.day ?? below.node : null;
    if (row.node.parentNode !== this.list || row.node.nextSibling !== next) this.list.insertBefore(row.node, next);
    if (row.day && row.node.previousSibling !== row.day) row.node.before(row.day);
  }

  /** Same element, new inside: it is not announced as something new. @param {HTMLElement} old @param {HTMLElement} made */
  #renew(old, made) {
    const focus = () => old.contains(/** @type {ShadowRoot} */ (old.getRootNode()).activeElement);
    const focused = focus();
    const parts = [...old.children];
    old.className = made.className;
    arrange(old, [...made.children].map((part) => parts.find((one) => one.isEqualNode(part)) ?? part));
    if (focused && !focus()) this.list.focus();
  }

  /** @param {string} key */
  #remove(key) {
    const row = this.#rows.get(key);
    row?.node.remove();
    row?.day?.remove();
    this.#rows.delete(key);
  }

  forget() {
    this.#clear('');
  }

  /** @param {string} kind  of row: `m` what was said; all without */
  #clear(kind) {
    for (const key of [...this.#rows.keys()]) if (key.startsWith(kind)) this.#remove(key);
    this.#start = -1;
    this.#base = '';
    this.#special = [];
  }
}
