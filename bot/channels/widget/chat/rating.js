// @ts-check
import { h, icon } from './dom.js';

/** The card that asks for one to five stars and a comment. @typedef {import('./words/en.js').Words} Words */
export class Rating {
  #score = 0;
  #drawn = '';

  /** @param {(score: number, comment: string) => void} rate @param {() => void} skip */
  constructor(rate, skip) {
    this.rate = rate;
    this.skip = skip;
    this.element = h('div', { class: 'rating', hidden: true });
  }

  /** @param {Words} words @param {boolean} offered @param {boolean} thanked */
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

  /** @param {Words} words */
  #form(words) {
    const verdict = h('p', { class: 'verdict', 'aria-live': 'polite' });
    const comment = h('textarea', { class: 'comment', rows: '2', maxlength: '1000', 'aria-label': words.rateComment, placeholder: words.rateComment });
    const more = h('div', { class: 'more', hidden: true }, comment, h('button', { type: 'submit', class: 'solid' }, words.rateSend));
    /** @type {HTMLElement[]} */ const stars = [];
    const row = h('div', { class: 'stars' });
    for (let score = 1; score <= 5; score += 1) {
      const id = `star${score}`;
      const input = h('input', { type: 'radio', name: 'score', value: score, class: 'hidden', id, 'aria-label': `${words.starOf(score)}, ${words.rateStars[score - 1]}` });
      input.addEventListener('change', () => {
        this.#score = score;
        stars.forEach((star, index) => star.classList.toggle('on', index < score));
        verdict.textContent = words.rateStars[score - 1];
        more.hidden = false;
        form.scrollIntoView({ block: 'end' });
      });
      const star = h('label', { class: 'star', for: id, title: words.rateStars[score - 1] }, icon('star'));
      stars.push(star);
      row.append(input, star);
    }
    const form = h('form', { class: 'card', onsubmit: (/** @type {Event} */ event) => {
      event.preventDefault();
      if (this.#score) this.rate(this.#score, comment.value.trim());
    } },
    h('fieldset', {}, h('legend', {}, words.rateTitle), row, verdict), more,
    h('button', { class: 'link', onclick: this.skip }, words.rateSkip));
    return form;
  }
}
