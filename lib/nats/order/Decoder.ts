import type { BusEvent, ScrollBinding } from '../../events/BusEvent.js';
import { matches } from '../../events/EventFilter.js';
import { answerOf } from '../../internal/support/promises.js';
import { OTHERS } from '../../internal/support/Tally.js';
import type { Delivery, Gap } from '../../receiver.js';
import type { UpstreamRead } from '../../upstream.js';
import type { Doubles } from './Doubles.js';
import { idOf } from '../outbox/entries.js';
import { gapIn, ofOne } from '../outbox/gaps.js';
import type { Pulled } from '../reader/Pull.js';
import type { Registrations } from './Registrations.js';
import { withScroll } from './Registrations.js';
import { bindingIn, type Settings } from '../settings.js';
import { gapSubject, markerSubject } from '../stream/subjects.js';

/** Turns messages into what a bus gets. */
export class Decoder<E> {
  private readonly settings: Settings<E>;
  private readonly registrations: Registrations;

  constructor(settings: Settings<E>, registrations: Registrations) {
    this.settings = settings;
    this.registrations = registrations;
  }

  /**
   * The event of a message, with the scroll id that its session has at its place.
   *
   * @throws If it is no event.
   */
  eventIn({ message, seq }: Pulled): { readonly busEvent: BusEvent<E>; readonly binding: ScrollBinding | undefined } {
    const found = answerOf('parse', this.settings.parse(message.json()));
    const binding = bindingIn(this.settings, found);
    const busEvent = binding === undefined ? this.registrations.bound(found, seq) : withScroll(found, binding.scrollId);
    return { busEvent, binding };
  }

  /** Whether this bus wants the event. */
  wants(busEvent: BusEvent<E>): boolean {
    const { filter } = this.settings;
    return filter === undefined || matches(filter, busEvent);
  }

  /** What a kept message is for a receiver; `undefined` if it is nothing. */
  deliveryOf(pulled: Pulled, doubles: Doubles): Delivery<E> | undefined {
    const { message, seq } = pulled;
    const { prefix } = this.settings;
    const id = idOf(message);
    if (message.subject === markerSubject(prefix) || (id !== '' && doubles.has(id))) {
      return undefined;
    }
    try {
      if (message.subject === gapSubject(prefix)) {
        return { type: 'gap', ...this.told(gapIn(message)) };
      }
      const { busEvent } = this.eventIn(pulled);
      return this.wants(busEvent) ? { type: 'event', event: { ...busEvent, seq } } : undefined;
    } catch {
      return { type: 'gap', ...this.told(ofOne()) };
    }
  }

  /** A gap of messages that are gone. */
  gapOf(missed: number): Omit<Gap, 'type'> {
    return this.told({ missed, byKind: { [OTHERS]: missed } });
  }

  /** What a gap of the stream is for this bus: it may not want all of these events. */
  told(gap: Omit<Gap, 'type'>): Omit<Gap, 'type'> {
    return this.settings.filter === undefined ? gap : { ...gap, atMost: true };
  }

  /** What is to be read for a receiver: what it wants, if this bus wants it, too. */
  narrowed(request: UpstreamRead<E>): UpstreamRead<E> {
    const { filter } = this.settings;
    return filter === undefined ? request : { ...request, filter: { type: 'and', filters: [filter, request.filter] } };
  }
}
