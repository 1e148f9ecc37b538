// @ts-check
import { h, icon } from './dom.js';

/**
 * Where the customer writes: grows with the text, counts near the limit, holds files until they are sent with it.
 *
 * @typedef {import('./words/en.js').Words} Words
 */

const MOST = 4000; // characters, as the server counts them
const COUNT_FROM = 3600;
const TALLEST = 132; // px

export class Composer {
  /** @type {Words | null} */ #words = null;

  /**
   * @param {import('./files.js').Files} files
   * @param {{send(text: string, files?: import('./files.js').File_[]): void, draft(text: string): void}} act
   */
  constructor(files, act) {
    this.files = files;
    this.act = act;
    this.input = h('textarea', { class: 'input', id: 'input', rows: '1', enterkeyhint: 'send', 'aria-describedby': 'hint count', autocomplete: 'off' });
    this.label = h('label', { class: 'hidden', for: 'input' });
    this.hint = h('span', { class: 'hidden', id: 'hint' });
    this.counter = h('span', { class: 'count', id: 'count', role: 'status' });
    this.sender = h('button', { type: 'submit', class: 'send' }, icon('send'));
    this.element = h('form', { class: 'composer', novalidate: true },
      files.tray, this.label, h('div', { class: 'field' }, files.button, files.input, this.input, this.sender), this.hint, this.counter);
    this.element.addEventListener('submit', (/** @type {Event} */ event) => { event.preventDefault(); this.submit(); });
    this.input.addEventListener('input', () => { this.fit(); act.draft(this.input.value); });
    this.input.addEventListener('paste', (/** @type {ClipboardEvent} */ event) => files.add(event.clipboardData?.files));
  }

  /** @param {Words} words */
  speak(words) {
    this.#words = words;
    this.label.textContent = words.composer;
    this.input.placeholder = words.placeholder;
    this.hint.textContent = words.hint;
    this.sender.setAttribute('aria-label', words.send);
    this.sender.title = words.send;
    this.files.speak(words);
  }

  /** @param {string} text */
  write(text) {
    this.input.value = text;
    this.input.setSelectionRange(text.length, text.length);
    this.fit();
  }

  submit() {
    const { files, text, over } = this;
    if (!(text || files.ready.length) || files.busy || over > 0 || this.element.hidden) return;
    this.write('');
    this.act.draft('');
    this.act.send(text, files.take());
  }

  get text() {
    return this.input.value.trim();
  }

  get over() {
    return [...this.text].length - MOST;
  }

  /** Shows whether what is there can be sent. */
  allow() {
    const { files, over } = this;
    const words = this.#words;
    this.sender.setAttribute('aria-disabled', String((over === -MOST && !files.ready.length) || files.busy || over > 0));
    const count = !words || over + MOST < COUNT_FROM ? '' : over > 0 ? words.tooLong(over) : words.count(over + MOST, MOST);
    if (this.counter.textContent !== count) this.counter.textContent = count;
    this.counter.classList.toggle('over', over > 0);
    this.input.setAttribute('aria-invalid', String(over > 0));
  }

  fit() {
    this.allow();
    const { style } = this.input;
    style.blockSize = 'auto';
    style.blockSize = this.input.scrollHeight ? `${Math.min(this.input.scrollHeight, TALLEST)}px` : ''; // none while it is hidden
  }
}
