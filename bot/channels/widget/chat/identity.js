// @ts-check
/**
 * Who the page says its visitor is: a JWT, or a function that fetches a fresh one.
 *
 * @typedef {string | null | (() => string | null | Promise<string | null>)} Source
 * @typedef {{jwt: string | null, sub: string | null, known: boolean}} Who  known: the page did say, if only that it is nobody
 */

const TIMEOUT = 10_000;
const LONGEST = 2 ** 31 - 1; // ms; a browser's timer goes off at once beyond

export class Identity {
  /** @type {Source} */ #source = null;
  #said = false;
  #had = false; // one from this source
  #refused = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */ #timer;

  /** @param {() => void} stale  the last one expires soon @param {(fault: unknown) => void} failed */
  constructor(stale, failed) {
    this.stale = stale;
    this.failed = failed;
  }

  /** @param {Source} source @returns {boolean} whether that is news */
  set(source) {
    const news = source !== this.#source || this.#refused > 0;
    this.#source = source;
    this.#said = true;
    this.#had &&= !news;
    this.#refused = 0;
    return news;
  }

  forget() {
    clearTimeout(this.#timer);
    this.#source = null;
    this.#said = false;
    this.#had = false;
    this.#refused = 0;
  }

  /** The server would not have it: one more is fetched, and after that we go on without. */
  refuse() {
    this.#refused += 1;
  }

  /** Whether we went on without it. */
  get refused() {
    return this.#refused > (typeof this.#source === 'string' ? 0 : 1);
  }

  accept() {
    this.#refused = 0;
  }

  /** @returns {Promise<Who>} */
  async current() {
    const source = this.#source;
    clearTimeout(this.#timer);
    if (this.refused) return { jwt: null, sub: null, known: false };
    try {
      const late = () => new Promise((_, reject) => { setTimeout(() => reject(new Error('identify: no answer')), TIMEOUT); });
      const jwt = typeof source === 'function' ? /** @type {string | null} */ (await Promise.race([source(), late()])) : source;
      if (jwt && typeof jwt !== 'string') throw new TypeError('identify: a JWT is a string');
      const claims = claimsOf(jwt);
      if (typeof source === 'function' && claims.exp > claims.iat) {
        this.#timer = setTimeout(this.stale, Math.min((claims.exp - claims.iat) * 900, LONGEST));
      }
      this.#had ||= Boolean(jwt);
      return { jwt: jwt || null, sub: claims.sub || null, known: this.#said && (Boolean(jwt) || !this.#had) }; // one that ran out is no sign-out
    } catch (fault) {
      this.failed(fault);
      return { jwt: null, sub: null, known: false };
    }
  }
}

/** What a JWT says, unchecked: the server checks it; here it tells one customer of this browser from another, so that it
 * need not be readable. @param {string | null} jwt */
function claimsOf(jwt) {
  try {
    const { sub, iat, exp } = JSON.parse(atob(String(jwt).split('.')[1].replace(/-/g, '+').replace(/_/g, '/'))); // UTF-8 as if it were Latin-1
    return { sub: String(sub ?? ''), iat: Number(iat), exp: Number(exp) };
  } catch {
    return { sub: '', iat: NaN, exp: NaN };
  }
}
