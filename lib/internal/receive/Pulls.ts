import type { Gap } from '../../receiver.js';
import type { BusEvent } from '../../events/BusEvent.js';
import { type Link, LinkedList } from '../support/LinkedList.js';
import type { Inbox } from './Inbox.js';

/** A call that waits for one event: it is answered once. */
export interface Pull<E> {
  next(busEvent: BusEvent<E>): void;
  /** Where it wants to know of what is missing before the next event. */
  gap?(gap: Gap): void;
  /** There will be none. Called without an argument; it is named so that the `resolve` of a promise will do. */
  complete(none?: undefined): void;
  error(error: unknown): void;
  /** What must not be collected before it is answered. */
  readonly holder?: object;
}

/** How a receiver ends: with an error, or by completing. */
export type Ending = { readonly error: unknown } | 'complete';

/** What pulls are answered from. */
export interface PullSource<E> extends Pick<Inbox<E>, 'waiting' | 'nextNumber' | 'takeGap' | 'shift'> {
  /** How it has ended, if it has; an error is given once. */
  takeEnding(): Ending | undefined;
  /** Brings the totals of the bus up to date: what an answer calls may read them. */
  account(): void;
}

/** The calls that wait for an event, first come, first served; and the one consumer that makes them, if there is one. */
export class Pulls<E> {
  /** What takes one event after the other, and lets no other take any. */
  puller: object | undefined;
  private readonly waiting = new LinkedList<Pull<E>>();

  get size(): number {
    return this.waiting.size;
  }

  /** Returns the place of `pull`, by which it can be withdrawn. */
  add(pull: Pull<E>): Link<Pull<E>> {
    return this.waiting.add(pull);
  }

  /** Returns whether the pull at `place` was not answered yet. */
  withdraw(place: Link<Pull<E>>): boolean {
    return this.waiting.remove(place);
  }

  /** Answers those that wait now, as far as there is something to answer. Returns whether any was answered. */
  answer(source: PullSource<E>): boolean {
    let answered = false;
    // What is asked for by an answer is answered in the next turn.
    for (let count = this.waiting.size; count > 0; count -= 1) {
      const { first } = this.waiting;
      if (first === undefined || !this.answerOne(first, source)) {
        break;
      }
      answered = true;
    }
    return answered;
  }

  private answerOne(place: Link<Pull<E>>, source: PullSource<E>): boolean {
    const { value: pull } = place;
    const hasEvent = source.waiting > 0;
    const gap = hasEvent || pull.gap !== undefined ? source.takeGap(source.nextNumber) : undefined;
    if (gap !== undefined && pull.gap !== undefined) {
      this.waiting.remove(place);
      pull.gap(gap);
      return true;
    }
    if (hasEvent) {
      this.waiting.remove(place);
      const busEvent = source.shift();
      source.account();
      pull.next(busEvent);
      return true;
    }
    const ending = source.takeEnding();
    if (ending === undefined) {
      return false;
    }
    this.waiting.remove(place);
    // What was told the end is through, and may be followed.
    this.puller = undefined;
    if (ending === 'complete') {
      pull.complete();
    } else {
      pull.error(ending.error);
    }
    return true;
  }
}
