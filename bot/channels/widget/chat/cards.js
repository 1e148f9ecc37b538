// @ts-check
import { h, safeUrl } from './dom.js';

/**
 * Orders and products as cards; several stand side by side and scroll.
 *
 * @typedef {{kind: string, title: string, badge?: string | null, lines?: string[], note?: string | null, picture?: string | null,
 *   url?: string | null, value?: string | null}} Card
 */

/**
 * @param {Card[]} cards
 * @param {import('./words/en.js').Words} words
 * @param {((card: Card) => void) | null} pick  null when it is too late to choose
 * @returns {HTMLElement}
 */
export function deck(cards, words, pick) {
  const several = cards.length > 1;
  return h('ul', { class: several ? 'deck several' : 'deck', 'aria-label': words.cards(cards.length), tabindex: several && '0' }, ...cards.map((card) => {
    const url = safeUrl(card.url, ['https:']);
    return h('li', { class: 'item' }, picture(card.picture),
      h('div', { class: 'item-head' },
        h('b', { dir: 'auto' }, url ? h('a', { href: url.href, target: '_blank', rel: 'noopener nofollow noreferrer', title: url.host }, card.title) : card.title),
        card.badge && h('span', { class: 'tag' }, card.badge)),
      ...(card.lines ?? []).map((line) => h('p', { dir: 'auto' }, line)),
      card.note && h('p', { class: 'note', dir: 'auto' }, card.note),
      pick && card.value && h('button', { class: 'pick', 'aria-label': `${words.pick}: ${card.title}`, onclick: () => pick(card) }, words.pick));
  }));
}

/** @param {string | null | undefined} source  an https address, or an emoji */
function picture(source) {
  if (!source) return null;
  const url = safeUrl(source, ['https:']);
  if (!url) return source.length < 12 && !/[\w:/]/.test(source) && h('span', { class: 'item-picture', 'aria-hidden': 'true' }, source);
  const image = h('img', { class: 'item-picture', alt: '', loading: 'lazy', referrerpolicy: 'no-referrer', src: url.href });
  image.addEventListener('error', () => image.remove()); // gone, or the page's policy forbids it
  return image;
}
