// @ts-check
/**
 * The conversation as far as it is known here: its messages in the order of `seq`, and what follows from them. Knows nothing
 * of the page. Whatever is asked after each message costs the same for the tenth and the thousandth.
 *
 * @typedef {import('./transport.js').Message} Message
 * @typedef {{message: Message, newer: Message | null}} Entry  a message, and what it was edited to or taken back by
 */

const STARS = /^rate(\b|[:_])/;

/** @param {string} value Whether a choice is a rating, not an answer. */
export const isRating = (value) => STARS.test(String(value));

export class Conversation {
  /** @type {Entry[]} */ entries = [];
  /** Those that are not shown as they are now. @type {Set<Entry>} */ touched = new Set();
  /** How often the customer spoke. */ turns = 0;
  /** The last seq, also of what is no entry of its own. */ last = 0;
  /** Up to here somebody or something on the other side has read it. */ readSeq = 0;
  /** Cards that can be chosen from: since the customer last spoke. @type {Entry[]} */ decks = [];
  #customer = 0; // their last message
  #agent = 0; // the last one of an agent
  #asked = 0; // the last that offers a rating

  /** Takes a message in at its place; a second telling replaces the first. @param {Message} message */
  adopt(message) {
    const { seq, author: { kind } } = message;
    this.last = Math.max(this.last, seq);
    if (message.replaces) {
      const entry = this.entry(message.replaces);
      if (entry) {
        entry.newer = message;
        this.touched.add(entry);
      }
      return;
    }
    const index = this.indexOf(seq);
    const known = this.entries[index];
    if (known?.message.seq === seq) {
      known.message = message;
      this.touched.add(known);
      return;
    }
    /** @type {Entry} */ const entry = { message, newer: null };
    this.entries.splice(index, 0, entry);
    for (const one of [this.entries[index - 1], entry, this.entries[index + 1]]) if (one) this.touched.add(one);
    if (kind === 'customer') {
      this.turns += 1;
      this.#customer = Math.max(this.#customer, seq);
      for (const deck of this.decks) this.touched.add(deck);
      this.decks = this.decks.filter((deck) => deck.message.seq > seq);
    } else {
      this.read(message.reply_to);
      if (message.cards?.length && seq > this.#customer) this.decks.push(entry);
      if (kind === 'agent') this.#agent = Math.max(this.#agent, seq);
      if (message.choices?.some((choice) => isRating(choice.value))) this.#asked = Math.max(this.#asked, seq);
    }
  }

  /** @param {number | null | undefined} seq */
  read(seq) {
    this.readSeq = Math.max(this.readSeq, seq || 0);
  }

  /** Where a message is, or would be. @param {number} seq */
  indexOf(seq) {
    let low = 0;
    let high = this.entries.length;
    if (high && this.entries[high - 1].message.seq < seq) return high; // nearly always
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.entries[middle].message.seq < seq) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @param {number} seq */
  entry(seq) {
    const entry = this.entries[this.indexOf(seq)];
    return entry?.message.seq === seq ? entry : null;
  }

  /** The customer's last message. */
  get said() {
    return this.entry(this.#customer);
  }

  /** What can be answered by pressing or filling in: the last word, if it is not the customer's. */
  get open() {
    const last = this.entries[this.entries.length - 1];
    return last && last.message.author.kind !== 'customer' && !last.newer ? last : null;
  }

  /** @param {number} seq  read up to here */
  unread(seq) {
    let count = 0;
    for (let index = this.entries.length - 1; index >= 0 && this.entries[index].message.seq > seq; index -= 1) {
      if (this.entries[index].message.author.kind !== 'customer') count += 1;
    }
    return count;
  }

  /** Whether a rating is due: the system asks for one, or an agent's service has ended. @param {number} rated  up to here @param {boolean} ended */
  rates(rated, ended) {
    return (this.#asked > rated && this.#asked > this.#customer) || (ended && this.#agent > rated);
  }
}
