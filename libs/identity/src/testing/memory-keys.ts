import type { KeyStore } from '../trust-domain.ts';

/** Keys for the length of a test. */
export function memoryKeys(): KeyStore {
  const kept = new Map<string, string>();
  return {
    once: (name, make) => {
      const text = kept.get(name) ?? make();
      kept.set(name, text);
      return text;
    },
  };
}
