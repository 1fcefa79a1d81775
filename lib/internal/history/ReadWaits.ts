import type { Wait } from '../support/Marks.js';

interface AwaitedRead {
  readonly seq: number;
  readonly isRead: () => void;
}

/** Those who wait until a history was read up to some number, and then for something more. */
export class ReadWaits {
  readonly #waits = new Set<AwaitedRead>();

  /** @param then What to wait for when the event of the number `seq` was read; `undefined`: nothing. */
  until(seq: number, then: () => Wait | undefined): Wait {
    let withdraw: (() => void) | undefined;
    const over = new Promise<void>((resolve) => {
      const wait = {
        seq,
        isRead: () => {
          this.#waits.delete(wait);
          const further = then();
          withdraw = further?.withdraw;
          resolve(further?.over);
        },
      };
      withdraw = () => {
        this.#waits.delete(wait);
      };
      this.#waits.add(wait);
    });
    return { over, withdraw: () => withdraw?.() };
  }

  /** It was read up to this number. */
  passed(present: number): void {
    this.#waits.forEach(({ seq, isRead }) => {
      if (seq <= present) {
        isRead();
      }
    });
  }
}
