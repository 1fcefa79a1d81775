import type { Parts } from './receiverParts.js';

/** The part of a receiver that {@link forgetSignal} reads. */
interface Abortable {
  readonly parts: Pick<Parts<unknown>, 'failure' | 'ignoreSignal' | 'isEndDelivered'> | undefined;
  readonly hasEnded: boolean;
  readonly waiting: number;
  readonly gapIsNext: boolean;
}

/** Stops listening to the signal of `receiver`, if it has ended and has no event, gap or error left that the signal could discard. */
export function forgetSignal({ parts, hasEnded, waiting, gapIsNext }: Abortable): void {
  if (parts?.ignoreSignal === undefined || !hasEnded || parts.failure !== undefined || waiting > 0) {
    return;
  }
  if (!gapIsNext || parts.isEndDelivered === true) {
    parts.ignoreSignal();
    parts.ignoreSignal = undefined;
  }
}
