import type { Gap } from '../../Delivery.js';
import type { BusEvent } from '../../protocol/BusEvent.js';
import type { BoundedQueue } from '../support/BoundedQueue.js';
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
  #pulls: Pull<E>[] | undefined;
  /** Made for the first one who waits until events are consumed. */
  #marks: Marks | undefined;

  /** Whether somebody has asked for an event that is not there. */
  protected get isAsked(): boolean {
    return this.#pulls !== undefined && this.#pulls.length > 0;
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

  /** Tells `pull` what there is: now, or in a turn; where nothing is, when something comes. */
  protected pull(pull: Pull<E>, inTurn: boolean): void {
    (this.#pulls ??= []).push(pull);
    if (!inTurn) {
      this.servePulls();
    } else if (this.waiting > 0 || this.hasEnded || this.gapIsNext) {
      this.requestTurn();
    }
  }

  /** Gives what waits to those who have asked; when nothing will come, tells them. */
  protected servePulls(): void {
    const pulls = this.#pulls;
    if (pulls === undefined || pulls.length === 0) {
      return;
    }
    this.beforePulls();
    /** Whether there is something to tell to the one who asked first. */
    const hasAnswer = (): boolean => this.waiting > 0 || (pulls[0]?.gap !== undefined && this.gapIsNext);
    // Who asks again when he is answered is answered in the next turn. Who leaves then has answered all.
    const asked = pulls.length;
    let count = asked;
    for (; count > 0 && pulls.length > 0 && hasAnswer(); count -= 1) {
      const pull = pulls.shift() as Pull<E>;
      const gap = this.takeGap(this.nextNumber);
      if (gap !== undefined && pull.gap !== undefined) {
        pull.gap(gap);
      } else {
        const busEvent = (this.queue as BoundedQueue<BusEvent<E>>).shift();
        this.beforeTold();
        pull.next(busEvent);
      }
    }
    for (; count > 0 && pulls.length > 0 && this.ending !== undefined && !hasAnswer(); count -= 1) {
      const pull = pulls.shift() as Pull<E>;
      if (this.ending === 'complete') {
        pull.complete();
      } else {
        const { error } = this.ending;
        // An error is told once.
        this.ending = 'complete';
        pull.error(error);
      }
    }
    // Where nobody was answered there is nothing to tell: a turn that asks for the next one never ends.
    const answered = pulls.length < asked;
    this.afterPulls(answered);
    if ((answered && this.#marks !== undefined) || (pulls.length > 0 && (this.waiting > 0 || this.hasEnded))) {
      this.requestTurn();
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
