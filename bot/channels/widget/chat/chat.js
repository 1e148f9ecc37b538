// @ts-check
import { createStorage, Outbox } from './outbox.js';
import { STYLE } from './style.css.js';
import { isRating, nameOf } from './transcript.js';
import { Transport } from './transport.js';
import { View } from './view.js';
import { wordsFor } from './words.js';

/**
 * The chat: joins the wire, the outgoing queue and the window. Imported by widget.js at the first interest; connects when
 * it is first opened.
 *
 * Kept in localStorage under `frontdesk:<site>:`: the visitor's secret and whose it is (`token`, `sub`), what was read and
 * rated (`read`, `rated`), the draft, and unsent messages (`out:<id>`). The transcript itself is not kept.
 *
 * @typedef {import('./transport.js').Message} Message
 * @typedef {{root: ShadowRoot, host: HTMLElement, launcher: HTMLElement, badge: HTMLElement, addStyle(css: string): void,
 *   base: string, site: string, prefix: string, locale: string, emit(event: string, detail?: unknown): void,
 *   titles: Record<string, string | undefined>}} Context
 */

const QUIET = 1_500; // a connection may be away so long without a word about it
const TYPING_SHOWN = 30_000;
const TYPING_EVERY = 4_000;
const IDENTITY_TIMEOUT = 10_000;

/** @param {Context} context */
export function start(context) {
  const { emit, site, base } = context;
  const storage = createStorage('localStorage', context.prefix);
  const session = createStorage('sessionStorage', context.prefix);

  let locale = context.locale;
  /** @type {string | null | (() => string | null | Promise<string | null>)} */ let identity = null;
  let identityRefused = 0;
  /** @type {string | null} */ let saidSub = null; // whose identity the present hello carries
  /** @type {Message[]} */ let messages = [];
  /** @type {import('./transport.js').Status | null} */ let status = null;
  /** @type {string | null} */ let typing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let typingTimer;
  let typingSaid = 0;
  let troubled = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let troubleTimer;
  let loading = true;
  let started = false;
  let thanked = false;
  let sentSeq = 0;
  /** @type {Set<number>} */ const acked = new Set(); // messages of this very page
  let readSaid = 0;
  let lastUnread = 0;
  let drawing = false;

  context.addStyle(STYLE);

  const view = new View(context.root, context.launcher, context.badge, {
    send: (text) => { say('message', { text }, text); },
    draft: (text) => {
      if (text) storage.set('draft', text);
      else storage.remove('draft');
      sayTyping(text !== '');
    },
    close: () => chat.close(),
    choose: (seq, value, label) => {
      say('choose', { seq, value }, label);
      view.focus();
    },
    retry: (id) => { outbox.retry(id); },
    discard: (id) => { outbox.discard(id); },
    rate: (score, comment) => {
      outbox.add('rate', comment ? { score, comment } : { score });
      settleRating();
      thanked = true;
      draw();
    },
    skipRating: () => { settleRating(); draw(); },
    seen: () => { markRead(); },
  });

  const transport = new Transport(base, {
    hello: async () => {
      const jwt = await currentIdentity();
      const sub = jwt ? subjectOf(jwt) : null;
      const owner = storage.get('sub');
      if (sub && owner && owner !== sub) forgetVisitor(); // somebody else signed in on this browser
      saidSub = sub;
      return { token: storage.get('token'), identity: jwt, locale, site, page: { url: location.href.split('#')[0].slice(0, 2000), title: document.title.slice(0, 300) } };
    },
    state: (state) => {
      clearTimeout(troubleTimer);
      outbox.setOnline(state === 'online');
      if (state === 'online') troubled = false;
      else if (state !== 'idle' && !troubled) troubleTimer = setTimeout(() => { troubled = true; draw(); }, navigator.onLine ? QUIET : 0);
      if (state !== 'online') showTyping(null);
      draw();
    },
    welcome: (welcome, fresh) => {
      if (welcome.token) {
        const other = storage.get('token');
        if (other && !transportToken && !saidSub) { // another tab was made a visitor meanwhile: be the same one
          return false;
        }
        storage.set('token', welcome.token);
      }
      transportToken = storage.get('token');
      if (saidSub) {
        storage.set('sub', saidSub);
        identityRefused = 0;
      }
      if (fresh) {
        messages = [];
        acked.clear();
        loading = true;
        sentSeq = 0;
        readSaid = 0;
        if (Number(storage.get('read')) > welcome.head_seq) storage.remove('read');
        if (Number(storage.get('rated')) > welcome.head_seq) storage.remove('rated');
      }
      if (welcome.status) status = welcome.status;
      emit('ready', { conversation: welcome.conversation, verified: welcome.verified === true });
      if (welcome.status) emit('status', welcome.status);
      draw();
      return true;
    },
    message: (message, live) => {
      adopt(message);
      if (message.author.kind === 'customer') thanked = false;
      else if (typing !== null) showTyping(null);
      if (live) emit('message', { seq: message.seq, author: message.author, text: message.text, at: message.at });
      draw();
    },
    settled: () => { loading = false; draw(); },
    ack: (ack) => { outbox.ack(ack); },
    nack: (nack) => {
      if (nack.code !== 'rate_limited' && nack.code !== 'busy') emit('error', { code: nack.code });
      outbox.nack(nack);
    },
    typing: (author, on) => {
      if (author.kind !== 'customer') showTyping(on ? nameOf(author, wordsFor(locale)) : null);
    },
    status: (now) => { status = now; emit('status', now); draw(); },
    error: (code) => { emit('error', { code }); },
    rejected: (what) => {
      if (what === 'identity') identityRefused += 1;
      else forgetVisitor(false);
    },
  });
  /** @type {string | null} */ let transportToken = storage.get('token');

  const outbox = new Outbox(storage, (frame) => transport.send(frame), {
    changed: () => draw(),
    delivered: (item, ack) => {
      if (item.text && ack.seq !== null) {
        acked.add(ack.seq);
        view.transcript.rename(item.id, ack.seq);
        sentSeq = Math.max(sentSeq, ack.seq);
        if (!messages.some((message) => message.seq === ack.seq)) {
          adopt({ seq: ack.seq, author: { kind: 'customer' }, text: item.text, at: ack.at ?? item.at });
        }
      }
      draw();
    },
    stuck: () => transport.reconnect(),
  });

  /** Takes a message in at its place; a second telling replaces the first. @param {Message} message */
  function adopt(message) {
    const index = messages.findLastIndex((one) => one.seq <= message.seq);
    if (index >= 0 && messages[index].seq === message.seq) messages[index] = message;
    else messages.splice(index + 1, 0, message);
  }

  /** @param {'message' | 'choose'} type @param {Record<string, unknown>} fields @param {string} text */
  function say(type, fields, text) {
    session.set('live', '1');
    typingSaid = 0;
    thanked = false;
    outbox.add(type, fields, text, transport.lastSeq);
  }

  /** @param {boolean} on */
  function sayTyping(on) {
    const now = Date.now();
    if (!on && typingSaid) {
      typingSaid = 0;
      transport.send({ type: 'typing', state: false });
    } else if (on && now - typingSaid > TYPING_EVERY) {
      typingSaid = now;
      transport.send({ type: 'typing', state: true });
    }
  }

  /** @param {string | null} name */
  function showTyping(name) {
    clearTimeout(typingTimer);
    typing = name;
    if (name !== null) typingTimer = setTimeout(() => showTyping(null), TYPING_SHOWN);
    draw();
  }

  function markRead() {
    const newest = messages.at(-1)?.seq ?? 0;
    if (!view.watching || loading || newest <= Number(storage.get('read'))) return;
    storage.set('read', String(newest));
    if (newest > readSaid && transport.state === 'online') {
      readSaid = newest;
      transport.send({ type: 'read', seq: newest });
    }
    draw();
  }

  /** The message up to which a rating is open: after an agent's service ended, or where the system asks. */
  function ratingSeq() {
    const rated = Number(storage.get('rated'));
    const asked = messages.findLast((message) => message.author.kind !== 'customer' && message.choices?.some((choice) => isRating(choice.value)));
    const answered = asked && messages.some((message) => message.author.kind === 'customer' && message.seq > asked.seq);
    if (asked && !answered && asked.seq > rated) return messages.at(-1)?.seq ?? 0;
    if (status?.owner !== 'none') return 0;
    return messages.some((message) => message.author.kind === 'agent' && message.seq > rated) ? messages.at(-1)?.seq ?? 0 : 0;
  }

  function settleRating() {
    storage.set('rated', String(messages.at(-1)?.seq ?? 0));
  }

  /** What waits. Between a reconnect and its second ack a message may be here and in the transcript: it is shown once. */
  function stillPending() {
    /** @type {Set<number>} */ const claimed = new Set();
    return outbox.pending.filter((item) => {
      if (!item.tried || item.failed) return true;
      const echo = messages.find((message) => message.author.kind === 'customer' && message.seq > item.after
        && message.text === item.text && !acked.has(message.seq) && !claimed.has(message.seq));
      if (echo) claimed.add(echo.seq);
      return !echo;
    });
  }

  function draw() {
    if (drawing) return;
    drawing = true;
    queueMicrotask(() => {
      drawing = false;
      const words = wordsFor(locale);
      const read = Number(storage.get('read'));
      const unread = loading || view.watching ? 0 : messages.filter((message) => message.seq > read && message.author.kind !== 'customer').length;
      view.draw({
        words, messages, status, typing, troubled, thanked, unread, sentSeq, connection: transport.state,
        pending: stillPending(), loading: started && loading && transport.state !== 'idle', rating: !thanked && !loading && ratingSeq() > 0,
        title: titleFor(words.tag) ?? words.title,
      });
      if (unread !== lastUnread) emit('unread', { count: unread });
      lastUnread = unread;
      markRead();
    });
  }

  /** @param {string} tag The page's own title: data-title-zh for `zh-CN`, else data-title. */
  function titleFor(tag) {
    const language = tag.split('-')[0];
    return context.titles[`title${language[0].toUpperCase()}${language.slice(1)}`] ?? context.titles.title;
  }

  async function currentIdentity() {
    if (!identity || identityRefused > 1) return null; // refused twice, freshly fetched: go on without it
    try {
      if (typeof identity === 'string') return identityRefused ? null : identity;
      const late = new Promise((_, reject) => { setTimeout(() => reject(new Error('identify: no answer')), IDENTITY_TIMEOUT); });
      return /** @type {string | null} */ (await Promise.race([identity(), late])) || null;
    } catch (fault) {
      emit('error', { code: 'identity_failed', message: String(fault) });
      return null;
    }
  }

  /** @param {boolean} [all] with what was not sent yet, and the draft */
  function forgetVisitor(all = true) {
    for (const key of ['token', 'sub', 'read', 'rated']) storage.remove(key);
    if (all) {
      outbox.clear();
      storage.clear();
      session.clear();
      view.setDraft('');
    }
    transportToken = null;
    messages = [];
    status = null;
    thanked = false;
    sentSeq = 0;
    acked.clear();
    loading = true;
    transport.forget();
    draw();
  }

  function connect() {
    if (started) return;
    started = true;
    transport.start();
  }

  const chat = {
    /** @param {{draft?: string}} [options] */
    open(options) {
      connect();
      const draft = options?.draft ?? (view.isOpen ? null : storage.get('draft'));
      if (typeof draft === 'string') view.setDraft(draft);
      const was = view.isOpen;
      view.open();
      if (was) view.focus();
      else emit('open');
      draw();
    },
    close() {
      if (!view.isOpen) return;
      view.close();
      emit('close');
      draw();
    },
    toggle() {
      if (view.isOpen) chat.close();
      else chat.open();
    },
    /** Connects without opening: the visitor wrote in this tab before. */
    resume() {
      connect();
    },
    /** @param {string | null | (() => string | null | Promise<string | null>)} value */
    async identify(value) {
      const same = value === identity;
      identity = value;
      identityRefused = 0;
      if (!started || same) return;
      if (saidSub) { // a page that renders again says the same customer again
        const jwt = await currentIdentity();
        if (identity !== value || (jwt && subjectOf(jwt) === saidSub)) return;
      }
      transport.forget();
      transport.reconnect();
    },
    /** @param {string} name @param {Record<string, unknown>} [properties] */
    track(name, properties = {}) {
      outbox.add('event', { name: String(name), properties });
    },
    /** @param {string} tag */
    setLocale(tag) {
      locale = String(tag);
      draw();
    },
    /** @param {boolean} [everywhere] */
    reset(everywhere = true) {
      if (everywhere) tabs?.postMessage('reset');
      identity = null;
      identityRefused = 0;
      transport.stop();
      started = false;
      forgetVisitor();
      chat.close();
      emit('reset');
    },
  };

  document.addEventListener('visibilitychange', () => { if (!document.hidden) draw(); });
  window.addEventListener('online', () => draw());
  window.addEventListener('offline', () => draw());
  window.addEventListener('storage', (event) => { if (event.key === `${context.prefix}read`) draw(); });
  const tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel(context.prefix) : null;
  tabs?.addEventListener('message', (event) => { if (event.data === 'reset') chat.reset(false); });
  draw();
  return chat;
}

/** The `sub` of a JWT, unchecked: the server checks it; here it tells one customer of this browser from another. @param {string} jwt */
function subjectOf(jwt) {
  try {
    const part = jwt.split('.')[1].replace(/-/g, '+').replace(/_/g, '/');
    const bytes = Uint8Array.from(atob(part), (char) => char.charCodeAt(0));
    return String(JSON.parse(new TextDecoder().decode(bytes)).sub ?? '') || null;
  } catch {
    return null;
  }
}
