// @ts-check
/** What survives a reload: localStorage under one prefix, or plain memory where storage is forbidden or full. */

/** @typedef {{get(key: string): string | null, set(key: string, value: string): void, remove(key: string): void,
 *  keys(): string[], clear(): void}} Storage_ */

/**
 * @param {'localStorage' | 'sessionStorage'} kind
 * @param {string} prefix
 * @returns {Storage_}
 */
export function createStorage(kind, prefix) {
  /** @type {Map<string, string>} */
  const memory = new Map();

  /** @returns {Storage | null} */
  const backing = () => {
    try {
      return window[kind];
    } catch {
      return null;
    }
  };

  const ours = () => {
    try {
      return Object.keys(backing() ?? {}).filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
    } catch {
      return [];
    }
  };

  return {
    get(key) {
      if (memory.has(key)) return memory.get(key) ?? null;
      try {
        return backing()?.getItem(prefix + key) ?? null;
      } catch {
        return null;
      }
    },
    set(key, value) {
      try {
        const store = backing();
        if (!store) throw new Error('storage is forbidden');
        store.setItem(prefix + key, value);
        memory.delete(key);
      } catch {
        memory.set(key, value);
      }
    },
    remove(key) {
      memory.delete(key);
      try {
        backing()?.removeItem(prefix + key);
      } catch { /* nothing was kept there */ }
    },
    keys() {
      return [...new Set([...ours(), ...memory.keys()])];
    },
    clear() {
      for (const key of this.keys()) this.remove(key);
    },
  };
}

/** @returns {string} A UUID; crypto.randomUUID exists on secure origins only. */
export function uuid() {
  if (typeof crypto.randomUUID === 'function') return crypto.randomUUID();
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
