// @ts-check
/*
 * Frontdesk: the embed script.
 *
 *   <script src="https://HOST/widget.js" data-site="default" async></script>
 *
 * How it looks is the site's part of the configuration. A page may deviate by attributes: data-locale, data-theme,
 * data-position, data-accent, data-z-index, and the texts data-launcher and data-title, each also
 * for one language (data-title-zh); or by --frontdesk-accent and --frontdesk-on-accent on :root.
 *
 * It draws the launcher and nothing else. The chat itself is imported at the visitor's first interest (pointer, focus,
 * touch, open()); before that nothing is requested and nothing is stored. A tab in which the visitor has already written
 * counts as interested, so that an answer is not missed on the next page.
 *
 * The service puts two constants in front: BUILD, the folder of everything else, and SITES, how each site looks.
 *
 * It runs among strangers, who replace built-ins and style everything: so it keeps to syntax rather than to methods of
 * arrays, and what its host element must keep is important.
 */
(function begin(/** @type {HTMLScriptElement | null} */ script) {
  /** @typedef {Record<string, string>} Texts  by language */

  /** The languages of the chat: a line here, the rest in chat/words/. The first is for everyone else. */
  const WORDS = {
    en: { name: 'Chat', open: 'Open chat', failed: 'The chat could not load. Press to try again.', dismiss: 'Dismiss' },
    zh: { name: '在线客服', open: '打开在线客服', failed: '聊天窗口加载失败，点击重试。', dismiss: '关闭' },
  };

  /** @type {any} */ const page = window;
  if (!script) return;
  const { dataset } = script;
  const site = dataset.site || (SITES.default ? 'default' : Object.keys(SITES)[0]);
  if (page.Frontdesk?.open) {
    if (page.Frontdesk.site !== site) console.warn(`Frontdesk: site "${site}" is left out, this page has "${page.Frontdesk.site}".`);
    return;
  }
  if (!Object.hasOwn(SITES, site)) {
    console.error(`Frontdesk: no site "${site}" is configured.`);
    return;
  }

  const look = SITES[site];
  const early = page.Frontdesk;
  const base = new URL('.', script.src).href;
  const prefix = `frontdesk:${site}:`;
  let locale = dataset.locale || document.documentElement.lang || navigator.language || 'en';

  /** @type {any} */ let chat = null;
  /** @type {Promise<void> | null} */ let loading = null;
  let attempts = 0;
  /** @type {Array<{name: string, first: any, second: any}>} */ let waiting = [];
  /** @type {Array<{event: string, listener: Function}>} */ let listeners = [];

  // --- languages --------------------------------------------------------------------------------

  /** The language of these that fits best. @template {object} T @param {T} all @returns {keyof T} */
  const languageOf = (all) => {
    for (let tag = locale.toLowerCase(); tag; tag = tag.replace(/[-_]?[^-_]*$/, '')) {
      if (Object.hasOwn(all, tag)) return /** @type {keyof T} */ (tag);
    }
    return /** @type {keyof T} */ (Object.keys(all)[0]);
  };
  /** @param {Texts | null | undefined} texts */
  const pick = (texts) => (texts && texts[languageOf(texts)]) || '';

  /** A text of the site, or what the page's attributes say instead. @param {string} name @param {Texts | null} [texts] */
  const textsOf = (name, texts) => {
    const own = { ...texts };
    for (const language in WORDS) {
      const said = dataset[name + language[0].toUpperCase() + language.slice(1)] ?? dataset[name];
      if (said) own[language] = said;
    }
    return own;
  };

  /** @param {string} tag */
  const directionOf = (tag) => {
    try {
      /** @type {any} */ const known = new Intl.Locale(tag);
      return (known.getTextInfo?.() ?? known.textInfo).direction;
    } catch { // not every browser knows
      return /^(ar|fa|he|ug|ur)/.test(tag) ? 'rtl' : 'ltr';
    }
  };

  // --- the launcher -----------------------------------------------------------------------------

  /** @param {string | undefined} value */
  const colour = (value) => (value && CSS.supports('color', value) ? value : '');
  const own = colour(dataset.accent);
  const onOwn = colour(`oklch(from ${own} clamp(0, (.56 - l) * 999, 1) 0 0)`) || '#fff';
  const lifted = colour(`oklch(from ${own} max(l, .76) min(c, .13) h)`); // for the dark
  const { accent, on_accent: onAccent, dark } = own
    ? { accent: own, on_accent: onOwn, dark: { accent: lifted || own, on_accent: lifted ? '#111' : onOwn } } : look;
  const theme = dataset.theme || look.theme;

  const host = document.createElement('div');
  const root = host.attachShadow({ mode: 'open' });
  const colours = `
    :host { z-index: ${Number(dataset.zIndex) || look.z_index} !important; --a: var(--frontdesk-accent, ${accent}); --o: var(--frontdesk-on-accent, ${onAccent}); }
    :host([data-theme=dark]) { --a: var(--frontdesk-accent, ${dark.accent}); --o: var(--frontdesk-on-accent, ${dark.on_accent}); }
  `;
  const css = /* css */ `
    :host {
      all: initial !important; display: block !important; position: fixed !important; inset: 0 auto auto 0 !important;
      direction: ltr !important; unicode-bidi: isolate !important; color-scheme: light !important;
      --bg: #ffffff; --text: #1d2320; --dim: #5f6864; --ring: rgb(20 30 25 / .07); --far: rgb(20 30 25 / .2);
      --shadow: 0 0 0 1px var(--ring), 0 2px 6px var(--ring), 0 16px 48px var(--far);
      --font: system-ui, -apple-system, 'PingFang SC', 'Microsoft YaHei', sans-serif;
      --edge: calc(20px + env(safe-area-inset-right, 0px)); --side: auto var(--edge);
      --foot: calc(20px + env(safe-area-inset-bottom, 0px));
    }
    :host([dir=rtl]) { direction: rtl !important; }
    :host([data-position=start]) { --side: var(--edge) auto; }
    :host([data-theme=dark]) { color-scheme: dark !important; --bg: #191c1b; --text: #eceeec; --dim: #a4aba7; --ring: rgb(255 255 255 / .08); --far: rgb(0 0 0 / .6); }
    @media print { :host { display: none !important; } }
    [hidden] { display: none !important; }
    button { all: unset; box-sizing: border-box; cursor: pointer; -webkit-tap-highlight-color: transparent; }
    button:focus-visible { outline: 3px solid var(--a); outline-offset: 3px; }
    svg { inline-size: 28px; flex: none; fill: none; stroke: currentColor; stroke-width: 1.8; stroke-linecap: round; stroke-linejoin: round; }
    .launcher {
      position: fixed; inset-block-end: var(--foot); inset-inline: var(--side); display: flex; align-items: center; justify-content: center;
      padding: 8px 16px; min-block-size: 60px; max-inline-size: calc(100vw - 40px); border-radius: 30px; color: var(--o); background: var(--a);
      font: 600 1em/1.25 var(--font); box-shadow: 0 2px 4px var(--ring), 0 8px 24px var(--far); transition: transform .2s; animation: rise .3s;
    }
    .launcher:hover { transform: scale(1.05); }
    .text:not(:empty) { margin-inline: 10px 8px; }
    .busy { animation: pulse 1s infinite; }
    .teaser {
      position: fixed; inset-block-end: calc(var(--foot) + 74px); inset-inline: var(--side); display: flex; align-items: flex-start; inline-size: max-content;
      max-inline-size: min(19em, 100vw - 40px); color: var(--text); font: .9375em/1.5 var(--font);
    }
    .teaser.on { border-radius: 20px; background: var(--bg); box-shadow: var(--shadow); animation: rise .3s; }
    .say { padding: 14px 0 14px 18px; overflow-wrap: anywhere; }
    .dismiss { padding: 10px 18px; color: var(--dim); font-size: 1.3em; }
    @keyframes rise { from { opacity: 0; transform: translateY(8px) scale(.97); } }
    @keyframes pulse { 50% { opacity: .3; } }
    @media (prefers-reduced-motion: reduce) { * { transition: none !important; animation: none !important; } }
    @media (forced-colors: active) { .launcher, .teaser.on { border: 2px solid; } }
  `;
  /** @param {string} text A stylesheet for the shadow root; constructable ones pass a strict CSP. */
  const addStyle = (text) => {
    try {
      const sheet = new CSSStyleSheet();
      sheet.replaceSync(text);
      root.adoptedStyleSheets = root.adoptedStyleSheets.concat(sheet);
    } catch {
      const style = document.createElement('style');
      style.textContent = text;
      root.append(style);
    }
  };
  addStyle(css + colours);

  /** @param {string} tag @param {string} name @param {...(Node | string)} children @returns {any} */
  const make = (tag, name, ...children) => {
    const element = document.createElement(tag);
    element.className = name;
    if (tag === 'button') element.setAttribute('type', 'button');
    for (let at = 0; at < children.length; at += 1) element.append(children[at]);
    return element;
  };
  const SVG = 'http://www.w3.org/2000/svg';
  const icon = document.createElementNS(SVG, 'svg');
  const shape = document.createElementNS(SVG, 'path');
  icon.setAttribute('class', 'talk');
  icon.setAttribute('viewBox', '0 0 24 24');
  icon.setAttribute('aria-hidden', 'true');
  shape.setAttribute('d', 'M12 4c-5 0-9 3.3-9 7.4 0 2.3 1.2 4.3 3 5.7l-.6 3.3L9 18.6c1 .2 2 .3 3 .3 5 0 9-3.3 9-7.5S17 4 12 4zM8.3 11.4h.01M12 11.4h.01M15.7 11.4h.01');
  icon.append(shape);
  const caption = make('span', 'text');
  const badge = make('span', 'badge');
  const launcher = make('button', 'launcher', icon, caption, badge);
  badge.hidden = true;
  launcher.setAttribute('aria-expanded', 'false');

  const line = make('button', 'say');
  const aloud = make('div', '', line); // is there before its words are, or they would not be read out
  const dismiss = make('button', 'dismiss', '×');
  const teaser = make('div', 'teaser', aloud, dismiss);
  aloud.setAttribute('role', 'status');
  root.append(teaser, launcher);

  /** @type {{id?: string, text?: Texts} | null} */ let said = null; // the greeting in the teaser; or nothing of one: that the chat failed

  /** @param {string} text What a press on the launcher does. Its name begins with what can be read on it. */
  const label = (text) => {
    const read = launcher.classList.contains('open') ? '' : caption.textContent;
    launcher.title = text;
    launcher.setAttribute('aria-label', `${read} ${text}`.trim());
  };

  /** Says everything in the present language. */
  const speak = () => {
    const language = languageOf(WORDS);
    host.lang = language;
    host.dir = directionOf(language);
    host.setAttribute('aria-label', WORDS[language].name);
    caption.textContent = pick(textsOf('launcher', look.launcher));
    if (!chat) label(WORDS[language].open);
    dismiss.title = WORDS[language].dismiss;
    dismiss.setAttribute('aria-label', dismiss.title);
    line.hidden = dismiss.hidden = !said;
    line.textContent = said && (pick(said.text) || WORDS[language].failed);
    teaser.classList.toggle('on', said !== null);
  };

  const night = matchMedia('(prefers-color-scheme: dark)');
  const paint = () => {
    host.dataset.theme = theme === 'light' || theme === 'dark' ? theme : night.matches ? 'dark' : 'light';
  };
  night.addEventListener('change', paint);
  paint();
  host.dataset.frontdesk = site;
  host.dataset.position = dataset.position || look.position;
  host.dataset.mobile = look.mobile;
  host.setAttribute('role', 'region');
  speak();

  // --- loading the chat -------------------------------------------------------------------------

  /** @param {string} event @param {unknown} [detail] */
  const emit = (event, detail) => {
    const now = listeners;
    for (let at = 0; at < now.length; at += 1) {
      try {
        if (now[at].event === event) now[at].listener(detail);
      } catch (fault) {
        setTimeout(() => { throw fault; });
      }
    }
  };

  /** @param {unknown} fault */
  const failed = (fault) => {
    console.error('Frontdesk:', fault);
    emit('error', { code: 'load_failed', message: String(fault) });
  };

  let parts = ''; // the folder of everything else
  const loadWords = async () => (await import(`${parts}chat/words/${languageOf(WORDS)}.js`)).default;
  /** @param {string} name @param {'json' | 'text'} as */
  const fetched = async (name, as) => {
    const response = await fetch(parts + name, { credentials: 'omit' });
    if (!response.ok) throw new Error(`${response.status} ${name}`);
    return response[as]();
  };

  const start = async () => {
    const asked = locale;
    // Some browsers remember a failed import: a retry takes the address of what would be an older build.
    parts = `${base}widget/${BUILD.slice(attempts)}${BUILD.slice(0, attempts)}/`;
    attempts = (attempts + 1) % BUILD.length;
    const coming = [import(`${parts}chat/chat.js`), loadWords(), fetched(`sites/${site}.json`, 'json'), fetched('chat/style.css', 'text')];
    for (let at = 0; at < 4; at += 1) coming[at].catch(() => {}); // one failure is told, not four
    const module = await coming[0];
    const words = await coming[1];
    const settings = await coming[2];
    addStyle(await coming[3]);
    settings.title = textsOf('title', settings.title);
    settings.avatar &&= `${parts}sites/${settings.avatar}`;
    chat = module.start({ root, host, launcher, badge, label, base, site, prefix, locale: asked, words, settings, pick, emit });
    if (locale !== asked) api.setLocale(locale);
    for (let at = 0; at < waiting.length; at += 1) chat[waiting[at].name](waiting[at].first, waiting[at].second);
    waiting = [];
  };
  const load = () => (loading ??= start().catch((fault) => {
    loading = null;
    throw fault;
  }));

  /** @param {'open' | 'toggle' | 'resume'} name @param {{draft?: string}} [options] */
  const loadAnd = async (name, options) => {
    const resumes = name === 'resume';
    const greeting = said?.id ? said : undefined;
    if (!resumes) {
      settle();
      if (!host.isConnected) attach(); // the page has taken it out
    }
    if (!chat) {
      launcher.classList.toggle('busy', !resumes);
      try {
        await load();
      } catch (fault) {
        failed(fault);
        if (!resumes) {
          said = {};
          speak();
        }
        return;
      } finally {
        launcher.classList.remove('busy');
      }
    }
    chat[name]({ ...options, greeting });
  };

  /** @param {string} name @param {any} first @param {any} [second] */
  const later = (name, first, second) => {
    if (chat) chat[name](first, second);
    else if (waiting.length < 100) waiting[waiting.length] = { name, first, second };
  };

  const interest = () => { load().catch(() => {}); };
  launcher.addEventListener('pointerenter', interest);
  launcher.addEventListener('focus', interest);
  launcher.addEventListener('click', () => loadAnd('toggle'));
  line.addEventListener('pointerenter', interest);
  line.addEventListener('click', () => loadAnd('open'));
  dismiss.addEventListener('click', () => settle());
  teaser.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => {
    if (event.key !== 'Escape') return;
    event.stopPropagation();
    settle();
  });

  // --- greetings --------------------------------------------------------------------------------

  const tracked = new Set();
  let path = location.pathname;
  let seconds = 0; // that this page was looked at
  let depth = 0; // how far down, in percent of the way
  let quiet = false; // on this page nothing more is said
  let greeted = '';
  /** The ids of the greetings that were answered, in any tab, each between blanks. */
  const answered = () => {
    try {
      greeted = localStorage.getItem(`${prefix}greeted`) ?? greeted;
    } catch { /* storage is forbidden: it holds for this page */ }
    return greeted;
  };

  /** Takes the teaser away. A greeting that was in it is never shown again. */
  const settle = () => {
    quiet = true;
    if (said?.id) {
      greeted = `${answered()} ${said.id} `;
      try {
        localStorage.setItem(`${prefix}greeted`, greeted);
      } catch { /* or full */ }
    }
    if (teaser.contains(root.activeElement)) launcher.focus();
    said = null;
    speak();
  };

  /** Whether a pattern, whose `*` stands for anything, fits the page. @param {string} glob */
  const fits = (glob) => new RegExp(`^${glob.replace(/[\\^$.+?()[\]{}|]/g, '\\$&').replace(/\*+/g, '.*')}$`).test(path);

  /** Each second: is there something to say on this page now? */
  const lookAround = () => {
    const { greetings } = look;
    if (document.hidden) return;
    if (path !== location.pathname) { // for which it need not have been loaded anew
      path = location.pathname;
      seconds = depth = 0;
      quiet = launcher.classList.contains('open');
      if (said?.id) said = null;
      speak();
    }
    seconds += 1;
    depth = Math.max(depth, (scrollY / (document.documentElement.scrollHeight - innerHeight)) * 100 || 0);
    for (let at = 0; at < greetings.length && !quiet; at += 1) {
      const { id, pages = [], after_s: after = 0, scrolled = 0, event } = greetings[at];
      let here = !pages.length;
      for (let one = 0; one < pages.length; one += 1) here ||= fits(pages[one]);
      if (here && seconds >= after && depth >= scrolled && (!event || tracked.has(event)) && !answered().includes(` ${id} `)) {
        quiet = true;
        said = greetings[at];
        speak();
        emit('greeting', { id });
      }
    }
  };

  // --- the interface for pages ------------------------------------------------------------------

  /** @param {'localStorage' | 'sessionStorage'} kind */
  const forget = (kind) => {
    try {
      const store = window[kind];
      const keys = Object.keys(store);
      for (let at = 0; at < keys.length; at += 1) if (keys[at].startsWith(prefix)) store.removeItem(keys[at]);
    } catch { /* storage is forbidden: nothing was kept */ }
  };

  const api = {
    site,
    /** Opens the chat; `{draft}` puts a text into the composer, unsent. @param {{draft?: string}} [options] */
    open: (options) => { loadAnd('open', options); },
    close: () => { chat?.close(); },
    toggle: () => { loadAnd('toggle'); },
    /** @param {string | null | (() => string | null | Promise<string | null>)} identity A JWT, or what fetches a fresh one. */
    identify: (identity) => { later('identify', identity); },
    /** @param {string} name @param {Record<string, unknown>} [properties] Kept until the chat is first opened. */
    track: (name, properties) => {
      tracked.add(name);
      later('track', name, properties);
    },
    /** @param {string} tag Such as `zh-CN` or `en`. */
    setLocale: (tag) => {
      const asked = locale = String(tag);
      speak();
      if (!chat) return;
      loadWords().then((words) => { if (locale === asked) chat.setLocale(asked, words); }, failed);
    },
    /** Forgets the visitor, their messages and their identity: call it at sign-out. */
    reset: () => {
      if (chat) return chat.reset();
      waiting = [];
      forget('localStorage');
      forget('sessionStorage');
      try {
        const tabs = new BroadcastChannel(prefix);
        tabs.postMessage('reset');
        tabs.close();
      } catch { /* no other tab can hear */ }
      emit('reset');
    },
    /** What pages write that do not wait for this script: `Frontdesk.push(['open'])`. @param {[string, any, any]} call */
    push: (call) => { /** @type {any} */ (api)[call[0]]?.(call[1], call[2]); },
    /** Events: open, close, ready, message, status, unread, greeting, reset, error. @param {string} event @param {Function} listener
     *  @returns {() => void} takes the listener away again */
    on: (event, listener) => {
      const one = { event, listener };
      listeners = listeners.concat(one);
      return () => { listeners = listeners.filter((other) => other !== one); };
    },
  };

  page.Frontdesk = api;

  const attach = () => { document.documentElement.append(host); }; // not into the body, whose contents many pages replace
  const draw = () => {
    attach();
    if (!host.isConnected) console.error('Frontdesk: this page keeps the chat out.');
    for (let at = 0; at < early?.length; at += 1) api.push(early[at]);
    window.dispatchEvent(new Event('frontdesk:ready'));
    let writing = false;
    try {
      writing = sessionStorage.getItem(`${prefix}live`) === '1';
    } catch { /* storage is forbidden */ }
    const clock = look.greetings.length && !writing ? setInterval(lookAround, 1000) : 0;
    if (writing) loadAnd('resume');
    new MutationObserver((_, observer) => { // a page that writes its document anew loses all elements, and all listeners with them
      if (host.isConnected || !document.documentElement) return;
      observer.disconnect();
      clearInterval(clock);
      chat?.close();
      page.Frontdesk = null;
      begin(script);
    }).observe(document, { childList: true });
  };
  if (document.readyState !== 'loading' || document.body) draw();
  else document.addEventListener('DOMContentLoaded', draw, { once: true });
})(document.currentScript instanceof HTMLScriptElement ? document.currentScript // and not an element of that name, which somebody put into the page
  : document.querySelector('script[src*="/widget.js"]'));
