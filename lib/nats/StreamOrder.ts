import type { BusEvent } from '../events/BusEvent.js';
import { show } from '../internal/support/show.js';
import type { BusPosition, Delivery, Gap } from '../receiver.js';
import type { UpstreamBus, UpstreamPage, UpstreamRead } from '../upstream.js';
import type { PlacedBinding } from './bindings.js';
import { Doubles } from './Doubles.js';
import { idOf } from './entries.js';
import { UpstreamClosedError } from './errors.js';
import { gapIn, ofOne } from './gaps.js';
import type { StreamPlace } from './lineage.js';
import { eventIn, type Order } from './order.js';
import { pause } from './outcome.js';
import { readPage } from './pages.js';
import type { Pulled } from './Pull.js';
import { Registrations, withScroll } from './Registrations.js';
import { bindingIn, type Settings } from './settings.js';
import { gapSubject, markerSubject } from './subjects.js';

const PAGE_RETRY_MS = 200;
/** As the default of `maxBindings`. */
const MAX_SESSIONS = 65_536;

/** The order of the stream: a bus delivers what has come back from it, also its own events, and has the stream's places. */
export class StreamOrder<E> implements Order<E> {
  private readonly registrations = new Registrations(MAX_SESSIONS);

  /** @param isOver Whether the upstream has ended, so that no page is tried again. */
  constructor(
    private readonly settings: Settings<E>,
    private readonly bus: UpstreamBus<E>,
    private readonly place: StreamPlace,
    private readonly isOver: () => boolean,
  ) {}

  start(end: BusPosition, bindings: readonly PlacedBinding[]): void {
    this.bus.begin(end);
    this.learn(bindings);
  }

  published(): void {
    // It is delivered when it comes back.
  }

  isReturn(): boolean {
    return false;
  }

  bring(pulled: Pulled): void {
    const { seq } = pulled;
    const busEvent = this.boundEvent(pulled);
    // The bus does not bind it: it may have learned a registration that comes later in the stream, and other buses have not.
    this.bus.event(busEvent, seq, true);
    const binding = bindingIn(this.settings, busEvent);
    if (binding !== undefined) {
      this.registrations.learn(binding, seq);
      this.bus.bind(binding);
    }
  }

  gap(gap: Omit<Gap, 'type'>, seq: number): void {
    this.bus.gap(gap, seq);
  }

  hole(gap: Omit<Gap, 'type'>, seq: number): void {
    this.bus.gap(gap, seq);
  }

  restart(position: BusPosition): void {
    this.bus.begin(position);
  }

  rebind(bindings: readonly PlacedBinding[]): void {
    this.registrations.clear();
    this.learn(bindings);
  }

  readonly read = async (request: UpstreamRead<E>): Promise<UpstreamPage<E>> => {
    const { place, settings, bus } = this;
    const doubles = new Doubles(4 * settings.maxInFlight);
    for (;;) {
      try {
        return await readPage(place, bus.scheduler, settings.heartbeatMs, request, (pulled) =>
          this.deliveryOf(pulled, doubles),
        );
      } catch (error) {
        bus.log('info', `${settings.node}: ${show(error)}; it is tried again`);
        await pause(bus.scheduler, PAGE_RETRY_MS);
      }
      if (this.isOver()) {
        throw new UpstreamClosedError();
      }
    }
  };

  /** The event of a message, with the scroll id that its session has at its place. */
  private boundEvent({ message, seq }: Pulled): BusEvent<E> {
    const busEvent = eventIn(this.settings, message);
    const binding = bindingIn(this.settings, busEvent);
    return binding === undefined ? this.registrations.bound(busEvent, seq) : withScroll(busEvent, binding.scrollId);
  }

  private deliveryOf(pulled: Pulled, doubles: Doubles): Delivery<E> | undefined {
    const { message, seq } = pulled;
    const { prefix } = this.settings;
    const id = idOf(message);
    if (message.subject === markerSubject(prefix) || (id !== '' && doubles.has(id))) {
      return undefined;
    }
    try {
      return message.subject === gapSubject(prefix)
        ? { type: 'gap', ...gapIn(message) }
        : { type: 'event', event: { ...this.boundEvent(pulled), seq } };
    } catch {
      return { type: 'gap', ...ofOne() };
    }
  }

  private learn(bindings: readonly PlacedBinding[]): void {
    bindings.forEach(({ binding, seq }) => {
      this.registrations.learn(binding, seq);
      this.bus.bind(binding);
    });
  }
}
