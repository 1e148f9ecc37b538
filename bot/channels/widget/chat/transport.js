// @ts-check
import { fromJson, toJson } from './storage.js';

/**
 * The wire: `frontdesk.v1` over a WebSocket, or over POST and server-sent events where WebSockets do not get through.
 *
 * Hands messages on in `seq` order, without gaps, none twice.
 *
 * @typedef {'idle' | 'connecting' | 'online' | 'waiting' | 'refused' | 'sign_in'} State  the last two: not before something changes
 * @typedef {{token: string | null, identity: string | null, last_seq: number, locale: string, site: string,
 *   page: {url: string, title: string}}} Hello
 * @typedef {{seq: number, author: {kind: 'customer' | 'bot' | 'agent' | 'system', name?: string | null}, text: string,
 *   choices?: Array<{label: string, value: string}> | null, at: string, reply_to?: number | null, replaces?: number,
 *   id?: string, files?: import('./files.js').File_[], cards?: import('./cards.js').Card[] | null, form?: import('./forms.js').Form | null}} Message
 * @typedef {{owner: 'bot' | 'queue' | 'agent' | 'none', position?: number | null, wait_s?: number | null,
 *   agent?: {name?: string | null, picture?: string | null} | null, ticket?: string | null}} Status
 * @typedef {{token?: string, conversation: string, head_seq: number, locale?: string, verified?: boolean, status?: Status,
 *   files?: import('./files.js').Rules, at?: string, read_seq?: number, person?: boolean,
 *   consent?: {version: string, accepted: boolean} | null}} Welcome
 *
 * @typedef {object} Handlers
 * @property {() => Promise<Omit<Hello, 'last_seq'>>} hello
 * @property {(state: State) => void} state
 * @property {(welcome: Welcome, fresh: boolean) => boolean} welcome  fresh: another conversation; false: connect anew
 * @property {(message: Message, live: boolean) => void} message
 * @property {() => void} settled  the backlog is complete
 * @property {(ack: any) => void} ack
 * @property {(nack: any) => void} nack
 * @property {(author: Message['author'], on: boolean) => void} typing
 * @property {(status: Status) => void} status
 * @property {(seq: number) => void} read  somebody there has seen the messages up to it
 * @property {(code: string) => void} error
 * @property {(what: 'token' | 'identity') => void} rejected
 */

const WELCOME_TIMEOUT = 12_000;
const FIRST_SOCKET_TIMEOUT = 5_000; // some proxies accept a WebSocket and let nothing through
const SHORTEST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const SILENCE = 45_000; // an event stream has a heartbeat each 15 s
const FIRST_SIGN = 4_000; // silent for so long from the start: a proxy holds it
const MANY_FAILURES = 3; // of sockets that worked before: the service is more likely away than a proxy there
const POLL = 3_000;
const POLL_HIDDEN = 15_000;
const TICK = 5_000;
const SLEPT = 20_000; // a timer that is so late has slept; those of a hidden page come each minute at worst
const SLEPT_HIDDEN = 90_000;

export class Transport {
  /** @type {State} */ state = 'idle';
  /** The last message handed on. */ lastSeq = 0;

  #epoch = 0; // counts connections; what belongs to an older one is ignored
  #failures = 0;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {AbortController | null} */ #abort = null;
  #overHttp = false;
  #polls = false; // instead of a stream: a browser has six connections for all tabs together
  #socketWorked = false;
  #socketFailures = 0;
  /** @type {string | null} */ #token = null;
  /** @type {string | null} */ #conversation = null;
  #lastError = '';
  #unexplained = 0; // closes with 4401 that gave no reason
  #head = 0;
  #settled = false;
  /** @type {Map<number, Message>} */ #held = new Map(); // came before what precedes them
  /** @type {Promise<void> | null} */ #fetching = null;
  /** @type {Set<ReturnType<typeof setTimeout>>} */ #timers = new Set();
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #retry;

  #since = 0; // when it began to connect
  #hiddenAt = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */ #ticking;

  /** @param {string} base @param {import('./storage.js').Storage_} session  remembers what gets through @param {Handlers} on */
  constructor(base, session, on) {
    this.base = base;
    this.session = session;
    this.on = on;
    this.#socketFailures = session.get('http') ? 1 : 0;
    window.addEventListener('online', () => this.hurry());
    window.addEventListener('offline', () => { if (this.state === 'online') this.#lost(); });
    window.addEventListener('pageshow', (event) => { if (event.persisted) this.reconnect(); });
    document.addEventListener('resume', () => this.reconnect());
    document.addEventListener('visibilitychange', () => this.#seen());
  }

  /** The secret of the present connection; in storage there may be another tab's by now. */
  get token() {
    return this.#token;
  }

  start() {
    if (this.state !== 'idle') return;
    this.#failures = 0; // whoever comes now has not waited yet
    let ticked = Date.now();
    this.#ticking = setInterval(() => {
      const late = Date.now() - ticked - TICK;
      ticked = Date.now();
      if (late > (document.hidden ? SLEPT_HIDDEN : SLEPT)) this.reconnect();
    }, TICK);
    this.#connect();
  }

  stop() {
    clearInterval(this.#ticking);
    this.#drop();
    this.#set('idle');
  }

  reconnect() {
    if (this.state === 'idle') return;
    this.#drop();
    this.#connect();
  }

  /** Tries at once what is waited for. */
  hurry() {
    if (this.state === 'waiting' || (this.state === 'connecting' && Date.now() - this.#since > 2_000)) this.reconnect();
  }

  #seen() {
    if (document.hidden) {
      this.#hiddenAt = Date.now();
      if (this.#overHttp) this.#later(POLL_HIDDEN, () => { if (document.hidden && !this.#polls) this.reconnect(); });
    } else if (this.state !== 'online') {
      this.hurry();
    } else if (this.#overHttp) {
      if (this.#polls) this.reconnect();
    } else if (Date.now() - this.#hiddenAt > POLL_HIDDEN) {
      this.#catchUp(true);
    }
  }

  forget() {
    this.lastSeq = 0;
    this.#conversation = null;
    this.#held.clear();
  }

  /** @param {Record<string, unknown>} frame */
  send(frame) {
    if (this.state !== 'online') return;
    if (this.#overHttp) {
      const epoch = this.#epoch;
      this.#post(frame).then(
        (reply) => {
          if (epoch !== this.#epoch || !reply) return;
          this.#receive(reply);
          if (reply.type === 'ack') this.#later(1500, () => { if (Number(reply.seq) > this.lastSeq) this.#catchUp(); });
        },
        () => { if (epoch === this.#epoch) this.#lost(); },
      );
    } else if (this.#socket?.readyState === WebSocket.OPEN) {
      this.#socket.send(toJson(frame));
    }
  }

  async #connect() {
    const epoch = ++this.#epoch;
    this.#since = Date.now();
    this.#set('connecting');
    this.#lastError = '';
    this.#settled = false;
    const hello = await this.on.hello(); // before the socket, whose server waits five seconds only
    if (epoch !== this.#epoch) return;
    this.#token = hello.token;
    this.#overHttp = typeof WebSocket === 'undefined' || this.#socketFailures >= (this.#socketWorked ? MANY_FAILURES : 1);
    this.#later(this.#overHttp || this.#socketWorked ? WELCOME_TIMEOUT : FIRST_SOCKET_TIMEOUT, () => { if (this.state === 'connecting') this.#failed(); });
    const frame = { type: 'hello', ...hello, last_seq: this.lastSeq };
    if (this.#overHttp) this.#openStream(frame, epoch);
    else this.#openSocket(frame, epoch);
  }

  /** @param {Record<string, unknown>} hello @param {number} epoch */
  #openSocket(hello, epoch) {
    /** @type {WebSocket} */ let socket;
    try {
      socket = new WebSocket(`${this.base.replace(/^http/, 'ws')}chat/ws`, 'frontdesk.v1');
    } catch {
      this.#failed();
      return;
    }
    this.#socket = socket;
    socket.onopen = () => { if (epoch === this.#epoch) socket.send(toJson(hello)); };
    socket.onmessage = (event) => {
      if (epoch !== this.#epoch) return;
      let frame;
      try {
        frame = fromJson(event.data);
      } catch {
        return;
      }
      if (frame && typeof frame === 'object') this.#receive(frame);
    };
    // A page's policy that forbids the socket is told by `error` alone; `close` never comes.
    socket.onerror = () => { if (epoch === this.#epoch && socket.readyState !== 1) this.#closed(1006); };
    socket.onclose = (event) => { if (epoch === this.#epoch) this.#closed(event.code); };
  }

  /** @param {Record<string, unknown>} hello @param {number} epoch */
  async #openStream(hello, epoch) {
    const abort = this.#abort = new AbortController();
    this.#polls = document.hidden;
    const poll = () => {
      if (!this.#polls) return;
      this.#catchUp();
      this.#later(document.hidden ? POLL_HIDDEN : POLL, poll);
    };
    try {
      const welcome = await this.#post(hello);
      if (epoch !== this.#epoch || !welcome) return;
      this.#receive(welcome);
      if (this.#polls) return poll();
      const response = await fetch(`${this.base}chat/events`, {
        headers: { ...this.#authorization(), Accept: 'text/event-stream', 'Last-Event-ID': String(this.lastSeq) },
        signal: abort.signal, cache: 'no-store', credentials: 'omit',
      });
      if (epoch !== this.#epoch) return;
      if (!response.ok || !response.body) {
        this.#closed(response.status === 401 ? 4401 : response.status === 403 ? 4403 : 1006);
        return;
      }
      this.#later(FIRST_SIGN, () => { if (!heard) { this.#polls = true; poll(); } });
      let heard = false;
      let patience = this.#later(SILENCE, () => this.#lost());
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (epoch !== this.#epoch) return;
        if (done) break;
        heard = true;
        this.#polls = false;
        this.#cancel(patience);
        patience = this.#later(SILENCE, () => this.#lost());
        const events = (rest + value).replace(/\r\n?/g, '\n').split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) this.#event(event);
      }
      this.#lost();
    } catch {
      if (epoch === this.#epoch) {
        if (this.state === 'connecting') this.#failed();
        else this.#lost();
      }
    }
  }

  /** @param {string} block One server-sent event. */
  #event(block) {
    const [, type = 'message'] = /^event: ?(.+)/m.exec(block) ?? [];
    const [, data = ''] = /^data: ?(.+)/m.exec(block) ?? [];
    try {
      if (data) this.#receive({ type, ...fromJson(data) });
    } catch { /* not ours */ }
  }

  /** @param {number} code */
  #closed(code) {
    const signIn = code === 4401 && this.#lastError === 'sign_in';
    if (signIn || code === 4403) {
      this.#drop();
      this.#set(signIn ? 'sign_in' : 'refused');
      return;
    }
    if (code === 4401) {
      if (this.#lastError === 'bad_identity') this.on.rejected('identity');
      else if (this.#lastError === 'identity_expired') this.#unexplained = 0; // the next hello brings a fresh one
      else if (this.#lastError === 'bad_token' || ++this.#unexplained > 1) this.on.rejected('token'); // once may be a slow hello
    }
    if (code === 1009) this.on.nack({ id: null, code: 'too_long' });
    if (code !== 4401 && this.state === 'connecting') this.#failed();
    else this.#lost();
  }

  /** This way of connecting did not come to a welcome. */
  #failed() {
    if (this.#overHttp) this.#socketFailures = 0;
    else this.#socketFailures += 1;
    const tryOther = !this.#overHttp && !this.#socketWorked && navigator.onLine;
    if (tryOther) this.#failures = Math.max(0, this.#failures - 1);
    this.#lost();
  }

  #lost() {
    this.#drop();
    this.#set('waiting');
    const roof = Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** ++this.#failures);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), SHORTEST_WAIT + Math.random() * (roof - SHORTEST_WAIT));
  }

  #drop() {
    this.#epoch += 1;
    clearTimeout(this.#retry);
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#abort?.abort();
    this.#abort = null;
    this.#fetching = null;
    const socket = this.#socket;
    this.#socket = null;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
  }

  /** @param {State} state */
  #set(state) {
    if (state === this.state) return;
    this.state = state;
    this.on.state(state);
  }

  /** A timer that dies with the connection. @param {number} ms @param {() => void} act */
  #later(ms, act) {
    const timer = setTimeout(() => { this.#timers.delete(timer); act(); }, ms);
    this.#timers.add(timer);
    return timer;
  }

  /** @param {ReturnType<typeof setTimeout>} timer */
  #cancel(timer) {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }

  /** @param {any} frame */
  #receive(frame) {
    switch (frame.type) {
      case 'welcome': this.#welcome(frame); break;
      case 'ack': this.on.ack(frame); break;
      case 'nack': this.on.nack(frame); break;
      case 'message': this.#message(frame); break;
      case 'typing': this.on.typing(frame.author ?? { kind: 'bot' }, frame.state === true); break;
      case 'status': this.on.status(frame); break;
      case 'read': this.on.read(Number(frame.seq) || 0); break;
      case 'resync': this.#catchUp(); break;
      case 'error':
        this.#lastError = String(frame.code);
        this.on.error(this.#lastError);
        break;
    }
  }

  /** @param {Welcome} welcome */
  #welcome(welcome) {
    const fresh = welcome.conversation !== this.#conversation;
    const behind = fresh && this.lastSeq > 0;
    if (fresh) this.forget();
    this.#conversation = welcome.conversation;
    if (welcome.token) this.#token = welcome.token;
    this.#head = Number(welcome.head_seq) || 0;
    this.#failures = 0;
    this.#unexplained = 0;
    this.#socketWorked ||= !this.#overHttp;
    if (!this.#overHttp) {
      this.#socketFailures = 0;
      this.session.remove('http');
    } else if (this.#socketWorked) {
      this.#socketFailures = MANY_FAILURES - 1; // the next time a socket gets another chance
    } else {
      this.session.set('http', '1');
    }
    if (!this.on.welcome(welcome, fresh)) {
      this.forget();
      this.reconnect();
      return;
    }
    this.#set('online');
    this.#settle();
    if (behind) this.#catchUp();
    else if (!this.#settled) this.#later(this.#overHttp ? 2500 : 5000, () => { if (this.lastSeq < this.#head) this.#catchUp(); });
  }

  /** @param {Message} message */
  #message(message) {
    const seq = message.seq;
    if (!Number.isInteger(seq) || seq <= this.lastSeq || !message.author) return;
    if (seq > this.lastSeq + 1) {
      this.#held.set(seq, message);
      this.#catchUp();
      return;
    }
    this.#hand(message);
    for (let next = this.#held.get(this.lastSeq + 1); next; next = this.#held.get(this.lastSeq + 1)) this.#hand(next);
    this.#settle();
  }

  /** @param {Message} message */
  #hand(message) {
    this.lastSeq = message.seq;
    this.#held.delete(message.seq);
    this.on.message(message, message.seq > this.#head);
  }

  #settle() {
    if (this.#settled || this.lastSeq < this.#head) return;
    this.#settled = true;
    this.on.settled();
  }

  /** Fetches what lies between. The answer is the whole truth up to its head. @param {boolean} [doubted]  whether the socket still works */
  #catchUp(doubted) {
    this.#fetching ??= this.#fetchMissing(this.#epoch, 0, doubted);
  }

  /** @param {number} epoch @param {number} attempt @param {boolean} [doubted] @returns {Promise<void>} */
  async #fetchMissing(epoch, attempt, doubted) {
    const known = this.lastSeq;
    try {
      for (;;) {
        const response = await fetch(`${this.base}chat/messages?after=${this.lastSeq}`, {
          headers: { ...this.#authorization(), Accept: 'application/json' }, cache: 'no-store', credentials: 'omit',
        });
        if (epoch !== this.#epoch) return;
        if (!response.ok) throw new Error(String(response.status));
        const body = fromJson(await response.text());
        if (epoch !== this.#epoch) return;
        /** @type {Message[]} */ const messages = Array.isArray(body) ? body : body.messages ?? [];
        const before = this.lastSeq;
        for (const message of messages) if (message.seq > this.lastSeq) this.#hand(message);
        if (body.status) this.on.status(body.status);
        this.on.read(Number(body.read_seq) || 0);
        if (this.lastSeq === before || this.lastSeq >= (Number(body.head_seq) || 0)) break;
      }
      for (const seq of [...this.#held.keys()].sort((a, b) => a - b)) {
        const message = /** @type {Message} */ (this.#held.get(seq));
        if (seq > this.lastSeq) this.#hand(message);
        else this.#held.delete(seq);
      }
      this.#head = Math.min(this.#head, this.lastSeq);
      this.#settle();
      this.#fetching = null;
      if (doubted && this.lastSeq > known) this.reconnect(); // it had not brought them
    } catch {
      if (epoch !== this.#epoch) return;
      const wait = SHORTEST_WAIT + Math.random() * Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** (attempt + 1));
      this.#later(wait, () => { this.#fetching = this.#fetchMissing(epoch, attempt + 1, doubted); });
    }
  }

  #authorization() {
    return this.#token ? { Authorization: `Bearer ${this.#token}` } : /** @type {Record<string, string>} */ ({});
  }

  /** @param {Record<string, any>} frame @returns {Promise<any>} the frame that answers, or null when all is settled */
  async #post(frame) {
    const epoch = this.#epoch;
    const { token, ...rest } = frame; // the secret goes in the header
    const response = await fetch(`${this.base}chat/messages`, {
      method: 'POST', body: toJson(rest), signal: this.#abort?.signal, cache: 'no-store', credentials: 'omit',
      headers: { ...this.#authorization(), 'Content-Type': 'application/json' },
    });
    const reply = await response.text().then(fromJson).catch(() => null);
    if (epoch !== this.#epoch) return null;
    if (reply?.type === 'error') this.#lastError = String(reply.code);
    if (response.status === 401 || response.status === 403 && reply?.type !== 'nack') {
      this.#closed(response.status === 401 ? 4401 : 4403);
      return null;
    }
    if (reply?.type && reply.type !== 'error') return reply;
    const code = { 400: 'invalid', 409: 'conflict', 413: 'too_long', 429: 'rate_limited', 503: 'busy' }[response.status];
    if (code && frame.id) {
      return { type: 'nack', id: frame.id, code, retry_after_s: Number(response.headers.get('Retry-After')) || null };
    }
    if (!response.ok && (frame.id || frame.type === 'hello')) throw new Error(String(response.status));
    return null;
  }
}
