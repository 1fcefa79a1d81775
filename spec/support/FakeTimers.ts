/** What is faked: as tools for tests have it by default, or may be told. */
export interface Faked {
  readonly Date?: number;
  readonly performance?: boolean;
}

/**
 * Fake timers over those that a spec runs by, whose own cannot be installed twice. What is scheduled with them is run by `tick`, or
 * never.
 */
export class FakeTimers {
  readonly #installed = { setInterval, clearInterval, Date, now: performance.now.bind(performance) };
  readonly #timers = new Map<number, { readonly run: () => void; readonly delay: number; due: number }>();
  #time = 0;

  constructor({ Date: date, performance: ticks = false }: Faked) {
    const time = (): number => this.#time;
    let last = 1e12;
    Object.assign(globalThis, {
      setInterval: (run: () => void, delay = 0) => {
        last += 1;
        this.#timers.set(last, { run, delay, due: this.#time + delay });
        return last;
      },
      clearInterval: (id: number) => {
        this.#timers.delete(id);
      },
    });
    if (date !== undefined) {
      globalThis.Date = class extends Date {
        static override now(): number {
          return date + time();
        }
      } as DateConstructor;
    }
    if (ticks) {
      performance.now = time;
    }
  }

  get pending(): number {
    return this.#timers.size;
  }

  tick(milliseconds: number): void {
    const end = this.#time + milliseconds;
    for (;;) {
      const [next] = [...this.#timers.values()].sort((one, other) => one.due - other.due);
      if (next === undefined || next.due > end) {
        break;
      }
      this.#time = Math.max(this.#time, next.due);
      next.due += Math.max(next.delay, 1);
      next.run();
    }
    this.#time = end;
  }

  uninstall(): void {
    const { now, ...others } = this.#installed;
    Object.assign(globalThis, others);
    performance.now = now;
  }
}
