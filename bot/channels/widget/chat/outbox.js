// @ts-check
import { fromJson, toJson, uuid } from './storage.js';
import { now } from './time.js';

/**
 * What the customer sends, until the server has it for certain.
 *
 * A message is written to storage before it is sent and leaves only with its ack. One frame is under way at a time, so the
 * order is kept whatever is refused or lost; after a reconnect the same frame goes again with the same id, and the server
 * recognises it. Behaviour events ride along behind the messages and are kept in memory only.
 *
 * Tabs share the storage, so each of them knows what the others still have to send. A tab sends what was written in it, and
 * after a reconnect, or when the writer seems to be gone, whatever lies there: the same id makes it one message.
 *
 * @typedef {object} Item
 * @property {string} id
 * @property {number} order
 * @property {'message' | 'choose' | 'rate' | 'event' | 'consent' | 'end'} type
 * @property {Record<string, unknown>} fields  of the frame
 * @property {string} text  as shown; '' for what is not
 * @property {import('./files.js').File_[]} [files]  that go with it
 * @property {string} at
 * @property {boolean} tried
 * @property {string | null} failed  by this nack code
 * @property {string | null} held  by this nack code, for a while
 * @property {boolean} [foreign]  another tab's, which sends it
 *
 * @typedef {{id: string, seq: number | null, at: string}} Ack
 * @typedef {{id: string | null, code: string, retry_after_s?: number | null, reason?: string}} Nack
 */

const ACK_TIMEOUT = 15_000;
const ORPHANED = 10_000; // another tab's item that still lies there has lost its tab
const MOST_EVENTS = 100;
const MOST_REFUSALS = 3;
const TRANSIENT = new Set(['rate_limited', 'busy']);

export class Outbox {
  /** @type {Item[]} */ #items = [];
  /** @type {Item[]} */ #events = [];
  /** @type {Item | null} */ #flying = null;
  #online = false;
  #closed = false;
  #refusals = 0;
  #order = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /**
   * @param {import('./storage.js').Storage_} storage
   * @param {(frame: Record<string, unknown>) => void} send
   * @param {{changed(): void, delivered(item: Item, ack: Ack): void, refused(item: Item, nack: Nack): void, stuck(): void}} on
   */
  constructor(storage, send, on) {
    this.storage = storage;
    this.send = send;
    this.on = on;
    for (const key of storage.keys()) this.#adopt(key, storage.get(key));
    storage.watch((key, value) => {
      if (!key.startsWith('out:')) return;
      this.#adopt(key, value, true);
      on.changed();
    });
  }

  /** What is shown as on its way. */
  get pending() {
    return this.#items.filter(isShown);
  }

  /**
   * @param {Item['type']} type
   * @param {Record<string, unknown>} fields
   * @param {string} [text]
   * @param {Item['files']} [files]
   */
  add(type, fields, text = '', files) {
    this.#order = Math.max(Date.now(), this.#order + 1);
    /** @type {Item} */
    const item = { id: uuid(), order: this.#order, type, fields, text, files, at: now().toISOString(), tried: false, failed: null, held: null };
    if (type === 'event') {
      this.#events.push(item);
      if (this.#events.length > MOST_EVENTS) this.#events.shift();
    } else {
      this.#keep(item);
      this.#items.push(item);
      this.on.changed();
    }
    this.#next();
  }

  /** Holds everything back until it is opened again, but for the consent that opens it. @param {boolean} closed */
  close(closed) {
    this.#closed = closed;
    this.#next();
  }

  /** @param {boolean} online */
  setOnline(online) {
    this.#online = online;
    this.#flying = null;
    clearTimeout(this.#timer);
    if (!online) return;
    for (const item of this.#items) item.foreign = false;
    this.#next();
  }

  /** The server has it: it said so, or showed it among the messages. @param {Ack} ack */
  ack(ack) {
    const item = this.#take(ack.id);
    if (item) {
      this.#refusals = 0;
      this.on.delivered(item, ack);
    }
    this.#landed(ack.id);
  }

  /** @param {Nack} nack */
  nack(nack) {
    const item = this.#flying;
    if (!item || (nack.id && nack.id !== item.id)) return;
    if (nack.reason === 'consent') {
      this.#closed = true;
    } else if (TRANSIENT.has(nack.code) && !(item.type === 'event' && ++this.#refusals > MOST_REFUSALS)) {
      item.held = nack.code;
      clearTimeout(this.#timer);
      const wait = Number(nack.retry_after_s) > 0 ? Number(nack.retry_after_s) * 1000 : 2000;
      this.#timer = setTimeout(() => this.#landed(item.id), Math.min(wait, 120_000) + Math.random() * 250);
      this.on.changed();
      return;
    } else if (isShown(item)) {
      item.failed = nack.code;
      this.#keep(item);
    } else {
      this.#take(item.id);
    }
    this.#refusals = 0;
    this.on.refused(item, nack);
    this.#landed(item.id);
    this.on.changed();
  }

  /** Sends a refused message anew, as a new message. @param {string} id */
  retry(id) {
    const item = this.#take(id);
    if (item) this.add(item.type, item.fields, item.text, item.files);
  }

  /** @param {string} id */
  discard(id) {
    this.#take(id);
    this.on.changed();
  }

  /** @param {Item['type']} type */
  has(type) {
    return this.#items.some((item) => item.type === type);
  }

  /** Forgets everything; what lies in storage is its owner's to remove. */
  clear() {
    this.#items = [];
    this.#events = [];
    this.#flying = null;
    this.#closed = false;
    clearTimeout(this.#timer);
  }

  /** @param {Item} item */
  #keep(item) {
    this.storage.set(`out:${item.id}`, toJson(item));
  }

  /** Takes over what lies in storage, in its order; without a value it lies there no more. @param {string} key @param {string | null} value */
  #adopt(key, value, foreign = false) {
    if (!key.startsWith('out:')) return;
    const id = key.slice(4);
    const known = this.#items.find((item) => item.id === id);
    try {
      const item = value && fromJson(value);
      if (!item) {
        this.#items = this.#items.filter((one) => one !== known);
      } else if (known) {
        known.failed = item.failed;
      } else if (item.type && item.fields && item.id === id) {
        this.#order = Math.max(this.#order, item.order);
        this.#items.push({ ...item, tried: true, held: null, foreign });
        this.#items.sort((a, b) => a.order - b.order);
        if (foreign) setTimeout(() => this.#orphan(id), ORPHANED + Math.random() * ORPHANED);
      }
    } catch {
      this.storage.remove(key);
    }
  }

  /** @param {string} id */
  #orphan(id) {
    const item = this.#items.find((one) => one.id === id);
    if (!item) return;
    item.foreign = false;
    this.#next();
  }

  /** @param {string} id @returns {Item | undefined} */
  #take(id) {
    const item = this.#items.find((one) => one.id === id) ?? this.#events.find((one) => one.id === id);
    this.#items = this.#items.filter((one) => one !== item);
    this.#events = this.#events.filter((one) => one !== item);
    if (item) this.storage.remove(`out:${item.id}`);
    return item;
  }

  /** @param {string} id */
  #landed(id) {
    if (this.#flying?.id !== id) return;
    this.#flying = null;
    clearTimeout(this.#timer);
    this.#next();
  }

  #next() {
    if (!this.#online || this.#flying) return;
    const item = this.#closed ? this.#items.find((one) => one.type === 'consent')
      : this.#items.find((one) => !one.failed && !one.foreign) ?? this.#events[0];
    if (!item) return;
    this.#flying = item;
    item.tried = true;
    item.held = null;
    this.#timer = setTimeout(() => this.on.stuck(), ACK_TIMEOUT);
    this.send({ type: item.type, id: item.id, ...item.fields });
  }
}

/** @param {Item} item */
const isShown = (item) => Boolean(item.text || item.files?.length);
