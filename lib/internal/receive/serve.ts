import type { Observer } from 'rxjs';
import type { BusEvent } from '../../events/BusEvent.js';
import { type Delivery, ReceiverBusyError } from '../../receiver.js';
import { report } from '../support/report.js';
import { currentZone, runIn } from '../support/zone.js';
import { disposeLeft, warnIfLeft } from './ending.js';
import { DeliveryConsumer, DirectConsumer, type ConsumerPort } from './consumers.js';
import type { Receiver } from './Receiver.js';

/** Delivers the events of `receiver` to `consumer` from now on. If there is another consumer, `consumer` gets an error. */
export function serve<E>(receiver: Receiver<E>, consumer: Observer<BusEvent<E>>): void {
  const { host } = receiver;
  host.stage.settle();
  if (receiver.consumer !== undefined || receiver.hasPulls || receiver.hasPuller) {
    consumer.error(new ReceiverBusyError(receiver.id));
    return;
  }
  receiver.parts?.stallTimer?.stop();
  // A consumer keeps the handle alive, and ends the receiver when it leaves.
  host.unwatch(receiver);
  if (!(consumer instanceof DeliveryConsumer)) {
    receiver.parkedIn?.unpark(receiver);
    receiver.forgetGaps();
  }
  if (receiver.isExhausted) {
    warnIfLeft(receiver);
    consumer.complete();
    return;
  }
  receiver.consumer = consumer;
  enterZone(receiver);
  if (receiver.hasEnded) {
    receiver.phase = 'draining';
    host.keep(receiver);
  }
  if (receiver.hasEnded || receiver.hasNext) {
    host.stage.request(receiver);
  }
}

/** Delivers the events of `receiver`, and the gaps between them, to `out`. Returns the consumer, to be passed to {@link leave}. */
export function serveDeliveries<E>(receiver: Receiver<E>, out: Observer<Delivery<E>>): Observer<BusEvent<E>> {
  // The event that is being delivered no longer counts as waiting.
  const consumer = new DeliveryConsumer<E>(out, {
    takeGap: () => receiver.takeGap(receiver.nextNumber - 1),
    discardIfCleared: () => receiver.discardCurrentIfCleared(),
  });
  serve(receiver, consumer);
  return consumer;
}

/** Disposes `receiver`, if `leaver` is its consumer or a Proxy of its consumer. */
export function leave<E>(receiver: Receiver<E>, leaver: Observer<BusEvent<E>>): void {
  const { consumer } = receiver;
  const isOwn = consumer === leaver || (consumer instanceof DirectConsumer && consumer.isProxiedBy(leaver));
  if (consumer !== undefined && isOwn) {
    receiver.consumer = undefined;
    disposeLeft(receiver);
  }
}

/** Delivers the events of a receiver that has no handle. */
export class ReceiverPort<E> implements ConsumerPort<BusEvent<E>> {
  private readonly receiver: Receiver<E>;

  constructor(receiver: Receiver<E>) {
    this.receiver = receiver;
  }

  serve(consumer: Observer<BusEvent<E>>): void {
    serve(this.receiver, consumer);
  }

  leave(consumer: Observer<BusEvent<E>>): void {
    leave(this.receiver, consumer);
  }
}

/** With zone.js, runs the turns of `receiver` in the zone of the caller. */
function enterZone<E>(receiver: Receiver<E>): void {
  const zone = currentZone();
  if (zone !== undefined) {
    // A turn enters the zone once, since Angular checks its page whenever its zone is left. Without zone.js, turns look for no zone.
    const turn = receiver.turn.bind(receiver);
    receiver.turn = () => {
      runIn(zone, turn, report);
    };
  }
}
