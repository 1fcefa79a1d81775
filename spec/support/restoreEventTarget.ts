import { afterAll } from '@jest/globals';

const PREFIX = '__zone_symbol__';
const NAMES = ['addEventListener', 'removeEventListener'] as const;
/** What zone.js adds. */
const ADDED = ['eventListeners', 'removeAllListeners'];

/** Imported by specs that load zone.js: it changes a prototype that all spec files of a process share. Puts it back after the specs of this file. */
afterAll(() => {
  const prototype = EventTarget.prototype as unknown as Record<string, unknown>;
  for (const name of NAMES) {
    prototype[name] = prototype[PREFIX + name];
  }
  Object.keys(prototype)
    .filter((key) => key.startsWith(PREFIX) || ADDED.includes(key))
    .forEach((key) => {
      Reflect.deleteProperty(prototype, key);
    });
});
