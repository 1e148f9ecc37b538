// @ts-check
import { nameOf } from './bubble.js';
import { Attention } from './attention.js';
import { Conversation } from './conversation.js';
import { Files } from './files.js';
import { Identity } from './identity.js';
import { Outbox } from './outbox.js';
import { save } from './record.js';
import { createStorage, fromJson, toJson } from './storage.js';
import { setNow } from './time.js';
import { Transport } from './transport.js';
import { View } from './view.js';

/**
 * The chat: joins the wire, the outgoing queue and the window. Imported by widget.js at the first interest; connects when
 * it is first opened.
 *
 * Kept in localStorage under `frontdesk:<site>:`: the visitor's secret and whose it is (`token`, `sub`), what was read, rated
 * and sounded for (`read`, `rated`, `rang`), the draft, the wish for sound, and unsent messages (`out:<id>`). The transcript
 * itself is not kept.
 *
 * @typedef {{root: ShadowRoot, host: HTMLElement, launcher: HTMLElement, badge: HTMLElement, label(text: string): void,
 *   base: string, site: string, prefix: string, locale: string, words: Words, settings: Settings,
 *   pick(texts: Texts | null | undefined): string, emit(event: string, detail?: unknown): void}} Context
 * @typedef {import('./words/en.js').Words} Words
 * @typedef {Record<string, string>} Texts  by language
 * @typedef {{version: string, text: Texts, link?: string | null}} Consent
 * @typedef {{title?: Texts | null, greeting?: Texts | null, avatar?: string | null, sound?: boolean, anonymous?: 'allow' | 'bot_only' | 'deny',
 *   consent?: Consent | null}} Settings  of the site
 * @typedef {{draft?: string, greeting?: {id: string, text: Texts}}} Opening  greeting: the one that was pressed
 */

const QUIET = 1_500; // a connection may be away so long without a word about it
const TYPING_SHOWN = 30_000;
const TYPING_EVERY = 4_000;
const MARKS = ['read', 'rated', 'rang']; // up to which message of the conversation

/** @param {Context} context */
export function start(context) {
  // Where a page has replaced what all of this stands on, words would get lost in silence.
  if ([1, 2].map((n) => n + 1).filter((n) => n > 2).concat(4).join(' b '.trim()) !== '3b4' || toJson([' ']) !== '[" "]') {
    throw new Error('this page has replaced built-in functions');
  }
  const { emit, site, base, settings, pick } = context;
  const storage = createStorage('localStorage', context.prefix);
  const session = createStorage('sessionStorage', context.prefix);
  const attention = new Attention(storage, settings.sound === true);

  let { locale, words } = context;
  let { consent: terms } = settings;
  /** @type {{id: string, text: Texts, after: number, told: boolean} | null} */ let pressed = null; // a greeting, after so many messages
  let conversation = new Conversation();
  /** @type {import('./transport.js').Status | null} */ let status = null;
  /** @type {import('./transport.js').Welcome['consent']} */ let consent = null;
  /** @type {import('./files.js').Rules | undefined} */ let rules;
  /** @type {string | null} */ let heldToken = null; // what the present hello carries,
  /** @type {string | null} */ let saidSub = null; // and whose identity
  /** @type {string | null} */ let typing = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let typingTimer;
  let typingSaid = 0;
  let troubled = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ let troubleTimer;
  let person = settings.anonymous !== 'bot_only';
  let loading = true;
  let started = false;
  let thanked = false;
  let ending = false; // is asked about
  let stale = false; // the identity is
  let readSaid = 0;
  let lastUnread = 0;
  let moved = false; // from a stranger's chat to one's own, in the midst of it
  let drawing = false;

  const identity = new Identity(() => { stale = true; renew(); }, (fault) => {
    console.error('Frontdesk:', fault);
    emit('error', { code: 'identity_failed', message: String(fault) });
  });
  const files = new Files(base, () => transport.token, () => view.composer.allow());
  /** @type {View} */ const view = new View(context, files, {
    send: (text, sent = []) => { say('message', sent.length ? { text, files: sent.map((file) => file.id) } : { text }, text, sent); },
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
    sound: () => { attention.toggleSound(); draw(); },
    save: () => save(conversation, pick(settings.title) || words.title, words),
    end: () => { ending = true; draw(); },
  });

  const transport = new Transport(base, session, {
    hello: async () => {
      const who = await identity.current();
      const owner = storage.get('sub');
      stale = false;
      if (owner && who.known && owner !== who.sub) { // somebody else signed in on this browser, or nobody is any more
        tabs?.postMessage('reset');
        forgetVisitor();
      }
      saidSub = who.sub;
      heldToken = storage.get('token');
      return { token: heldToken, identity: who.jwt, locale, site, page: { url: location.href.split('#')[0].slice(0, 2000), title: document.title.slice(0, 300) } };
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
        if (other && other !== heldToken && !saidSub) return false; // another tab was made a visitor meanwhile: be the same one
        storage.set('token', welcome.token);
        moved = Boolean(heldToken && Number(storage.get('read')));
        if (heldToken) for (const key of MARKS) storage.remove(key);
      }
      if (saidSub) {
        storage.set('sub', saidSub);
        identity.accept();
      }
      if (fresh) {
        conversation = new Conversation();
        loading = true;
        readSaid = 0;
        for (const key of MARKS) if (Number(storage.get(key)) > welcome.head_seq) storage.remove(key);
      }
      setNow(welcome.at);
      conversation.read(welcome.read_seq);
      status = welcome.status ?? status;
      person = welcome.person ?? true;
      consent = welcome.consent ?? null;
      rules = welcome.files;
      weighConsent();
      emit('ready', { conversation: welcome.conversation, verified: welcome.verified === true });
      if (welcome.status) emit('status', welcome.status);
      draw();
      return true;
    },
    message: (message, live) => {
      const { seq, author, text, at } = message;
      const theirs = author.kind !== 'customer';
      if (!theirs && message.id) outbox.ack({ id: message.id, seq, at });
      conversation.adopt(message);
      if (!theirs) thanked = false;
      else if (typing !== null) showTyping(null);
      if (live && theirs && !view.watching) attention.ring(seq);
      if (live) emit('message', { seq, author, text, at });
      draw();
    },
    settled: () => { loading = false; draw(); },
    ack: (ack) => { outbox.ack(ack); },
    nack: (nack) => {
      if (nack.code !== 'rate_limited' && nack.code !== 'busy') emit('error', { code: nack.code });
      outbox.nack(nack);
    },
    typing: (author, on) => {
      if (author.kind !== 'customer') showTyping(on ? nameOf(author, words) : null);
    },
    status: (now) => { status = now; emit('status', now); draw(); },
    read: (seq) => { conversation.read(seq); draw(); },
    error: (code) => { emit('error', { code }); },
    rejected: (what) => {
      if (what === 'identity') {
        identity.refuse();
        if (identity.refused) console.warn('Frontdesk: the identity was refused: forged, expired, or for another site.');
      } else forgetVisitor(false);
    },
  });

  const outbox = new Outbox(storage, (frame) => transport.send(frame), {
    changed: () => draw(),
    delivered: (item, ack) => {
      if (item.type === 'consent') {
        if (consent) consent = { ...consent, accepted: true };
        weighConsent();
        tabs?.postMessage('consent');
      } else if (ack.seq !== null && (item.text || item.files)) {
        view.transcript.rename(item.id, ack.seq);
        if (!conversation.entry(ack.seq)) conversation.adopt({ seq: ack.seq, author: { kind: 'customer' }, text: item.text, files: item.files, at: ack.at ?? item.at });
      }
      draw();
    },
    refused: (item, nack) => {
      if (item.type === 'consent' || nack.reason === 'consent') transport.reconnect(); // the welcome says to what
    },
    stuck: () => transport.reconnect(),
  });

  /** @param {'message' | 'choose'} type @param {Record<string, unknown>} fields @param {string} text @param {import('./files.js').File_[]} [sent] */
  function say(type, fields, text, sent) {
    session.set('live', '1');
    typingSaid = 0;
    thanked = false;
    attention.wake();
    moved = false;
    if (pressed?.after === -1) pressed.after = conversation.entries.length;
    outbox.add(type, fields, text, sent?.length ? sent : undefined);
    if (pressed && !pressed.told) outbox.add('event', { name: 'greeting', properties: { greeting: pressed.id } });
    if (pressed) pressed.told = true;
  }

  /** @param {boolean} on */
  function sayTyping(on) {
    const now = Date.now();
    if (consent && !consent.accepted) return;
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
    const newest = conversation.last;
    if (!view.watching || loading || newest <= Number(storage.get('read'))) return;
    storage.set('read', String(newest));
    if (newest > readSaid && transport.state === 'online') {
      readSaid = newest;
      transport.send({ type: 'read', seq: newest });
    }
    draw();
  }

  function settleRating() {
    storage.set('rated', String(conversation.last));
  }

  // --- consent ----------------------------------------------------------------------------------

  /** Nothing goes out before it is given; what was written meanwhile waits in the queue. */
  async function weighConsent() {
    const wanted = consent && !consent.accepted ? consent : null;
    outbox.close(wanted !== null);
    files.allow(wanted || !person ? undefined : rules); // a bot cannot look at them
    if (!wanted || terms?.version === wanted.version) return;
    try { // it changed since this page was loaded
      const response = await fetch(new URL(`../sites/${encodeURIComponent(site)}.json`, import.meta.url), { cache: 'reload', credentials: 'omit' });
      terms = fromJson(await response.text()).consent;
      draw();
    } catch { /* the next welcome asks again */ }
  }

  /** What is to be answered before anything else. @returns {import('./ask.js').Question | null} */
  function question() {
    if (ending) {
      return { text: words.endText, yes: words.endYes, no: words.endNo, act: (yes) => {
        ending = false;
        if (yes) outbox.add('end', {});
        draw();
      } };
    }
    if (!consent || consent.accepted || !terms || !outbox.pending.length || outbox.has('consent')) return null;
    const { version, text, link } = terms;
    return { text: pick(text), link, linkText: words.consentLink, yes: words.consentYes, no: words.consentNo, act: (yes) => {
      if (yes) outbox.add('consent', { version, locale: words.tag });
      else takeBack();
      draw();
    } };
  }

  /** Puts what waits back where it was written. */
  function takeBack() {
    const texts = [view.composer.text];
    for (const item of outbox.pending) {
      if (item.type === 'message') texts.push(item.text);
      outbox.discard(item.id);
    }
    const draft = texts.filter(Boolean).join('\n');
    view.composer.write(draft);
    storage.set('draft', draft);
  }

  // --- drawing ----------------------------------------------------------------------------------

  function draw() {
    if (drawing) return;
    drawing = true;
    queueMicrotask(() => {
      drawing = false;
      const { state } = transport;
      const unread = loading || view.watching ? 0 : conversation.unread(Number(storage.get('read')));
      view.draw({
        words, conversation, status, typing, troubled, remark: moved ? words.moved : identity.refused ? words.guest : '', thanked, unread, person, connection: state,
        pending: outbox.pending, loading: started && loading && state !== 'idle' && state !== 'refused' && state !== 'sign_in',
        rating: !thanked && !loading && conversation.rates(Number(storage.get('rated')), status?.owner === 'none'),
        title: pick(settings.title) || words.title, greeting: pick(settings.greeting), opener: opener(), sound: attention.sound, keeps: storage.keeps, ask: question(),
        faces: { bot: settings.avatar ?? '', agent: ours(status?.agent?.picture), name: status?.agent?.name ?? '' },
      });
      attention.title(unread && document.hidden ? words.titleUnread(unread) : '');
      if (unread !== lastUnread) emit('unread', { count: unread });
      lastUnread = unread;
      markRead();
    });
  }

  /** The greeting that was pressed: the first line, or the newest until there is a newer one. */
  function opener() {
    if (!pressed) return null;
    const count = conversation.entries.length + outbox.pending.length;
    if (pressed.after < 0 && !loading) pressed.after = count;
    const first = pressed.after === 0;
    return first || count === pressed.after ? { text: pick(pressed.text), first } : null;
  }

  /** A picture of the service's own; one from elsewhere would tell that place who looks. @param {string | null | undefined} path */
  const ours = (path) => (path?.[0] === '/' ? base + path.slice(1) : '');

  // --- who is here ------------------------------------------------------------------------------

  /** Shows a fresh identity when somebody is there to need it. */
  function renew() {
    if (stale && view.isOpen && !document.hidden) transport.reconnect();
  }

  /** @param {boolean} [all] with what was not sent yet, and the draft @param {boolean} [stored] also where tabs share it */
  function forgetVisitor(all = true, stored = true) {
    if (stored) for (const key of ['token', 'sub', ...MARKS]) storage.remove(key);
    if (all) {
      outbox.clear();
      storage.clear(stored);
      session.clear();
      view.clear();
      ending = false;
    }
    files.forget();
    conversation = new Conversation();
    status = null;
    consent = null;
    thanked = false;
    pressed = null;
    moved = false;
    loading = true;
    transport.forget();
    draw();
  }

  function connect() {
    if (transport.state === 'sign_in' || (started && stale)) transport.reconnect();
    if (started) return;
    started = true;
    transport.start();
  }

  const chat = {
    /** @param {Opening} [options] */
    open(options) {
      if (options?.greeting) pressed = { ...options.greeting, after: -1, told: false };
      connect();
      const draft = options?.draft ?? (view.isOpen ? null : storage.get('draft'));
      if (typeof draft === 'string') view.composer.write(draft);
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
    /** @param {Opening} [options] */
    toggle(options) {
      if (view.isOpen) chat.close();
      else chat.open(options);
    },
    /** Connects without opening: the visitor wrote in this tab before. */
    resume() {
      connect();
    },
    /** @param {import('./identity.js').Source} value */
    async identify(value) {
      const news = identity.set(value);
      if (!started || !(news || transport.state === 'sign_in')) return;
      if (saidSub) { // a page that renders again says the same customer again
        const who = await identity.current();
        if (!started || who.sub === saidSub) return;
      }
      transport.reconnect();
    },
    /** @param {string} name @param {Record<string, unknown>} [properties] */
    track(name, properties = {}) {
      outbox.add('event', { name: String(name), properties });
    },
    /** @param {string} tag @param {Words} loaded */
    setLocale(tag, loaded) {
      locale = tag;
      words = loaded;
      draw();
    },
    /** @param {boolean} [everywhere] */
    reset(everywhere = true) {
      if (everywhere) tabs?.postMessage('reset');
      identity.forget();
      transport.stop();
      started = false;
      forgetVisitor(true, everywhere); // the tab that began it clears what all share; later it may hold somebody new
      chat.close();
      emit('reset');
    },
  };

  document.addEventListener('visibilitychange', () => { renew(); draw(); });
  window.addEventListener('online', () => draw());
  window.addEventListener('offline', () => draw());
  storage.watch((key) => { if (key === 'read') draw(); });
  const tabs = typeof BroadcastChannel === 'function' ? new BroadcastChannel(context.prefix) : null;
  tabs?.addEventListener('message', (event) => {
    if (event.data === 'reset') chat.reset(false);
    else if (event.data === 'consent' && consent && !consent.accepted) transport.reconnect();
  });
  draw();
  return chat;
}
