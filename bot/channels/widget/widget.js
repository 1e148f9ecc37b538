// @ts-check
/*
 * Frontdesk: the embed script.
 *
 *   <script src="https://HOST/widget.js" data-site="default" async></script>
 *
 * Optional: data-locale="zh-CN", data-title="Acme Support", data-title-zh="小木客服".
 * Colours: set --frontdesk-accent and --frontdesk-on-accent on :root.
 *
 * It draws the launcher and nothing else. The chat itself is imported at the visitor's first interest (pointer, focus,
 * touch, open()); before that nothing is requested and nothing is stored. A tab in which the visitor has already written
 * counts as interested, so that an answer is not missed on the next page.
 */
(() => {
  'use strict';

  const script = /** @type {HTMLScriptElement | null} */ (
    document.currentScript ?? document.querySelector('script[src*="widget.js"][data-site]')
  );
  /** @type {any} */
  const page = window;
  if (!script || page.Frontdesk?.open) return;

  const early = Array.isArray(page.Frontdesk) ? page.Frontdesk : [];
  const base = new URL('.', script.src).href;
  const site = script.dataset.site || 'default';
  const prefix = `frontdesk:${site}:`;
  const words = {
    en: { open: 'Open chat', failed: 'The chat could not load. Press to try again.' },
    zh: { open: '打开在线客服', failed: '聊天窗口加载失败，请点击重试' },
  };

  /** @type {any} */ let chat = null;
  /** @type {Promise<any> | null} */ let loading = null;
  let attempts = 0;
  let locale = script.dataset.locale || document.documentElement.lang || navigator.language || 'en';
  /** @type {Array<[string, any[]]>} */ const waiting = [];
  /** @type {Map<string, Set<Function>>} */ const listeners = new Map();

  // --- the launcher -----------------------------------------------------------------------------

  const host = document.createElement('div');
  host.setAttribute('data-frontdesk', site);
  const root = host.attachShadow({ mode: 'open' });
  const css = `
    :host { all: initial; --a: var(--frontdesk-accent, #2f5d4e); --o: var(--frontdesk-on-accent, #fff);
      position: fixed; z-index: 2147483000; inset-block-end: 0; inset-inline-end: 0; }
    @media (prefers-color-scheme: dark) { :host { --a: var(--frontdesk-accent, #8fc4ac); --o: var(--frontdesk-on-accent, #10201a); } }
    @media print { :host { display: none; } }
    .launcher { all: unset; box-sizing: border-box; position: fixed; inset-block-end: calc(20px + env(safe-area-inset-bottom, 0px));
      inset-inline-end: calc(20px + env(safe-area-inset-right, 0px)); inline-size: 58px; block-size: 58px; border-radius: 50%;
      display: grid; place-items: center; cursor: pointer; color: var(--o); background: var(--a);
      box-shadow: 0 1px 2px rgb(20 30 25 / .2), 0 8px 24px rgb(20 30 25 / .24); transition: transform .16s ease, box-shadow .16s ease;
      -webkit-tap-highlight-color: transparent; }
    .launcher:hover { transform: translateY(-2px); box-shadow: 0 2px 4px rgb(20 30 25 / .2), 0 12px 30px rgb(20 30 25 / .3); }
    .launcher:focus-visible { outline: 3px solid var(--a); outline-offset: 3px; }
    .launcher svg { inline-size: 27px; block-size: 27px; grid-area: 1 / 1; }
    .launcher .down, .launcher.open .talk { display: none; }
    .launcher.open .down { display: block; }
    .launcher.busy svg { opacity: .35; }
    .launcher.busy::after { content: ''; grid-area: 1 / 1; inline-size: 24px; block-size: 24px; border-radius: 50%;
      border: 3px solid currentColor; border-block-start-color: transparent; animation: turn .8s linear infinite; }
    .badge { position: absolute; inset-block-start: -3px; inset-inline-end: -3px; min-inline-size: 22px; box-sizing: border-box;
      padding: 0 6px; border-radius: 11px; background: #b3261e; color: #fff; text-align: center; box-shadow: 0 0 0 2px #fff;
      font: 600 12px/22px system-ui, sans-serif; }
    .badge[hidden] { display: none; }
    @keyframes turn { to { transform: rotate(1turn); } }
    @media (prefers-reduced-motion: reduce) { .launcher { transition: none; } .launcher.busy::after { animation-duration: 3s; } }
    @media (forced-colors: active) { .launcher, .badge { border: 2px solid ButtonText; } }
  `;
  /** @param {string} text A stylesheet for the shadow root; constructable ones pass a strict CSP. */
  const addStyle = (text) => {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheet];
    } catch {
      const style = document.createElement('style');
      style.textContent = text;
      root.append(style);
    }
  };
  addStyle(css);

  /** @param {string} name @param {string} path */
  const icon = (name, path) => {
    const ns = 'http://www.w3.org/2000/svg';
    const svg = document.createElementNS(ns, 'svg');
    const shape = document.createElementNS(ns, 'path');
    for (const [key, value] of Object.entries({ class: name, viewBox: '0 0 24 24', fill: 'none', stroke: 'currentColor',
      'stroke-width': '1.8', 'stroke-linecap': 'round', 'stroke-linejoin': 'round', 'aria-hidden': 'true' })) svg.setAttribute(key, value);
    shape.setAttribute('d', path);
    svg.append(shape);
    return svg;
  };
  const launcher = document.createElement('button');
  const badge = document.createElement('span');
  launcher.type = 'button';
  launcher.className = 'launcher';
  launcher.setAttribute('aria-expanded', 'false');
  badge.className = 'badge';
  badge.hidden = true;
  launcher.append(
    icon('talk', 'M12 3.8c-4.9 0-8.8 3.3-8.8 7.5 0 2.3 1.2 4.3 3 5.7l-.6 3.2 3.5-1.7c.9.2 1.9.4 2.9.4 4.9 0 8.8-3.4 8.8-7.6S16.9 3.8 12 3.8zM8.3 11.4h.01M12 11.4h.01M15.7 11.4h.01'),
    icon('down', 'M6 9.5l6 6 6-6'),
    badge,
  );
  root.append(launcher);

  /** @param {'open' | 'failed'} which */
  const label = (which) => {
    const text = words[/^zh\b/i.test(locale) ? 'zh' : 'en'][which];
    launcher.setAttribute('aria-label', text);
    launcher.title = text;
  };
  label('open');

  // --- loading the chat -------------------------------------------------------------------------

  /** @param {string} event @param {unknown} [detail] */
  const emit = (event, detail) => {
    for (const listener of [...(listeners.get(event) ?? [])]) {
      try {
        listener(detail);
      } catch (fault) {
        setTimeout(() => { throw fault; });
      }
    }
  };

  /** @returns {Promise<any>} */
  const load = () => {
    if (loading) return loading;
    const retry = attempts++ ? `?retry=${attempts}` : ''; // some browsers remember a failed import
    loading = import(`${base}widget/chat/chat.js${retry}`).then((module) => {
      chat = module.start({ root, host, launcher, badge, addStyle, base, site, prefix, locale, emit, titles: { ...script.dataset } });
      for (const [name, args] of waiting.splice(0)) chat[name](...args);
      return chat;
    });
    loading.catch(() => { loading = null; });
    return loading;
  };

  /** @param {'open' | 'toggle' | 'resume'} name @param {any[]} args */
  const loadAnd = (name, args) => {
    if (chat) return chat[name](...args);
    if (name !== 'resume') launcher.classList.add('busy');
    load().then(
      () => { chat[name](...args); },
      (fault) => { label('failed'); emit('error', { code: 'load_failed', message: String(fault) }); },
    ).finally(() => launcher.classList.remove('busy'));
  };

  /** @param {string} name @param {any[]} args */
  const later = (name, args) => {
    if (chat) chat[name](...args);
    else if (waiting.length < 100) waiting.push([name, args]);
  };

  const interest = () => { load().catch(() => {}); };
  launcher.addEventListener('pointerenter', interest);
  launcher.addEventListener('focus', interest);
  launcher.addEventListener('touchstart', interest, { passive: true });
  launcher.addEventListener('click', () => loadAnd('toggle', []));

  // --- the interface for pages ------------------------------------------------------------------

  const api = Object.freeze({
    /** Opens the chat; `{draft}` puts a text into the composer, unsent. @param {{draft?: string}} [options] */
    open: (options) => { loadAnd('open', [options]); },
    close: () => { chat?.close(); },
    toggle: () => { loadAnd('toggle', []); },
    /** @param {string | null | (() => string | null | Promise<string | null>)} identity A JWT, or what fetches a fresh one. */
    identify: (identity) => { later('identify', [identity]); },
    /** @param {string} name @param {Record<string, unknown>} [properties] Kept until the chat is first opened. */
    track: (name, properties) => { later('track', [name, properties]); },
    /** @param {string} tag Such as `zh-CN` or `en`. */
    setLocale: (tag) => {
      locale = String(tag);
      if (chat) chat.setLocale(locale);
      else label('open');
    },
    /** Forgets the visitor, their messages and their identity: call it at sign-out. */
    reset: () => {
      if (chat) return chat.reset();
      waiting.length = 0;
      for (const kind of /** @type {const} */ (['localStorage', 'sessionStorage'])) {
        try {
          const store = window[kind];
          for (const key of Object.keys(store)) if (key.startsWith(prefix)) store.removeItem(key);
        } catch { /* storage is forbidden: nothing was kept */ }
      }
      try {
        const tabs = new BroadcastChannel(prefix);
        tabs.postMessage('reset');
        tabs.close();
      } catch { /* no other tab can hear */ }
      emit('reset');
    },
    /** Events: open, close, ready, message, status, unread, reset, error. @param {string} event @param {Function} listener
     *  @returns {() => void} takes the listener away again */
    on: (event, listener) => {
      if (!listeners.has(event)) listeners.set(event, new Set());
      listeners.get(event)?.add(listener);
      return () => { listeners.get(event)?.delete(listener); };
    },
  });
  page.Frontdesk = api;

  const draw = () => {
    document.body.append(host);
    for (const [name, ...args] of early) if (name in api) /** @type {any} */ (api)[name](...args);
    window.dispatchEvent(new Event('frontdesk:ready'));
    let writing = false;
    try {
      writing = sessionStorage.getItem(`${prefix}live`) === '1';
    } catch { /* storage is forbidden */ }
    if (writing) loadAnd('resume', []);
  };
  if (document.body) draw();
  else document.addEventListener('DOMContentLoaded', draw, { once: true });
})();
