import { describe, expect, it } from '@jest/globals';
import type { Ticket } from '../../lib/nats/outbox/entries.js';
import { Tickets } from '../../lib/nats/outbox/Tickets.js';

/** A ticket that notes in `told` what it is told. */
function noting(told: unknown[]): Ticket {
  return { stored: (seq) => told.push(seq), failed: (error) => told.push(error) };
}

describe('Tickets', () => {
  const closed = new Error('closed');

  it('are told of the end, if their events have not come, and later ones at once', () => {
    const tickets = new Tickets();
    const [waiting, come, forgotten, late]: [unknown[], unknown[], unknown[], unknown[]] = [[], [], [], []];
    const [first, second, third] = [noting(waiting), noting(come), noting(forgotten)];
    [first, second, third].forEach((ticket) => {
      tickets.expect(ticket);
    });
    tickets.come(second, () => undefined);
    tickets.forget(third);
    tickets.close(closed);
    tickets.close(new Error('closed again'));
    tickets.expect(noting(late));
    expect([waiting, come, forgotten, late]).toEqual([[closed], [], [], [closed]]);
  });

  it('are told why an event that has come is refused, and the error goes on', () => {
    const tickets = new Tickets();
    const told: unknown[] = [];
    const ticket = noting(told);
    const refuse = (): never => {
      throw new Error('full');
    };
    tickets.expect(ticket);
    expect(() => {
      tickets.come(ticket, refuse);
    }).toThrow('full');
    expect(() => {
      tickets.come(undefined, refuse);
    }).toThrow('full');
    tickets.close(closed);
    expect(told).toEqual([new Error('full')]);
  });
});
