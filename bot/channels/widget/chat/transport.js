// @ts-check
/**
 * The wire: `frontdesk.v1` over a WebSocket, or over POST and server-sent events where WebSockets do not get through.
 *
 * Hands messages on in `seq` order, without gaps, none twice.
 *
 * @typedef {'idle' | 'connecting' | 'online' | 'waiting' | 'refused'} State
 * @typedef {{token: string | null, identity: string | null, last_seq: number, locale: string, site: string,
 *   page: {url: string, title: string}}} Hello
 * @typedef {{seq: number, author: {kind: 'customer' | 'bot' | 'agent' | 'system', name?: string | null}, text: string,
 *   choices?: Array<{label: string, value: string}> | null, at: string, reply_to?: number | null}} Message
 * @typedef {{owner: 'bot' | 'queue' | 'agent' | 'none', position?: number | null, wait_s?: number | null,
 *   agent?: {name?: string | null} | null, ticket?: string | null}} Status
 * @typedef {{token?: string, conversation: string, head_seq: number, locale?: string, verified?: boolean, status?: Status}} Welcome
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
 * @property {(code: string) => void} error
 * @property {(what: 'token' | 'identity') => void} rejected
 */

const WELCOME_TIMEOUT = 8_000;
const SHORTEST_WAIT = 500;
const LONGEST_WAIT = 30_000;
const SILENCE = 45_000; // an event stream has a heartbeat each 15 s
const FIRST_SIGN = 4_000; // silent for so long from the start: a proxy holds it
const POLL = 3_000;

export class Transport {
  /** @type {State} */ state = 'idle';
  /** The last message handed on. */ lastSeq = 0;

  #epoch = 0; // counts connections; what belongs to an older one is ignored
  #failures = 0;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {AbortController | null} */ #abort = null;
  #overHttp = false;
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

  /** @param {string} base @param {Handlers} on */
  constructor(base, on) {
    this.base = base;
    this.on = on;
    window.addEventListener('online', () => this.hurry());
    window.addEventListener('offline', () => { if (this.state === 'online') this.#lost(); });
    document.addEventListener('visibilitychange', () => { if (!document.hidden) this.hurry(); });
    window.addEventListener('pageshow', (event) => { if (event.persisted && this.state !== 'idle') this.reconnect(); });
  }

  start() {
    if (this.state === 'idle') this.#connect();
  }

  stop() {
    this.#drop();
    this.#set('idle');
  }

  reconnect() {
    if (this.state === 'idle') return;
    this.#drop();
    this.#connect();
  }

  hurry() {
    if (this.state === 'waiting') this.reconnect();
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
      this.#socket.send(JSON.stringify(frame));
    }
  }

  async #connect() {
    const epoch = ++this.#epoch;
    this.#set('connecting');
    this.#lastError = '';
    this.#settled = false;
    const hello = await this.on.hello(); // before the socket, whose server waits five seconds only
    if (epoch !== this.#epoch) return;
    this.#token = hello.token;
    this.#overHttp = typeof WebSocket === 'undefined' || this.#socketFailures >= (this.#socketWorked ? 4 : 1);
    this.#later(WELCOME_TIMEOUT, () => { if (this.state === 'connecting') this.#failed(); });
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
    socket.onopen = () => { if (epoch === this.#epoch) socket.send(JSON.stringify(hello)); };
    socket.onmessage = (event) => {
      if (epoch !== this.#epoch) return;
      let frame;
      try {
        frame = JSON.parse(event.data);
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
    let polling = false;
    try {
      const welcome = await this.#post(hello);
      if (epoch !== this.#epoch || !welcome) return;
      this.#receive(welcome);
      const response = await fetch(`${this.base}chat/events`, {
        headers: { ...this.#authorization(), Accept: 'text/event-stream', 'Last-Event-ID': String(this.lastSeq) },
        signal: abort.signal, cache: 'no-store', credentials: 'omit',
      });
      if (epoch !== this.#epoch) return;
      if (!response.ok || !response.body) {
        this.#closed(response.status === 401 ? 4401 : response.status === 403 ? 4403 : 1006);
        return;
      }
      const poll = () => {
        if (!polling) return;
        this.#catchUp();
        this.#later(POLL, poll);
      };
      this.#later(FIRST_SIGN, () => { if (!heard) { polling = true; poll(); } });
      let heard = false;
      let patience = this.#later(SILENCE, () => this.#lost());
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = '';
      for (;;) {
        const { done, value } = await reader.read();
        if (epoch !== this.#epoch) return;
        if (done) break;
        heard = true;
        polling = false;
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
    let name = 'message';
    const data = [];
    for (const line of block.split('\n')) {
      if (line.startsWith('data:')) data.push(line.slice(5).replace(/^ /, ''));
      else if (line.startsWith('event:')) name = line.slice(6).trim();
    }
    if (!data.length) return;
    try {
      this.#receive({ type: name, ...JSON.parse(data.join('\n')) });
    } catch { /* not ours */ }
  }

  /** @param {number} code */
  #closed(code) {
    if (code === 4403) {
      this.#drop();
      this.#set('refused');
      return;
    }
    if (code === 4401) {
      if (this.#lastError === 'bad_identity') this.on.rejected('identity');
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
      case 'typing': this.on.typing(frame.author ?? { kind: 'bot' }, isOn(frame.state)); break;
      case 'status': this.on.status(frame); break;
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
    this.#socketFailures = this.#overHttp ? this.#socketFailures : 0;
    this.#socketWorked ||= !this.#overHttp;
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

  /** Fetches what lies between. The answer is the whole truth up to its head. */
  #catchUp() {
    this.#fetching ??= this.#fetchMissing(this.#epoch, 0);
  }

  /** @param {number} epoch @param {number} attempt @returns {Promise<void>} */
  async #fetchMissing(epoch, attempt) {
    try {
      for (;;) {
        const response = await fetch(`${this.base}chat/messages?after=${this.lastSeq}`, {
          headers: { ...this.#authorization(), Accept: 'application/json' }, cache: 'no-store', credentials: 'omit',
        });
        if (epoch !== this.#epoch) return;
        if (!response.ok) throw new Error(String(response.status));
        const body = await response.json();
        if (epoch !== this.#epoch) return;
        /** @type {Message[]} */ const messages = Array.isArray(body) ? body : body.messages ?? [];
        const before = this.lastSeq;
        for (const message of messages) if (message.seq > this.lastSeq) this.#hand(message);
        if (body.status) this.on.status(body.status);
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
    } catch {
      if (epoch !== this.#epoch) return;
      const wait = SHORTEST_WAIT + Math.random() * Math.min(LONGEST_WAIT, SHORTEST_WAIT * 2 ** (attempt + 1));
      this.#later(wait, () => { this.#fetching = this.#fetchMissing(epoch, attempt + 1); });
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
      method: 'POST', body: JSON.stringify(rest), signal: this.#abort?.signal, cache: 'no-store', credentials: 'omit',
      headers: { ...this.#authorization(), 'Content-Type': 'application/json' },
    });
    const reply = await response.json().catch(() => null);
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

/** @param {unknown} state What a `typing` frame says, in any of the ways to say it. */
function isOn(state) {
  return state === true || state === 1 || (typeof state === 'string' && !/^(off|stop|stopped|paused|idle|false|)$/i.test(state));
}
