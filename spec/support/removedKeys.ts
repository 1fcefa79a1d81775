import { jest } from '@jest/globals';

/**
 * The texts, sorted, under which something was removed from maps and objects while `act` ran. So a spec sees that a list which became
 * empty is not kept.
 */
export function removedKeys(act: () => void): readonly string[] {
  const map = jest.spyOn(Map.prototype, 'delete');
  const object = jest.spyOn(Reflect, 'deleteProperty');
  try {
    act();
    const keys: unknown[] = [
      ...map.mock.calls.map(([key]) => key as unknown),
      ...object.mock.calls.map(([, key]) => key),
    ];
    return keys.filter((key) => typeof key === 'string').sort();
  } finally {
    map.mockRestore();
    object.mockRestore();
  }
}
