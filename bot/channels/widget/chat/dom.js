// @ts-check
/** Making elements, from text only: nothing here ever parses markup. */

const SVG = 'http://www.w3.org/2000/svg';

export const ICONS = {
  close: 'M6 9l6 6 6-6',
  send: 'M12 19V5M6 11l6-6 6 6',
  clock: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 8v4l3 2',
  check: 'M5 13l4 4 9-9',
  checks: 'M2 13l4 4 9-9M10 15l2 2 9-9',
  menu: 'M12 6h.01M12 12h.01M12 18h.01',
  sound: 'M4 9v6h4l4 4V5L8 9zM16 9a4 4 0 010 6M18 6a8 8 0 010 12',
  save: 'M12 4v11M7 10l5 5 5-5M5 20h14',
  end: 'M12 4a8 8 0 100 16 8 8 0 000-16zM9 12h6',
  alert: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  person: 'M12 4a4 4 0 100 8 4 4 0 000-8zM5 20c1-4 4-5.5 7-5.5s6 1.5 7 5.5',
  spark: 'M12 4q1 7 8 8-7 1-8 8-1-7-8-8 7-1 8-8z',
  star: 'M12 3.6l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z',
  down: 'M12 5v14M6 13l6 6 6-6',
  clip: 'M20 11l-8.5 8.5a5 5 0 01-7-7L13 4a3.4 3.4 0 015 5l-8.5 8.5A1.7 1.7 0 017 15l8-8',
  file: 'M13 4H7v16h11V9zM13 4v5h5',
  cross: 'M7 7l10 10M17 7L7 17',
};

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] `class`, `on…` listeners, booleans and attributes
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  /** @type {any} */ const element = document.createElement(tag);
  if (tag === 'button') element.type = 'button'; // or a press would submit what is around it
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  for (const child of children) if (child) element.append(child);
  return element;
}

/** @param {keyof typeof ICONS} name @param {string} [label] spoken; without it the icon is decoration */
export function icon(name, label) {
  const svg = document.createElementNS(SVG, 'svg');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', ICONS[name]);
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('class', `icon i-${name}`);
  if (label) {
    svg.setAttribute('role', 'img');
    svg.setAttribute('aria-label', label);
  } else {
    svg.setAttribute('aria-hidden', 'true');
  }
  svg.append(path);
  return svg;
}

/** @param {string | null | undefined} text @param {string[]} protocols @returns {URL | null} an address with nothing hidden in it */
export function safeUrl(text, protocols) {
  try {
    const url = new URL(text ?? '');
    return protocols.includes(url.protocol) && !url.username && !url.password ? url : null;
  } catch {
    return null;
  }
}

const ADDRESS = /https?:\/\/[^\s<>"'`‘-‟　-〿＀-￯\p{Cf}]+/giu; // up to quotes, Chinese punctuation and what is invisible

/**
 * Text with its http and https addresses made clickable. Where the host that is typed is not letter for letter the one that
 * would be opened (`https://аррle.com`), the real one is shown.
 *
 * @param {string} text
 * @returns {Node[]}
 */
export function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    let address = match[0].replace(/[.,;:!?*_~]+$/, '');
    while (address.endsWith(')') && address.split(')').length > address.split('(').length) address = address.slice(0, -1);
    const url = safeUrl(address, ['https:', 'http:']);
    if (!url) continue;
    const honest = address.toLowerCase().startsWith(`${url.protocol}//${url.host}`);
    parts.push(document.createTextNode(text.slice(end, match.index)));
    parts.push(h('a', { href: url.href, target: '_blank', rel: 'noopener nofollow noreferrer' }, honest ? address : url.href));
    end = match.index + address.length;
  }
  parts.push(document.createTextNode(text.slice(end)));
  return parts;
}

/** Puts exactly these nodes into the parent, moving as little as possible. @param {Element} parent @param {Element[]} wanted */
export function arrange(parent, wanted) {
  const keep = new Set(wanted);
  for (const child of [...parent.children]) if (!keep.has(child)) child.remove();
  wanted.forEach((node, index) => {
    if (parent.children[index] !== node) parent.insertBefore(node, parent.children[index] ?? null);
  });
}
