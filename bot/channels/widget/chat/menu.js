// @ts-check
import { h, icon } from './dom.js';

/**
 * The menu in the header: a button and what drops down from it, by pointer or with the arrow keys.
 *
 * @typedef {import('./words/en.js').Words} Words
 * @typedef {'sound' | 'save' | 'end'} Name
 */

export class Menu {
  /** @type {Record<Name, any>} */ #items;
  #drawn = '';

  /** @param {Record<Name, () => void>} act */
  constructor(act) {
    const item = (/** @type {Name} */ name, role = 'menuitem') => h('button', {
      role, tabindex: '-1', class: 'menu-item', onclick: () => { this.close(); act[name](); },
    });
    this.#items = { sound: item('sound', 'menuitemcheckbox'), save: item('save'), end: item('end') };
    this.list = h('div', { class: 'menu', id: 'menu', role: 'menu', hidden: true }, ...Object.values(this.#items));
    this.button = h('button', {
      class: 'plain', 'aria-haspopup': 'menu', 'aria-expanded': 'false', 'aria-controls': 'menu',
      onclick: () => (this.list.hidden ? this.open() : this.close()),
    }, icon('menu'));
    this.element = h('div', { class: 'menu-place' }, this.button, this.list);
    this.element.addEventListener('keydown', (/** @type {KeyboardEvent} */ event) => this.#key(event));
    this.element.addEventListener('mousedown', (/** @type {Event} */ event) => event.preventDefault()); // some browsers focus no buttons
    this.element.addEventListener('focusout', (/** @type {FocusEvent} */ event) => {
      if (!this.element.contains(/** @type {Node | null} */ (event.relatedTarget))) this.close(false);
    });
  }

  /** @param {Words} words @param {{sound: boolean, save: boolean, end: boolean}} now  sound is on, the others can be done */
  draw(words, now) {
    const drawn = [words.tag, ...Object.values(now)].join();
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const { sound, save, end } = this.#items;
    this.button.title = words.menu;
    this.button.setAttribute('aria-label', words.menu);
    this.list.setAttribute('aria-label', words.menu);
    sound.setAttribute('aria-checked', String(now.sound));
    sound.replaceChildren(icon('sound'), words.sound, h('span', { class: 'state', 'aria-hidden': 'true' }, now.sound ? words.on : words.off));
    save.replaceChildren(icon('save'), words.save);
    end.replaceChildren(icon('end'), words.end);
    save.hidden = !now.save;
    end.hidden = !now.end;
  }

  open(last = false) {
    this.list.hidden = false;
    this.button.setAttribute('aria-expanded', 'true');
    const shown = this.#shown;
    shown[last ? shown.length - 1 : 0].focus();
  }

  close(refocus = true) {
    if (this.list.hidden) return;
    this.list.hidden = true;
    this.button.setAttribute('aria-expanded', 'false');
    if (refocus) this.button.focus();
  }

  /** @returns {HTMLElement[]} */
  get #shown() {
    return Object.values(this.#items).filter((one) => !one.hidden);
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const { key } = event;
    const shown = this.#shown;
    const at = shown.indexOf(/** @type {HTMLElement} */ (event.target));
    if (at < 0) {
      if (key !== 'ArrowDown' && key !== 'ArrowUp') return;
      this.open(key === 'ArrowUp');
    } else if (key === 'Escape') {
      this.close();
    } else {
      const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[key];
      if (to === undefined) return;
      shown.at(to % shown.length)?.focus();
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
