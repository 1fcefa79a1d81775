import type { Gap } from '../../receiver.js';
import type { BusEvent } from '../../events/BusEvent.js';
import { type Link, LinkedList } from '../support/LinkedList.js';
import type { Inbox } from './Inbox.js';

/** A call that waits for one event. It is answered once, by one of its methods. */
export interface Pull<E> {
  next(busEvent: BusEvent<E>): void;
  /** Called with the gap before the next event. A pull without this method skips gaps. */
  gap?(gap: Gap): void;
  /** Called without an argument, when no event will come. The parameter allows the `resolve` of a promise here. */
  complete(none?: undefined): void;
  error(error: unknown): void;
  /** Is not garbage-collected before the answer. */
  readonly keepAlive?: object;
}

/** How a receiver ends: with an error, or by completing. */
export type Ending = { readonly error: unknown } | 'complete';

/** The part of a receiver from which pulls are answered. */
export interface PullSource<E> extends Pick<Inbox<E>, 'waiting' | 'nextNumber' | 'takeGap' | 'shift'> {
  /** How it has ended; `undefined` if it has not. Returns an error once. */
  takeEnding(): Ending | undefined;
  /** Brings the totals of the bus up to date, since the code that gets an answer may read them. */
  account(): void;
}

/** The calls that wait for an event, in order, and the iterator or stream that makes them, if there is one. */
export class Pulls<E> {
  /** The iterator or stream that pulls. There is no other consumer at the same time. */
  puller: object | undefined;
  private readonly waiting = new LinkedList<Pull<E>>();

  get size(): number {
    return this.waiting.size;
  }

  /** Adds `pull`. Returns the place by which it can be withdrawn. */
  add(pull: Pull<E>): Link<Pull<E>> {
    return this.waiting.add(pull);
  }

  /** Removes the pull at `place`. Returns false if it was answered before. */
  withdraw(place: Link<Pull<E>>): boolean {
    return this.waiting.remove(place);
  }

  /** Answers the waiting pulls, as far as there are events, gaps or an ending. Returns whether a pull was answered. */
  answer(source: PullSource<E>): boolean {
    let answered = false;
    // Pulls that are added meanwhile are answered in the next turn.
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
    // The consumer that gets the ending is finished: another one may follow.
    this.puller = undefined;
    if (ending === 'complete') {
      pull.complete();
    } else {
      pull.error(ending.error);
    }
    return true;
  }
}
