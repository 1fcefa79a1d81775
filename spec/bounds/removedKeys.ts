import { jest } from '@jest/globals';
import { Dictionary } from '../../lib/internal/support/Dictionary.js';

/**
 * The texts, sorted, under which something was removed from maps and dictionaries while `act` ran. So a spec sees that a list which became
 * empty is not kept.
 */
export function removedKeys(act: () => void): readonly string[] {
  const map = jest.spyOn(Map.prototype, 'delete');
  const dictionary = jest.spyOn(Dictionary.prototype, 'delete');
  try {
    act();
    const keys: unknown[] = [
      ...map.mock.calls.map(([key]) => key as unknown),
      ...dictionary.mock.calls.map(([key]) => key),
    ];
    return keys.filter((key) => typeof key === 'string').sort();
  } finally {
    map.mockRestore();
    dictionary.mockRestore();
  }
}
