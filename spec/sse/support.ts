import { createServer, get, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Observable } from 'rxjs';
import type { BusEvent, Delivery } from '../../lib/index.js';

/** Any payload will do. */
export function parse<E>(value: unknown): BusEvent<E> {
  return value as BusEvent<E>;
}

/** A server of one's own. */
export interface Served extends AsyncDisposable {
  readonly url: string;
  readonly server: Server;
}

/** Serves with `handle` on a free port of this machine. */
export async function serve(
  handle: (request: IncomingMessage, response: ServerResponse) => void,
  port = 0,
): Promise<Served> {
  const server = createServer(handle);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    server,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

/** Resolves when `holds`, which the network makes true. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turns = 0; !holds(); turns += 1) {
    if (turns > 100_000) {
      throw new Error(`it never came: ${holds.toString()}`);
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** The answer to a GET, raw, as `curl -N` reads it. */
export function getRaw(url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    get(url, { headers, agent: false }, resolve).on('error', reject);
  });
}

/** Collects, and lets one wait until as much has come as one wants. */
export class Watch<T> {
  readonly values: T[] = [];
  /** `'complete'`, or the error. */
  ending: unknown;
  readonly #subscription;
  #checks: (() => void)[] = [];

  constructor(source: Observable<T>) {
    this.#subscription = source.subscribe({
      next: (value) => {
        this.values.push(value);
        this.#check();
      },
      error: (error: unknown) => {
        this.ending = error;
        this.#check();
      },
      complete: () => {
        this.ending = 'complete';
        this.#check();
      },
    });
  }

  until(holds: (watch: this) => boolean): Promise<void> {
    return new Promise((resolve) => {
      const check = (): void => {
        if (holds(this)) {
          this.#checks = this.#checks.filter((one) => one !== check);
          resolve();
        }
      };
      this.#checks.push(check);
      check();
    });
  }

  count(number: number): Promise<void> {
    return this.until(({ values }) => values.length >= number);
  }

  ended(): Promise<void> {
    return this.until(({ ending }) => ending !== undefined);
  }

  stop(): void {
    this.#subscription.unsubscribe();
  }

  #check(): void {
    this.#checks.forEach((check) => {
      check();
    });
  }
}

/** A delivery in a word: the payload, or how many are missing. */
export function told<E>(delivery: Delivery<E>): E | string {
  return delivery.type === 'event' ? delivery.event.event : `${delivery.missed} missing`;
}
