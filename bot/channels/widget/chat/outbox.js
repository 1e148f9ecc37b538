// @ts-check

/**
 * What the customer sends, until the server has it for certain.
 *
 * A message is written to storage before it is sent and leaves only with its ack. One frame is under way at a time, so the
 * order is kept whatever is refused or lost; after a reconnect the same frame goes again with the same id, and the server
 * recognises it. Behaviour events ride along behind the messages and are kept in memory only.
 *
 * @typedef {object} Item
 * @property {string} id
 * @property {number} order
 * @property {'message' | 'choose' | 'rate' | 'event'} type
 * @property {Record<string, unknown>} fields  of the frame
 * @property {string} text  as shown; '' for what is not
 * @property {string} at
 * @property {number} after  the seq known when it was written
 * @property {boolean} tried
 * @property {string | null} failed  by this nack code
 * @property {string | null} held  by this nack code, for a while
 */

const ACK_TIMEOUT = 15_000;
const MOST_EVENTS = 100;
const MOST_REFUSALS = 3;
const TRANSIENT = new Set(['rate_limited', 'busy']);

export class Outbox {
  /** @type {Item[]} */ #items = [];
  /** @type {Item[]} */ #events = [];
  /** @type {Item | null} */ #flying = null;
  #online = false;
  #refusals = 0;
  #order = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /**
   * @param {Storage_} storage
   * @param {(frame: Record<string, unknown>) => void} send
   * @param {{changed(): void, delivered(item: Item, ack: {seq: number | null, at: string}): void, stuck(): void}} on
   */
  constructor(storage, send, on) {
    this.storage = storage;
    this.send = send;
    this.on = on;
    for (const key of storage.keys()) {
      if (!key.startsWith('out:')) continue;
      try {
        const item = JSON.parse(storage.get(key) ?? '');
        if (item.id && item.type && item.fields) this.#items.push({ ...item, tried: true, held: null });
      } catch {
        storage.remove(key);
      }
    }
    this.#items.sort((a, b) => a.order - b.order);
  }

  get pending() {
    return this.#items.filter((item) => item.text !== '');
  }

  /**
   * @param {Item['type']} type
   * @param {Record<string, unknown>} fields
   * @param {string} [text]
   * @param {number} [after]
   */
  add(type, fields, text = '', after = 0) {
    this.#order = Math.max(Date.now(), this.#order + 1);
    /** @type {Item} */
    const item = { id: uuid(), order: this.#order, type, fields, text, at: new Date().toISOString(), after, tried: false, failed: null, held: null };
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

  /** @param {boolean} online */
  setOnline(online) {
    this.#online = online;
    this.#flying = null;
    clearTimeout(this.#timer);
    if (online) this.#next();
  }

  /** @param {{id: string, seq: number | null, at: string}} ack */
  ack(ack) {
    const item = this.#take(ack.id);
    if (!item) return;
    this.#refusals = 0;
    this.on.delivered(item, ack);
    this.#landed(item);
  }

  /** @param {{id: string | null, code: string, retry_after_s?: number | null}} nack */
  nack(nack) {
    const item = this.#flying;
    if (!item || (nack.id && nack.id !== item.id)) return;
    if (TRANSIENT.has(nack.code) && !(item.type === 'event' && ++this.#refusals > MOST_REFUSALS)) {
      item.held = nack.code;
      clearTimeout(this.#timer);
      const wait = Number(nack.retry_after_s) > 0 ? Number(nack.retry_after_s) * 1000 : 2000;
      this.#timer = setTimeout(() => { this.#flying = null; this.#next(); }, Math.min(wait, 120_000) + Math.random() * 250);
    } else {
      this.#refusals = 0;
      if (item.text) {
        item.failed = nack.code;
        this.#keep(item);
      } else {
        this.#take(item.id);
      }
      this.#landed(item);
    }
    this.on.changed();
  }

  /** Sends a refused message anew, as a new message. @param {string} id */
  retry(id) {
    const item = this.#take(id);
    if (item) this.add(item.type, item.fields, item.text, item.after);
  }

  /** @param {string} id */
  discard(id) {
    this.#take(id);
    this.on.changed();
  }

  clear() {
    for (const item of this.#items) this.storage.remove(`out:${item.id}`);
    this.#items = [];
    this.#events = [];
    this.#flying = null;
    clearTimeout(this.#timer);
  }

  /** @param {Item} item */
  #keep(item) {
    this.storage.set(`out:${item.id}`, JSON.stringify(item));
  }

  /** @param {string} id @returns {Item | undefined} */
  #take(id) {
    const item = this.#items.find((one) => one.id === id) ?? this.#events.find((one) => one.id === id);
    this.#items = this.#items.filter((one) => one !== item);
    this.#events = this.#events.filter((one) => one !== item);
    if (item) this.storage.remove(`out:${item.id}`);
    return item;
  }

  /** @param {Item} item */
  #landed(item) {
    if (this.#flying !== item) return;
    this.#flying = null;
    clearTimeout(this.#timer);
    this.#next();
  }

  #next() {
    if (!this.#online || this.#flying) return;
    const item = this.#items.find((one) => !one.failed) ?? this.#events[0];
    if (!item) return;
    this.#flying = item;
    item.tried = true;
    item.held = null;
    this.#timer = setTimeout(() => this.on.stuck(), ACK_TIMEOUT);
    this.send({ type: item.type, id: item.id, ...item.fields });
  }
}

/** What survives a reload: localStorage under one prefix, or plain memory where storage is forbidden or full. */

/** @typedef {{get(key: string): string | null, set(key: string, value: string): void, remove(key: string): void,
 *  keys(): string[], clear(): void}} Storage_ */

/**
 * @param {'localStorage' | 'sessionStorage'} kind
 * @param {string} prefix
 * @returns {Storage_}
 */
export function createStorage(kind, prefix) {
  /** @type {Map<string, string>} */
  const memory = new Map();

  /** @returns {Storage | null} */
  const backing = () => {
    try {
      return window[kind];
    } catch {
      return null;
    }
  };

  const ours = () => {
    try {
      return Object.keys(backing() ?? {}).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
    } catch {
      return [];
    }
  };

  return {
    get(key) {
      if (memory.has(key)) return memory.get(key) ?? null;
      try {
        return backing()?.getItem(prefix + key) ?? null;
      } catch {
        return null;
      }
    },
    set(key, value) {
      try {
        const store = backing();
        if (!store) throw new Error('storage is forbidden');
        store.setItem(prefix + key, value);
        memory.delete(key);
      } catch {
        memory.set(key, value);
      }
    },
    remove(key) {
      memory.delete(key);
      try {
        backing()?.removeItem(prefix + key);
      } catch { /* nothing was kept there */ }
    },
    keys() {
      return [...new Set([...ours(), ...memory.keys()])];
    },
    clear() {
      for (const key of this.keys()) this.remove(key);
    },
  };
}

/** @returns {string} A UUID; crypto.randomUUID exists on secure origins only. */
export function uuid() {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
