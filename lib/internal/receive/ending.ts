import { onAbort } from '../support/abort.js';
import { weakly } from '../support/weak.js';
import type { Receiver } from './Receiver.js';

/** Ends `receiver` at once, and discards the waiting events. */
export function dispose<E>(receiver: Receiver<E>): void {
  const { stage } = receiver.host;
  stage.settle();
  // With waiting events, it stops lagging without a log line, since it has not caught up. With an empty queue, it has.
  if (receiver.isLagging && receiver.waiting > 0) {
    receiver.stopLagging();
  }
  receiver.parkedIn?.unpark(receiver);
  receiver.parts?.catchUp?.forgetMissing();
  receiver.clear();
  if (receiver.parts !== undefined) {
    receiver.parts.failure = undefined;
  }
  receiver.end('complete');
  if (receiver.consumer === undefined) {
    stage.withdraw(receiver);
  }
  receiver.answerPulls();
  receiver.reportConsumed();
  if (receiver.isLagObserved || receiver.parts?.notices?.isClosedObserved === true) {
    // This turn ends `lagged$` and `closed$`.
    stage.request(receiver);
  }
}

/** Disposes `receiver`, since its consumer has left. */
export function disposeLeft<E>(receiver: Receiver<E>): void {
  if (receiver.phase === 'live') {
    receiver.more.wasLeft = true;
  }
  dispose(receiver);
}

/** Logs a warning if a consumer comes after another one has ended `receiver` by leaving: it gets nothing, and would not know why. */
export function warnIfLeft<E>(receiver: Receiver<E>): void {
  if (receiver.parts?.wasLeft === true) {
    receiver.parts.wasLeft = false;
    receiver.host.logOf(
      receiver,
      'warn',
      'is consumed again, but it ended when its consumer left, so nothing comes; bus.stream() makes a receiver for each subscription',
    );
  }
}

/** Disposes `receiver` when `signal` is aborted. */
export function disposeOn<E>(signal: AbortSignal | undefined, receiver: Receiver<E>): void {
  if (signal !== undefined) {
    // The signal may live longer than all other references to the receiver.
    const ref = weakly(receiver);
    receiver.more.ignoreSignal = onAbort(signal, () => {
      const target = ref.deref();
      if (target !== undefined) {
        dispose(target);
      }
    });
  }
}

/** Disposes `receiver`, whose handle was garbage-collected: no consumer can get its events any more. */
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

/** Ends `receiver`, which was closed: now, since all earlier events have been offered, or when it has read them from the history. */
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
  receiver.releaseIfUnconsumed();
  // In its own turn, it reads after the turn has delivered the waiting events.
  if (!receiver.host.stage.isTurnOf(receiver)) {
    catchUp.read();
  }
}
