// @ts-check
import { h, icon } from './dom.js';
import { Transcript } from './transcript.js';

/**
 * The window of the chat: draws what it is told, tells what is pressed.
 *
 * @typedef {object} Model
 * @property {import('./words.js').Words} words
 * @property {string} title
 * @property {import('./transport.js').Message[]} messages
 * @property {import('./outbox.js').Item[]} pending
 * @property {import('./transport.js').Status | null} status
 * @property {string | null} typing  whose name
 * @property {import('./transport.js').State} connection
 * @property {boolean} troubled  long enough to say so
 * @property {boolean} loading
 * @property {boolean} rating  offered
 * @property {boolean} thanked  and given
 * @property {number} unread
 * @property {number} sentSeq  the last acked here
 *
 * @typedef {{send(text: string): void, draft(text: string): void, close(): void, rate(score: number, comment: string): void,
 *   skipRating(): void, choose(seq: number, value: string, label: string): void, retry(id: string): void,
 *   discard(id: string): void, seen(): void}} Act
 */

export const MOST = 4000;
const COUNT_FROM = 3600;

/** @param {string} text Characters as the server counts them. */
export const lengthOf = (text) => [...text].length;

export class View {
  isOpen = false;
  #atEnd = true;
  #drawn = 0; // entries drawn last
  /** @type {import('./words.js').Words | null} */ #words = null;
  /** @type {Model | null} */ #model = null;

  /** @param {ShadowRoot} root @param {HTMLElement} launcher @param {HTMLElement} badge @param {Act} act */
  constructor(root, launcher, badge, act) {
    this.root = root;
    this.launcher = launcher;
    this.badge = badge;
    this.act = act;

    this.title = h('h2', { class: 'title', id: 'title', tabindex: '-1' });
    this.subtitle = h('p', { class: 'subtitle', role: 'status' });
    this.mark = h('span', { class: 'mark', 'aria-hidden': 'true' });
    this.closer = h('button', { type: 'button', class: 'plain', onclick: act.close }, icon('close'));
    this.queue = h('div', { class: 'queue', hidden: true });
    this.introTitle = h('p', { class: 'intro-title' });
    this.introBody = h('p', { class: 'intro-body' });
    this.intro = h('div', { class: 'intro' }, h('span', { class: 'intro-mark' }, icon('spark')), this.introTitle, this.introBody);
    this.list = h('div', { class: 'list', role: 'log', 'aria-live': 'polite', 'aria-relevant': 'additions', tabindex: '0' });
    this.typing = h('div', { class: 'typing', hidden: true }, h('span', { class: 'hidden' }), h('i'), h('i'), h('i'));
    this.rating = new Rating(act.rate, () => { act.skipRating(); this.focus(); });
    this.scroller = h('div', { class: 'scroller', onscroll: () => this.#scrolled() }, this.intro, this.list, this.typing, this.rating.element);
    this.jump = h('button', { type: 'button', class: 'jump', hidden: true, onclick: () => this.#toEnd(true) });
    this.notice = h('div', { class: 'notice-bar', role: 'status', hidden: true });
    this.personLabel = h('span');
    this.person = h('button', { type: 'button', class: 'person', hidden: true, onclick: () => this.#askPerson() }, icon('person'), this.personLabel);
    this.input = h('textarea', { class: 'input', id: 'input', rows: '1', enterkeyhint: 'send', 'aria-describedby': 'hint count', autocomplete: 'off' });
    this.inputLabel = h('label', { class: 'hidden', for: 'input' });
    this.hint = h('span', { class: 'hidden', id: 'hint' });
    this.counter = h('span', { class: 'count', id: 'count', role: 'status' });
    this.sender = h('button', { type: 'submit', class: 'send' }, icon('send'));
    this.form = h('form', { class: 'composer', novalidate: true },
      this.inputLabel, h('div', { class: 'field' }, this.input, this.sender), this.hint, this.counter);
    this.panel = h('section', { class: 'panel', role: 'dialog', 'aria-labelledby': 'title', hidden: true },
      h('div', { class: 'header' }, this.mark, h('div', { class: 'heading' }, this.title, this.subtitle), this.closer),
      this.queue,
      h('div', { class: 'middle' }, this.scroller, this.jump),
      h('div', { class: 'foot' }, this.notice, h('div', { class: 'actions' }, this.person), this.form));
    root.insertBefore(this.panel, launcher);
    this.transcript = new Transcript(this.list, act);

    this.form.addEventListener('submit', (/** @type {Event} */ event) => { event.preventDefault(); this.#submit(); });
    this.input.addEventListener('input', () => { this.#resize(); act.draft(this.input.value); });
    this.panel.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.#key(event));
    const fit = () => this.#fit();
    window.visualViewport?.addEventListener('resize', fit);
    window.visualViewport?.addEventListener('scroll', fit);
    new ResizeObserver(() => { if (this.isOpen && this.#atEnd) this.#toEnd(false); }).observe(this.scroller);
  }

  open() {
    if (this.isOpen) return;
    this.isOpen = true;
    this.panel.hidden = false;
    this.panel.setAttribute('aria-modal', String(this.#fills()));
    this.launcher.classList.add('open');
    this.launcher.setAttribute('aria-expanded', 'true');
    this.#fit();
    this.#resize();
    this.#toEnd(false);
    this.focus();
    if (this.#model) this.draw(this.#model);
  }

  close() {
    if (!this.isOpen) return;
    const inside = this.panel.contains(this.root.activeElement);
    this.isOpen = false;
    this.panel.hidden = true;
    this.launcher.classList.remove('open');
    this.launcher.setAttribute('aria-expanded', 'false');
    if (this.#model) this.draw(this.#model);
    if (inside) this.launcher.focus();
  }

  /** The composer; on touch screens the heading, so that the keyboard does not jump up. */
  focus() {
    const target = matchMedia('(hover: none) and (pointer: coarse)').matches && !this.input.value ? this.title : this.input;
    target.focus({ preventScroll: true });
  }

  /** @param {string} text */
  setDraft(text) {
    this.input.value = text;
    this.input.setSelectionRange(text.length, text.length);
    this.#resize();
  }

  /** Whether the newest message can be seen now. */
  get watching() {
    return this.isOpen && !document.hidden && this.#atEnd;
  }

  /** @param {Model} model */
  draw(model) {
    this.#model = model;
    const { words, status, connection } = model;
    if (this.#words !== words) this.#speak(words);
    this.title.textContent = model.title;
    this.#label(model);
    if (!this.isOpen) return;

    // the transcript
    const count = model.messages.length + model.pending.length;
    this.list.setAttribute('aria-busy', String(model.loading));
    this.list.setAttribute('aria-live', model.loading ? 'off' : 'polite');
    this.intro.hidden = count > 0 || (model.loading && connection !== 'waiting');
    const stick = this.#atEnd || (count > this.#drawn && model.pending.length > 0);
    this.transcript.draw(model.messages, model.pending, words, { online: connection === 'online', sentSeq: model.sentSeq });
    this.typing.hidden = model.typing === null;
    this.typing.firstChild.textContent = model.typing === null ? '' : words.typing(model.typing);
    this.rating.draw(words, model.rating, model.thanked);
    if (stick) this.#toEnd(false);
    else if (count > this.#drawn) this.jump.hidden = false;
    this.#drawn = count;

    // who is there
    const owner = status?.owner ?? 'bot';
    const agent = status?.agent?.name ?? '';
    set(this.subtitle, owner === 'agent' ? words.withAgent(agent) : owner === 'queue' ? words.queued(status?.position ?? null)
      : owner === 'none' ? words.ended : words.withBot);
    this.mark.dataset.owner = owner;
    const face = owner === 'agent' ? [...agent][0] || icon('person') : icon(owner === 'queue' ? 'clock' : 'spark');
    if (this.mark.dataset.face !== `${owner}${agent}`) this.mark.replaceChildren(face);
    this.mark.dataset.face = `${owner}${agent}`;
    this.#drawQueue(model);

    // the foot
    const offline = !navigator.onLine;
    const bar = connection === 'refused' ? words.refused : model.troubled ? (offline ? words.offline : model.messages.length ? words.reconnecting : words.connecting) : '';
    set(this.notice, bar);
    this.notice.hidden = !bar;
    this.notice.classList.toggle('offline', offline);
    const turns = model.messages.filter((message) => message.author.kind === 'customer').length + model.pending.length;
    this.person.hidden = turns < 1 || owner === 'queue' || owner === 'agent' || connection === 'refused';
    this.#allow();
  }

  /** @param {import('./words.js').Words} words */
  #speak(words) {
    this.#words = words;
    this.panel.lang = words.tag;
    this.closer.setAttribute('aria-label', words.close);
    this.closer.title = words.close;
    this.list.setAttribute('aria-label', words.log);
    this.introTitle.textContent = words.introTitle;
    this.introBody.textContent = words.introBody;
    this.jump.replaceChildren(icon('down'), words.newMessages);
    this.personLabel.textContent = words.person;
    this.inputLabel.textContent = words.composer;
    this.input.placeholder = words.placeholder;
    this.hint.textContent = words.hint;
    this.sender.setAttribute('aria-label', words.send);
    this.sender.title = words.send;
  }

  /** @param {Model} model */
  #label({ words, unread }) {
    const text = this.isOpen ? words.close : unread ? words.openUnread(unread) : words.open;
    this.launcher.setAttribute('aria-label', text);
    this.launcher.title = text;
    this.badge.textContent = unread > 99 ? '99+' : String(unread);
    this.badge.hidden = !unread || this.isOpen;
  }

  /** @param {Model} model */
  #drawQueue({ words, status }) {
    const queued = status?.owner === 'queue';
    this.queue.hidden = !queued;
    if (!queued || !status) return;
    const first = [typeof status.wait_s === 'number' && words.wait(status.wait_s), status.ticket && words.ticket(status.ticket)].filter(Boolean).join(' · ');
    if (this.queue.dataset.line === first + words.tag) return;
    this.queue.dataset.line = first + words.tag;
    this.queue.replaceChildren(h('span', { class: 'pulse', 'aria-hidden': 'true' }), h('div', {}, first && h('strong', {}, first), h('span', {}, words.queueHint)));
  }

  #askPerson() {
    if (this.#words) this.act.send(this.#words.personText);
    this.focus();
  }

  #submit() {
    const text = this.input.value.trim();
    if (!text || lengthOf(text) > MOST || this.#model?.connection === 'refused') return;
    this.setDraft('');
    this.act.draft('');
    this.act.send(text);
  }

  #allow() {
    const length = lengthOf(this.input.value.trim());
    const over = length - MOST;
    this.sender.setAttribute('aria-disabled', String(length === 0 || over > 0));
    const words = this.#words;
    if (words) set(this.counter, over > 0 ? words.tooLong(over) : length >= COUNT_FROM ? words.count(length, MOST) : '');
    this.counter.classList.toggle('over', over > 0);
    this.input.setAttribute('aria-invalid', String(over > 0));
  }

  #resize() {
    this.#allow();
    this.input.style.blockSize = 'auto';
    this.input.style.blockSize = `${Math.min(this.input.scrollHeight, 132)}px`;
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.isComposing || event.keyCode === 229) return; // the Enter or Esc belongs to the input method
    event.stopPropagation(); // a page's shortcuts are not meant by what is typed here
    if (event.key === 'Escape') {
      event.preventDefault();
      this.act.close();
    } else if (event.key === 'Enter' && event.target === this.input && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === 'Tab' && this.#fills()) {
      const stops = /** @type {HTMLElement[]} */ ([...this.panel.querySelectorAll('button, textarea, input, a[href], [tabindex="0"]')])
        .filter((one) => one.offsetParent !== null);
      const edge = event.shiftKey ? stops[0] : stops[stops.length - 1];
      if (this.root.activeElement === edge || (event.shiftKey && this.root.activeElement === this.title)) {
        event.preventDefault();
        (event.shiftKey ? stops[stops.length - 1] : stops[0])?.focus();
      }
    }
  }

  /** Whether the panel takes the whole screen. */
  #fills() {
    return matchMedia('(max-width: 479.98px)').matches;
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
    if (!this.#atEnd) return;
    this.jump.hidden = true;
    this.act.seen();
  }

  /** @param {boolean} refocus */
  #toEnd(refocus) {
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

/** The card that asks for one to five stars and a comment. */
class Rating {
  #score = 0;
  /** @type {string} */ #drawn = '';

  /** @param {(score: number, comment: string) => void} rate @param {() => void} skip */
  constructor(rate, skip) {
    this.rate = rate;
    this.skip = skip;
    this.element = h('div', { class: 'rating', hidden: true });
  }

  /** @param {import('./words.js').Words} words @param {boolean} offered @param {boolean} thanked */
  draw(words, offered, thanked) {
    const drawn = offered ? words.tag : thanked ? `${words.tag}!` : '';
    if (drawn === this.#drawn) return;
    const focused = this.element.contains(this.element.getRootNode().activeElement);
    this.#drawn = drawn;
    this.element.hidden = !drawn;
    this.#score = 0;
    if (offered) this.element.replaceChildren(this.#form(words));
    else this.element.replaceChildren(h('p', { class: 'thanks', role: 'status', tabindex: '-1' }, icon('check'), words.rateThanks));
    if (focused && thanked) this.element.firstChild.focus();
  }

  /** @param {import('./words.js').Words} words */
  #form(words) {
    const verdict = h('p', { class: 'verdict', 'aria-live': 'polite' });
    const comment = h('textarea', { class: 'comment', rows: '2', maxlength: '1000', 'aria-label': words.rateComment, placeholder: words.rateComment });
    const more = h('div', { class: 'more', hidden: true }, comment, h('button', { type: 'submit', class: 'solid' }, words.rateSend));
    /** @type {HTMLElement[]} */ const stars = [];
    const stars_ = h('div', { class: 'stars' });
    for (let score = 1; score <= 5; score += 1) {
      const input = h('input', { type: 'radio', name: 'score', value: score, class: 'hidden', id: `star${score}`, 'aria-label': `${words.starOf(score)}, ${words.rateStars[score - 1]}` });
      input.addEventListener('change', () => {
        this.#score = score;
        stars.forEach((star, index) => star.classList.toggle('on', index < score));
        verdict.textContent = words.rateStars[score - 1];
        more.hidden = false;
        form.scrollIntoView({ block: 'end' });
      });
      const star = h('label', { class: 'star', for: `star${score}`, title: words.rateStars[score - 1] }, icon('star'));
      stars.push(star);
      stars_.append(input, star);
    }
    const form = h('form', { class: 'card' },
      h('fieldset', {}, h('legend', {}, words.rateTitle), stars_, verdict), more,
      h('button', { type: 'button', class: 'link', onclick: this.skip }, words.rateSkip));
    form.addEventListener('submit', (/** @type {Event} */ event) => {
      event.preventDefault();
      if (this.#score) this.rate(this.#score, comment.value.trim());
    });
    return form;
  }
}
