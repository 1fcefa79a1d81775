import type { Gap } from '../../Delivery.js';
import type { BusEvent } from '../../protocol/BusEvent.js';
import type { BoundedQueue } from '../support/BoundedQueue.js';
import { type Link, LinkedList } from '../support/LinkedList.js';
import { BurstMailbox } from './BurstMailbox.js';
import { Marks, type Wait } from '../support/Marks.js';
import type { Pull } from './Pull.js';

/**
 * A mailbox whose events, and what is missing between them, can be asked for one at a time; and one that can be waited for until
 * its events are consumed.
 *
 * Invariant: who asked first is told first, and nobody waits for what is there: what comes is told in the next turn.
 */
export abstract class PulledMailbox<E> extends BurstMailbox<E> {
  /** Made for the first one who asks for an event that is not there. */
  #pulls: LinkedList<Pull<E>> | undefined;
  /** Made for the first one who waits until events are consumed. */
  #marks: Marks | undefined;

  /** Whether somebody has asked for an event that is not there. */
  protected get isAsked(): boolean {
    return this.#pulls?.first !== undefined;
  }

  /** Whether somebody may wait until events are consumed. */
  protected get isMarked(): boolean {
    return this.#marks !== undefined;
  }

  /** Whether something is missing before the next event. */
  protected get gapIsNext(): boolean {
    return this.gaps?.has(this.nextNumber) === true;
  }

  /** What is missing before the event of this number, which is told now, or never. */
  protected takeGap(number: number): Gap | undefined {
    return this.gaps?.take(number);
  }

  /** Called before anything is pulled. */
  protected abstract beforePulls(): void;

  /** Called when an event was taken out for a pull, before that is told. */
  protected abstract beforeTold(): void;

  /** Called when those who had asked were told what there was; `answered`: somebody was. */
  protected abstract afterPulls(answered: boolean): void;

  /** Tells `pull` what there is: now, or in a turn; where nothing is, when something comes. Returns its place among those that wait. */
  protected pull(pull: Pull<E>, inTurn: boolean): Link<Pull<E>> {
    const place = (this.#pulls ??= new LinkedList()).add(pull);
    if (!inTurn) {
      this.servePulls();
    } else if (this.waiting > 0 || this.hasEnded || this.gapIsNext) {
      this.requestTurn();
    }
    return place;
  }

  /** Takes back what was asked for at `place`. Returns whether it was not told yet. */
  withdraw(place: Link<Pull<E>>): boolean {
    return this.#pulls?.remove(place) === true;
  }

  /** Gives what waits to those who have asked; when nothing will come, tells them. */
  protected servePulls(): void {
    const pulls = this.#pulls;
    if (pulls === undefined || pulls.size === 0) {
      return;
    }
    this.beforePulls();
    let answered = false;
    // What is asked for by a pull that is answered is answered in the next turn.
    for (let count = pulls.size; count > 0 && pulls.first !== undefined; count -= 1) {
      const { first } = pulls;
      const { value: pull } = first;
      if (this.waiting === 0 && this.ending === undefined && !(pull.gap !== undefined && this.gapIsNext)) {
        break;
      }
      pulls.remove(first);
      answered = true;
      this.#answer(pull);
    }
    // Where nobody was answered there is nothing to tell: a turn that asks for the next one never ends.
    this.afterPulls(answered);
    if ((answered && this.#marks !== undefined) || (this.isAsked && (this.waiting > 0 || this.hasEnded))) {
      this.requestTurn();
    }
  }

  /** Tells `pull` what is next, which there is. */
  #answer(pull: Pull<E>): void {
    const gap = this.waiting > 0 || pull.gap !== undefined ? this.takeGap(this.nextNumber) : undefined;
    if (gap !== undefined && pull.gap !== undefined) {
      pull.gap(gap);
    } else if (this.waiting > 0) {
      const busEvent = (this.queue as BoundedQueue<BusEvent<E>>).shift();
      this.beforeTold();
      pull.next(busEvent);
    } else if (typeof this.ending === 'object') {
      const { error } = this.ending;
      // An error is told once.
      this.ending = 'complete';
      pull.error(error);
    } else {
      pull.complete();
    }
  }

  /** The wait until so many events are consumed, or forgotten. */
  protected consumedUpTo(number: number): Wait {
    return (this.#marks ??= new Marks()).reached(number);
  }

  /** Tells those who wait for it how many events are consumed, or forgotten. */
  protected tellConsumed(present: number): void {
    this.#marks?.passed(present);
  }
}
