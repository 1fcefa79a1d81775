import type { Observer } from 'rxjs';
import type { BusEvent } from '../../events/BusEvent.js';
import { type Delivery, ReceiverBusyError } from '../../receiver.js';
import { report } from '../support/report.js';
import { currentZone, runIn } from '../support/zone.js';
import { dispose } from './ending.js';
import { DeliveryConsumer, DirectConsumer, type ConsumerPort } from './consumers.js';
import type { Receiver } from './Receiver.js';

/** Gives `consumer` the events of `receiver` from now on, or an error if another consumer is there. */
export function serve<E>(receiver: Receiver<E>, consumer: Observer<BusEvent<E>>): void {
  const { host } = receiver;
  host.stage.settle();
  if (receiver.consumer !== undefined || receiver.hasPulls || receiver.hasPuller) {
    consumer.error(new ReceiverBusyError(receiver.id));
    return;
  }
  receiver.parts?.stallTimer?.stop();
  // A consumer holds the handle, and ends the receiver when it leaves.
  host.unwatch(receiver);
  if (!(consumer instanceof DeliveryConsumer)) {
    receiver.parkedIn?.unpark(receiver);
    receiver.forgetGaps();
  }
  if (receiver.isExhausted) {
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

/** Gives `out` the events of `receiver`, and the gaps between them. Returns the consumer that has to {@link leave}. */
export function serveDeliveries<E>(receiver: Receiver<E>, out: Observer<Delivery<E>>): Observer<BusEvent<E>> {
  // The event in hand is not counted among those that wait.
  const consumer = new DeliveryConsumer<E>(out, {
    takeGap: () => receiver.takeGap(receiver.nextNumber - 1),
    isForgotten: () => receiver.discardCurrentIfCleared(),
  });
  serve(receiver, consumer);
  return consumer;
}

/** Disposes `receiver`, if `leaver` is its consumer, or a Proxy of it. */
export function leave<E>(receiver: Receiver<E>, leaver: Observer<BusEvent<E>>): void {
  const { consumer } = receiver;
  const isOwn = consumer === leaver || (consumer instanceof DirectConsumer && consumer.isBehind(leaver));
  if (consumer !== undefined && isOwn) {
    receiver.consumer = undefined;
    dispose(receiver);
  }
}

/** The place of the consumer of a receiver that has no handle. */
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

/** With zone.js, the turns of `receiver` run in the zone of the caller. */
function enterZone<E>(receiver: Receiver<E>): void {
  const zone = currentZone();
  if (zone !== undefined) {
    // The whole turn, since Angular checks its page whenever its zone is left. Without zone.js, a turn looks for no zone.
    const turn = receiver.turn.bind(receiver);
    receiver.turn = () => {
      runIn(zone, turn, report);
    };
  }
}
