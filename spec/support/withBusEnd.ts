import { jest } from '@jest/globals';
import type { BusReceiver } from '../../lib/index.js';
import type { Receiver } from '../../lib/internal/receive/Receiver.js';
import { Stage } from '../../lib/internal/dispatch/Stage.js';

/** The handle that `subscribe` makes, and the bus's end of that receiver. */
export function withBusEnd<E>(subscribe: () => BusReceiver<E>): {
  readonly handle: BusReceiver<E>;
  readonly inner: Receiver<E>;
} {
  const join = jest.spyOn(Stage.prototype, 'join');
  const handle = subscribe();
  const inner = join.mock.calls[0]?.[0] as Receiver<E>;
  join.mockRestore();
  return { handle, inner };
}
