import type { Parts } from './receiverParts.js';

/** A receiver, as far as its signal matters. */
interface Abortable {
  readonly parts: Pick<Parts<unknown>, 'failure' | 'ignoreSignal' | 'isEndDelivered'> | undefined;
  readonly hasEnded: boolean;
  readonly waiting: number;
  readonly gapIsNext: boolean;
}

/** Stops listening to its signal, if `receiver` has ended and has nothing left that could be forgotten, an error included. */
export function forgetSignal({ parts, hasEnded, waiting, gapIsNext }: Abortable): void {
  if (parts?.ignoreSignal === undefined || !hasEnded || parts.failure !== undefined || waiting > 0) {
    return;
  }
  if (!gapIsNext || parts.isEndDelivered === true) {
    parts.ignoreSignal();
    parts.ignoreSignal = undefined;
  }
}
