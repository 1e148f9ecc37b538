// @ts-check
/**
 * What survives a reload: localStorage or sessionStorage under one prefix, or plain memory where that is forbidden or full.
 *
 * @typedef {{get(key: string): string | null, set(key: string, value: string): void, remove(key: string): void, keys(): string[],
 *   clear(shared?: boolean): void, readonly keeps: boolean, watch(changed: (key: string, value: string | null) => void): void}} Storage_
 */

/**
 * @param {'localStorage' | 'sessionStorage'} kind
 * @param {string} prefix
 * @returns {Storage_} `keeps`: whether the last write will survive; `shared`: also what tabs share; `watch`: tells what others write
 */
export function createStorage(kind, prefix) {
  /** @type {Map<string, string>} */ const memory = new Map();
  let keeps = true;

  /** @template T @param {(store: Storage) => T} act @param {T} otherwise */
  const with_ = (act, otherwise) => {
    try {
      return act(window[kind]); // even to look at it throws where it is forbidden
    } catch {
      return otherwise;
    }
  };

  return {
    get: (key) => memory.get(key) ?? with_((store) => store.getItem(prefix + key), null),
    set(key, value) {
      keeps = with_((store) => { store.setItem(prefix + key, value); return true; }, false);
      if (keeps) {
        memory.delete(key);
      } else {
        this.remove(key); // or a reload would find what is older
        memory.set(key, value);
      }
    },
    remove(key) {
      memory.delete(key);
      with_((store) => store.removeItem(prefix + key), undefined);
    },
    keys: () => [...new Set([
      ...with_((store) => Object.keys(store).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length)), []),
      ...memory.keys(),
    ])],
    clear(shared = true) {
      memory.clear();
      if (shared) for (const key of this.keys()) this.remove(key);
    },
    get keeps() {
      return keeps;
    },
    watch(changed) {
      window.addEventListener('storage', (event) => {
        if (event.key?.startsWith(prefix)) changed(event.key.slice(prefix.length), event.newValue);
      });
    },
  };
}

/** A UUID; crypto.randomUUID is there on secure origins only. */
export const uuid = () => '10000000-1000-4000-8000-100000000000'.replace(/[018]/g, (digit) => (
  Number(digit) ^ (crypto.getRandomValues(new Uint8Array(1))[0] & (15 >> (Number(digit) / 4)))
).toString(16));

/** JSON, whatever a page or an old library of its (`toJSON` on every array) taught to the prototypes. @param {any} value @returns {string} */
export const toJson = (value) => JSON.stringify(bare(value));

/** Values without prototypes: what a page added to them is no field of ours. @param {string} text @returns {any} */
export const fromJson = (text) => JSON.parse(text, (_, value) => (
  value && typeof value === 'object' && !Array.isArray(value) ? Object.setPrototypeOf(value, null) : value
));

/** @param {any} value @returns {any} */
function bare(value) {
  if (!value || typeof value !== 'object') return value;
  if (Array.isArray(value)) return Object.setPrototypeOf(value.map(bare), null);
  const copy = Object.create(null);
  for (const key of Object.keys(value)) copy[key] = bare(value[key]);
  return copy;
}
