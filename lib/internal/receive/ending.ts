import { onAbort } from '../support/abort.js';
import { weakly } from '../support/weak.js';
import type { Receiver } from './Receiver.js';

/** Ends `receiver` at once, and forgets what waits. */
export function dispose<E>(receiver: Receiver<E>): void {
  const { stage } = receiver.host;
  stage.settle();
  // To discard what waits is not to catch up with it. To leave with an empty queue is.
  if (receiver.isLagging && receiver.waiting > 0) {
    receiver.stopLagging();
  }
  receiver.parkedIn?.unpark(receiver);
  receiver.parts?.catchUp?.forgetMissing();
  receiver.clear(stage.lent);
  if (receiver.parts !== undefined) {
    receiver.parts.failure = undefined;
  }
  receiver.end('complete');
  if (receiver.consumer === undefined) {
    stage.withdraw(receiver);
  }
  receiver.answerPulls();
  receiver.noteConsumed();
  if (receiver.isCounted || receiver.parts?.notices?.isClosedObserved === true) {
    // What was withdrawn is asked for again.
    stage.request(receiver);
  }
}

/** Disposes `receiver` when `signal` is aborted. */
export function disposeOn<E>(signal: AbortSignal | undefined, receiver: Receiver<E>): void {
  if (signal !== undefined) {
    // A signal may live longer than all that holds the receiver.
    const ref = weakly(receiver);
    receiver.more.ignoreSignal = onAbort(signal, () => {
      const target = ref.deref();
      if (target !== undefined) {
        dispose(target);
      }
    });
  }
}

/** Disposes `receiver`, whose handle was collected: no consumer can come for the events. */
export function abandon<E>(receiver: Receiver<E>): void {
  const { host } = receiver;
  host.stage.settle();
  if (receiver.phase === 'live') {
    host.logOf(
      receiver,
      'warn',
      `was dropped without being closed: its slot is free, ${receiver.waiting} events that waited are gone`,
    );
  }
  dispose(receiver);
}

/** Ends `receiver`, which was closed, now that everything published before has been offered; or when it has read that from the history. */
export function finish<E>(receiver: Receiver<E>): void {
  const catchUp = receiver.parts?.catchUp;
  if (receiver.hasEnded) {
    return;
  }
  if (catchUp === undefined) {
    receiver.end('complete');
    return;
  }
  catchUp.close();
  receiver.parts?.stallTimer?.stop();
  receiver.forgetConsumer();
  // In a turn of its own it reads when that is over. Until then something waits, or it would not catch up any more.
  if (!receiver.host.stage.isTurnOf(receiver)) {
    catchUp.read();
  }
}
