import type { BusEvent } from 'sharing-bus';
import { eventually } from './eventually.js';
import type { Client } from './packedApp.js';

/** A client of the packed library. It asks for gzip. */
export class Reader implements Disposable {
  /** The events, shortened to their first word, and the gaps. */
  readonly taken: string[] = [];
  /** When each of them has arrived. */
  readonly arrivals: number[] = [];
  /** The number of connections so far. */
  connections = 0;
  #isOpen = false;
  readonly #subscription: { unsubscribe(): void };

  constructor({ fromEventStream }: Client, url: string, from: 'now' | 'start' = 'now') {
    const parse = (value: unknown): BusEvent<string> => value as BusEvent<string>;
    this.#subscription = fromEventStream<string>(url, {
      from,
      parse,
      headers: { 'Accept-Encoding': 'gzip' },
      retry: { initialMs: 200, maxMs: 500 },
      onStatus: ({ state }) => {
        this.#isOpen = state === 'open';
        this.connections += state === 'open' ? 1 : 0;
      },
    }).subscribe({
      next: (delivery) => {
        this.#take(delivery.type === 'gap' ? `gap of ${delivery.missed}` : (delivery.event.event.split(' ')[0] ?? ''));
      },
      error: (error: unknown) => {
        this.#take(String(error));
      },
    });
  }

  async opened(): Promise<void> {
    await eventually(
      () => this.#isOpen,
      (isOpen) => isOpen,
    );
  }

  /** Resolves when `last` was taken. Returns what was taken so far. */
  async until(last: string): Promise<readonly string[]> {
    await eventually(
      () => this.taken,
      (taken) => taken.includes(last),
    );
    return this.taken;
  }

  [Symbol.dispose](): void {
    this.#subscription.unsubscribe();
  }

  #take(text: string): void {
    this.taken.push(text);
    this.arrivals.push(performance.now());
  }
}
