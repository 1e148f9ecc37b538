// @ts-check
import { Ask } from './ask.js';
import { Composer } from './composer.js';
import { h, icon } from './dom.js';
import { Forms } from './forms.js';
import { Menu } from './menu.js';
import { Rating } from './rating.js';
import { waitOf } from './time.js';
import { Transcript } from './transcript.js';

/**
 * The window of the chat: draws what it is told, tells what is pressed.
 *
 * @typedef {import('./words/en.js').Words} Words
 * @typedef {object} Model
 * @property {Words} words
 * @property {string} title
 * @property {string} greeting
 * @property {{text: string, first: boolean} | null} opener  a greeting that was pressed: above the conversation, or below it
 * @property {import('./conversation.js').Conversation} conversation
 * @property {import('./outbox.js').Item[]} pending
 * @property {import('./transport.js').Status | null} status
 * @property {string | null} typing  whose name
 * @property {import('./transport.js').State} connection
 * @property {boolean} troubled  long enough to say so
 * @property {string} remark  said as long as nothing worse is to be said
 * @property {boolean} loading  the conversation so far is on its way
 * @property {boolean} rating  offered
 * @property {boolean} thanked  and given
 * @property {boolean} person  can be talked to
 * @property {boolean} sound
 * @property {boolean} keeps  what is written survives a reload
 * @property {{bot: string, agent: string, name: string}} faces  addresses of pictures, and the agent's name
 * @property {import('./ask.js').Question | null} ask
 * @property {number} unread
 *
 * @typedef {{send(text: string, files?: import('./files.js').File_[]): void, draft(text: string): void, close(): void, rate(score: number, comment: string): void,
 *   skipRating(): void, choose(seq: number, value: string, label: string): void, retry(id: string): void, discard(id: string): void,
 *   seen(): void, sound(): void, save(): void, end(): void}} Act
 */

const NEAR_TOP = 800; // px above which more of a long conversation is put
const HUSH = 500; // ms in which what is put above is not announced

export class View {
  isOpen = false;
  #atEnd = true;
  #drawn = 0; // entries drawn last
  /** @type {Words | null} */ #words = null;
  /** @type {Model | null} */ #model = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #hush;

  /** @param {import('./chat.js').Context} context @param {import('./files.js').Files} files @param {Act} act */
  constructor({ root, launcher, badge, label }, files, act) {
    this.root = root;
    this.launcher = launcher;
    this.badge = badge;
    this.label = label;
    this.act = act;

    this.title = h('h2', { class: 'title', id: 'title', tabindex: '-1' });
    this.subtitle = h('p', { class: 'subtitle', role: 'status' });
    this.mark = h('span', { class: 'mark', 'aria-hidden': 'true' });
    this.menu = new Menu({ sound: act.sound, save: act.save, end: act.end });
    this.closer = h('button', { class: 'plain', onclick: act.close }, icon('close'));
    this.queue = h('div', { class: 'queue', hidden: true });
    this.earlier = h('button', { class: 'link earlier', hidden: true, onclick: () => this.#more() });
    this.introTitle = h('p', { class: 'intro-title' });
    this.introBody = h('p', { class: 'intro-body' });
    this.intro = h('div', { class: 'intro' }, h('span', { class: 'intro-mark' }, icon('spark')), this.introTitle, this.introBody);
    this.list = h('div', { class: 'list', role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions', tabindex: '0' });
    this.opener = h('div', { class: 'entry theirs bot first last', hidden: true });
    this.typing = h('div', { class: 'typing', hidden: true }, h('span', { class: 'hidden' }), h('i'), h('i'), h('i'));
    this.rating = new Rating(act.rate, () => { act.skipRating(); this.focus(); });
    this.scroller = h('div', { class: 'scroller', onscroll: () => this.#scrolled() }, this.earlier, this.intro, this.list, this.opener, this.typing, this.rating.element);
    this.jump = h('button', { class: 'jump', hidden: true, onclick: () => this.#toEnd(true) });
    this.notice = h('div', { class: 'notice-bar', role: 'status', hidden: true });
    this.personLabel = h('span');
    this.person = h('button', { class: 'person', hidden: true, onclick: () => this.#askPerson() }, icon('person'), this.personLabel);
    this.composer = new Composer(files, act);
    this.ask = new Ask();
    this.panel = h('section', { class: 'panel', role: 'dialog', 'aria-labelledby': 'title', hidden: true },
      h('div', { class: 'header' }, this.mark, h('div', { class: 'heading' }, this.title, this.subtitle), this.menu.element, this.closer),
      this.queue,
      h('div', { class: 'middle' }, this.scroller, this.jump),
      h('div', { class: 'foot' }, this.notice, h('div', { class: 'actions' }, this.person), this.ask.element, this.composer.element));
    root.insertBefore(this.panel, launcher);
    launcher.append(icon('close'));
    this.forms = new Forms((text) => { act.send(text); this.focus(); });
    this.transcript = new Transcript(this.list, files, this.forms, act);

    this.panel.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.#key(event));
    for (const name of ['dragover', 'dragleave', 'drop']) {
      this.panel.addEventListener(name, (/** @type {DragEvent} */ event) => {
        if (!event.dataTransfer?.types.includes('Files')) return;
        event.preventDefault();
        this.panel.classList.toggle('drop', name === 'dragover');
        if (name === 'drop') files.add(event.dataTransfer.files);
      });
    }
    const fit = () => this.#fit();
    window.visualViewport?.addEventListener('resize', fit);
    window.visualViewport?.addEventListener('scroll', fit);
    const sizes = new ResizeObserver(() => { if (this.isOpen && this.#atEnd) this.#toEnd(false); });
    for (const one of [this.scroller, this.list]) sizes.observe(one);
  }

  open() {
    if (this.isOpen) return;
    this.isOpen = true;
    this.panel.hidden = false;
    this.panel.setAttribute('aria-modal', String(this.#fills()));
    this.launcher.classList.add('open');
    this.launcher.setAttribute('aria-expanded', 'true');
    this.#fit();
    this.composer.fit();
    if (this.#model) this.draw(this.#model);
    this.#toEnd(false);
    this.focus();
  }

  close() {
    if (!this.isOpen) return;
    const inside = this.panel.contains(this.root.activeElement);
    this.isOpen = false;
    this.menu.close(false);
    this.panel.hidden = true;
    this.launcher.classList.remove('open');
    this.launcher.setAttribute('aria-expanded', 'false');
    if (this.#model) this.draw(this.#model);
    if (inside) this.launcher.focus();
  }

  /** Leaves nothing of a conversation in the page, shown or not. */
  clear() {
    this.#model = null;
    this.composer.write('');
    this.forms.forget();
    this.transcript.forget();
    for (const one of [this.queue, this.mark, this.subtitle, this.typing.firstChild, this.notice]) one.replaceChildren();
    for (const one of [this.queue, this.mark]) one.removeAttribute('data-drawn');
  }

  /** What is asked, or the composer; on touch screens the heading, so that the keyboard does not jump up. */
  focus() {
    const { input, element } = this.composer;
    const quiet = element.hidden || (matchMedia('(hover: none) and (pointer: coarse)').matches && !input.value);
    (this.ask.element.hidden ? quiet ? this.title : input : this.ask.element).focus({ preventScroll: true });
  }

  /** Whether the newest message can be seen now. */
  get watching() {
    return this.isOpen && !document.hidden && this.#atEnd;
  }

  /** @param {Model} model */
  draw(model) {
    this.#model = model;
    const { words, status, connection, conversation, pending } = model;
    if (this.#words !== words) this.#speak(words);
    this.title.textContent = model.title;
    this.#label(model);
    if (!this.isOpen) return;

    // the transcript
    const shut = connection === 'refused' || connection === 'sign_in';
    const count = conversation.entries.length + pending.length;
    this.list.setAttribute('aria-busy', String(model.loading));
    if (!this.#hush) this.list.setAttribute('aria-live', model.loading ? 'off' : 'polite');
    this.#drawOpener(model);
    this.intro.hidden = count > 0 || !this.opener.hidden || (model.loading && connection !== 'waiting');
    set(this.introTitle, model.greeting || words.introTitle);
    set(this.introBody, model.greeting || shut ? '' : words.introBody(model.person));
    const stick = this.#atEnd || (count > this.#drawn && pending.length > 0);
    if (!model.loading || connection !== 'online') this.transcript.draw(conversation, pending, words, this.#how(model));
    this.typing.hidden = model.typing === null;
    set(this.typing.firstChild, model.typing === null ? '' : words.typing(model.typing));
    this.rating.draw(words, model.rating, model.thanked);
    if (stick) this.#toEnd(false);
    else if (count > this.#drawn) this.jump.hidden = false;
    this.#drawn = count;

    // who is there
    const owner = status?.owner ?? 'bot';
    const agent = status?.agent?.name ?? '';
    const away = shut || model.troubled; // nobody answers at present
    set(this.subtitle, away ? '' : owner === 'agent' ? words.withAgent(agent) : owner === 'queue' ? words.queued(status?.position ?? null)
      : owner === 'none' ? words.ended : words.withBot);
    this.mark.dataset.owner = owner;
    this.mark.classList.toggle('away', away);
    const plain = () => this.mark.replaceChildren(owner === 'agent' ? [...agent][0] || icon('person') : icon(owner === 'queue' ? 'clock' : 'spark'));
    const picture = owner === 'agent' ? model.faces.agent : owner === 'queue' ? '' : model.faces.bot;
    if (differs(this.mark, owner + agent + picture)) {
      if (picture) this.mark.replaceChildren(h('img', { src: picture, alt: '', onerror: plain }));
      else plain();
    }
    this.#drawQueue(model);
    this.menu.draw(words, { sound: model.sound, save: !model.loading && conversation.entries.length > 0, end: owner !== 'none' && conversation.turns > 0 });

    // the foot
    const offline = !navigator.onLine;
    const bar = connection === 'refused' ? words.refused : connection === 'sign_in' ? words.signIn : !model.troubled ? model.remark
      : offline ? (model.keeps ? words.offline : words.offlineHere) : count ? words.reconnecting : words.connecting;
    set(this.notice, bar);
    this.notice.hidden = !bar;
    this.notice.classList.toggle('offline', offline);
    this.person.hidden = !model.person || conversation.turns + pending.length < 1 || owner === 'queue' || owner === 'agent' || shut || model.ask !== null;
    const inside = this.panel.contains(this.root.activeElement);
    const asked = this.ask.draw(model.ask);
    const { composer } = this;
    const was = composer.element.hidden;
    composer.element.hidden = model.ask !== null || shut;
    if (was && !composer.element.hidden) composer.fit();
    else composer.allow();
    if (asked && inside) this.focus();
  }

  /** @param {Model} model */
  #how({ connection, faces }) {
    return { online: connection === 'online', faces };
  }

  /** @param {Words} words */
  #speak(words) {
    this.#words = words;
    this.panel.lang = words.tag;
    this.closer.setAttribute('aria-label', words.close);
    this.closer.title = words.close;
    this.list.setAttribute('aria-label', words.log);
    this.earlier.textContent = words.earlier;
    this.jump.replaceChildren(icon('down'), words.newMessages);
    this.personLabel.textContent = words.person;
    this.composer.speak(words);
  }

  /** @param {Model} model */
  #label({ words, unread }) {
    this.label(this.isOpen ? words.close : unread ? words.openUnread(unread) : words.open);
    this.badge.textContent = ` ${unread > 99 ? '99+' : unread}`; // the blank parts it from the launcher's words
    this.badge.hidden = !unread || this.isOpen;
  }

  /** @param {Model} model */
  #drawOpener({ opener, words, faces }) {
    this.opener.hidden = !opener;
    if (!opener) return;
    if (opener.first !== (this.opener.nextSibling === this.list)) this.list[opener.first ? 'before' : 'after'](this.opener);
    if (!differs(this.opener, words.tag + opener.text)) return;
    this.opener.replaceChildren(h('div', { class: 'name' }, faces.bot && h('img', { class: 'face', src: faces.bot, alt: '' }), words.bot),
      h('div', { class: 'bubble', dir: 'auto' }, opener.text));
  }

  /** @param {Model} model */
  #drawQueue({ words, status }) {
    const queued = status?.owner === 'queue';
    this.queue.hidden = !queued;
    if (!queued || !status) return;
    const wait = typeof status.wait_s === 'number' ? waitOf(status.wait_s, words) : '';
    const ticket = status.ticket ? words.ticket(status.ticket) : '';
    if (!differs(this.queue, wait + ticket + words.tag)) return;
    this.queue.replaceChildren(h('span', { class: 'pulse', 'aria-hidden': 'true' }), h('div', {},
      h('strong', {}, wait, wait && ticket && ' · ', h('b', {}, ticket)), h('span', {}, words.queueHint)));
  }

  #askPerson() {
    if (this.#words) this.act.send(this.#words.personText);
    this.focus();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return; // the Enter or Esc belongs to the input method
    event.stopPropagation(); // a page's shortcuts are not meant by what is typed here
    if (event.key === 'Escape') {
      event.preventDefault();
      if (!this.ask.key(event)) this.act.close();
    } else if (event.key === 'Enter' && event.target === this.composer.input && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.composer.submit();
    } else if (event.key === 'Tab' && this.#fills()) {
      const stops = /** @type {HTMLElement[]} */ ([...this.panel.querySelectorAll('button, textarea, input, select, a[href], [tabindex="0"]')])
        .filter((one) => one.offsetParent !== null && one.tabIndex === 0);
      const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
      if (this.root.activeElement === edge || (event.shiftKey && this.root.activeElement === this.title)) {
        event.preventDefault();
        (event.shiftKey ? stops[stops.length - 1] : stops[0])?.focus();
      }
    }
  }

  /** Whether the panel takes the whole screen. */
  #fills() {
    return getComputedStyle(this.panel).getPropertyValue('--fills').trim() === '1';
  }

  /** Follows the visible part of the page when a keyboard covers the rest. */
  #fit() {
    const seen = window.visualViewport;
    if (!seen || !this.isOpen) return;
    this.panel.style.setProperty('--seen', `${seen.height}px`);
    this.panel.style.setProperty('--from', `${seen.offsetTop}px`);
  }

  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.#atEnd = scrollHeight - scrollTop - clientHeight < 48;
    this.earlier.hidden = !this.transcript.more;
    if (this.#atEnd) {
      this.jump.hidden = true;
      this.act.seen();
    } else if (scrollTop < NEAR_TOP) {
      this.#more();
    }
  }

  /** Puts more of a long conversation above, so that what is read stays where it is. */
  #more() {
    const { scroller } = this;
    const { scrollTop, scrollHeight } = scroller;
    if (!this.#model || !this.transcript.more) return;
    clearTimeout(this.#hush);
    this.list.setAttribute('aria-live', 'off');
    this.#hush = setTimeout(() => {
      this.#hush = undefined;
      this.list.setAttribute('aria-live', 'polite');
    }, HUSH);
    this.transcript.earlier(this.#model.words, this.#how(this.#model));
    this.earlier.hidden = !this.transcript.more;
    // Browsers that hold on to what is seen do it without stopping a fling; none does at the very top.
    if (!scrollTop || !CSS.supports('overflow-anchor', 'auto')) scroller.scrollTop = scrollTop + scroller.scrollHeight - scrollHeight;
  }

  /** @param {boolean} refocus */
  #toEnd(refocus) {
    if (this.isOpen) this.transcript.trim();
    this.earlier.hidden = !this.transcript.more;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#atEnd = true;
    this.jump.hidden = true;
    if (refocus) this.focus();
  }
}

/** Writes a text only where it differs, so that a live region does not repeat itself. @param {HTMLElement} element @param {string} text */
function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Whether an element is to be drawn from something else than last time. @param {HTMLElement} element @param {string} from */
function differs(element, from) {
  if (element.dataset.drawn === from) return false;
  element.dataset.drawn = from;
  return true;
}
