import type { Msg } from '@nats-io/nats-core';
import { show } from '../../internal/support/show.js';
import { OTHERS, Tally } from '../../internal/support/Tally.js';
import type { Gap } from '../../receiver.js';

/** The longest name of a kind that is written out. */
const LONGEST_KIND = 64;

/** Events that other processes will not get. They are told by a message in the stream, in their place. */
export class Loss {
  private readonly tally = new Tally();
  private atMost = false;
  missed = 0;

  /** @param isSure Whether the event is not in the stream. */
  add(kind: string, isSure: boolean): void {
    this.missed += 1;
    this.tally.add(kind.length <= LONGEST_KIND ? kind : OTHERS);
    this.atMost ||= !isSure;
  }

  /** The payload of the message. */
  get payload(): string {
    const { missed, atMost } = this;
    return JSON.stringify({ missed, byKind: Object.fromEntries(this.tally.counts), ...(atMost && { atMost }) });
  }
}

/**
 * Reads a message of a gap.
 *
 * @throws TypeError if it is none.
 */
export function gapIn(message: Msg): Omit<Gap, 'type'> {
  const value = message.json<Partial<Gap> | null>();
  const { missed, byKind, atMost } = value ?? {};
  const counts = Object.entries(byKind ?? {});
  const isGap =
    isCount(missed) &&
    counts.every(([, count]) => isCount(count)) &&
    counts.reduce((sum, [, count]) => sum + count, 0) <= missed;
  if (!isGap) {
    throw new TypeError(`expected a gap, got ${show(value)}`);
  }
  return { missed, byKind: Object.fromEntries(counts), ...(atMost === true && { atMost }) };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0;
}

/** A gap of one event of unknown kind. */
export function ofOne(): Omit<Gap, 'type'> {
  return { missed: 1, byKind: { [OTHERS]: 1 } };
}
