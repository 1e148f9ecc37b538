// @ts-check
/** Making elements, from text only: nothing here ever parses markup. */

const SVG = 'http://www.w3.org/2000/svg';

export const ICONS = {
  close: 'M6 9.5l6 6 6-6',
  send: 'M12 19.5v-15M5.5 11L12 4.5l6.5 6.5',
  clock: 'M12 4a8 8 0 100 16 8 8 0 000-16zM12 7.8V12l2.8 1.8',
  check: 'M5 12.6l4.6 4.4L19 7.5',
  alert: 'M12 3.8l9 15.7H3zM12 10v4.2M12 17h.01',
  person: 'M12 4.2a3.9 3.9 0 100 7.8 3.9 3.9 0 000-7.8zM4.8 20.2c.6-3.7 3.5-5.7 7.2-5.7s6.6 2 7.2 5.7',
  spark: 'M12 3.5c.7 4.9 3.1 7.3 8 8-4.9.7-7.3 3.1-8 8-.7-4.9-3.1-7.3-8-8 4.9-.7 7.3-3.1 8-8z',
  star: 'M12 3.6l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z',
  down: 'M12 5v13.5M6 12.6l6 6 6-6',
};

/**
 * @param {string} tag
 * @param {Record<string, unknown>} [properties] `class`, `on…` listeners, booleans and attributes
 * @param {...(Node | string | null | undefined | false)} children
 * @returns {any}
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
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

const ADDRESS = /https?:\/\/[^\s<>"'`“”‘’，。；：！？、（）【】《》「」]+/gi;

/** Text with its http and https addresses made clickable. @param {string} text @returns {Node[]} */
export function linked(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(ADDRESS)) {
    let address = match[0].replace(/[.,;:!?*_~]+$/, '');
    while (address.endsWith(')') && address.split(')').length > address.split('(').length) address = address.slice(0, -1);
    let url;
    try {
      url = new URL(address);
    } catch {
      continue;
    }
    if (url.protocol !== 'https:' && url.protocol !== 'http:') continue;
    parts.push(document.createTextNode(text.slice(end, match.index)));
    parts.push(h('a', { href: url.href, target: '_blank', rel: 'noopener nofollow noreferrer' }, address));
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
