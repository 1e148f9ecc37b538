// @ts-check
import { h, safeUrl } from './dom.js';

/**
 * A question of the chat's own, in the composer's place until it is answered: to consent, or to end.
 *
 * @typedef {{text: string, link?: string | null, linkText?: string, yes: string, no: string, act(yes: boolean): void}} Question
 */
export class Ask {
  #drawn = '';

  constructor() {
    this.text = h('p', { class: 'ask-text', id: 'ask' });
    this.element = h('div', { class: 'ask', role: 'alertdialog', 'aria-labelledby': 'ask', tabindex: '-1', hidden: true });
  }

  /** @param {Question | null} question @returns {boolean} whether it has just been put or taken away */
  draw(question) {
    const drawn = question ? [question.text, question.link, question.yes].join('|') : '';
    if (drawn === this.#drawn) return false;
    this.#drawn = drawn;
    this.element.hidden = !question;
    this.element.replaceChildren();
    if (!question) return true;
    const { text, link, linkText, yes, no, act } = question;
    const url = safeUrl(link, ['https:', 'http:']);
    this.text.replaceChildren(text, ' ', url ? h('a', { href: url.href, target: '_blank', rel: 'noopener' }, linkText) : '');
    this.element.append(this.text, h('div', { class: 'ask-buttons' },
      h('button', { class: 'solid', onclick: () => act(true) }, yes),
      h('button', { class: 'link', onclick: () => act(false) }, no)));
    return true;
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether it was for us: Esc is a no */
  key(event) {
    if (event.key !== 'Escape' || this.element.hidden) return false;
    this.element.querySelector('.link').click();
    return true;
  }
}
