import { show } from '../../internal/support/show.js';
import type { BusPosition, Gap } from '../../receiver.js';
import type { UpstreamBus, UpstreamPage, UpstreamRead } from '../../upstream.js';
import type { PlacedBinding } from './bindings.js';
import { Decoder } from './Decoder.js';
import { Doubles } from './Doubles.js';
import { UpstreamClosedError } from '../errors.js';
import type { StreamPlace } from '../stream/lineage.js';
import type { Order } from './order.js';
import { pause } from '../outcome.js';
import { readPage } from '../reader/pages.js';
import type { Pulled } from '../reader/Pull.js';
import { Registrations } from './Registrations.js';
import type { Settings } from '../settings.js';

const PAGE_RETRY_MS = 200;
/** As the default of `maxBindings`. */
const MAX_SESSIONS = 65_536;

/** The order of the stream: a bus delivers what has come back from it, also its own events, and has the stream's places. */
export class StreamOrder<E> implements Order<E> {
  private readonly registrations = new Registrations(MAX_SESSIONS);
  private readonly decoder: Decoder<E>;

  /** @param isOver Whether the upstream has ended, so that no page is tried again. */
  constructor(
    private readonly settings: Settings<E>,
    private readonly bus: UpstreamBus<E>,
    private readonly place: StreamPlace,
    private readonly isOver: () => boolean,
  ) {
    this.decoder = new Decoder(settings, this.registrations);
  }

  start(end: BusPosition, bindings: readonly PlacedBinding[]): void {
    this.bus.begin(end);
    this.learn(bindings);
  }

  published(): void {
    // It is delivered when it comes back.
  }

  gaveUp(): void {
    // It never comes back.
  }

  isReturn(): boolean {
    return false;
  }

  bring(pulled: Pulled): boolean {
    const { seq } = pulled;
    const { busEvent, binding } = this.decoder.eventIn(pulled);
    const isWanted = this.decoder.wants(busEvent);
    if (isWanted) {
      // The bus does not bind it: it may have learned a registration that comes later in the stream, and other buses have not.
      this.bus.event(busEvent, seq, true);
    }
    if (binding !== undefined) {
      this.registrations.learn(binding, seq);
      this.bus.bind(binding);
    }
    return isWanted;
  }

  gap(gap: Omit<Gap, 'type'>, seq: number): void {
    this.bus.gap(this.decoder.told(gap), seq);
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
    const { place, settings, bus, decoder } = this;
    const doubles = new Doubles(4 * settings.maxInFlight);
    for (;;) {
      try {
        return await readPage(
          place,
          bus.scheduler,
          settings.heartbeatMs,
          decoder.narrowed(request),
          (pulled) => decoder.deliveryOf(pulled, doubles),
          (missed) => decoder.gapOf(missed),
        );
      } catch (error) {
        if (!this.isOver()) {
          bus.log('info', `${settings.node}: reading kept events failed, and is tried again: ${show(error)}`);
          await pause(bus.scheduler, PAGE_RETRY_MS);
        }
      }
      if (this.isOver()) {
        throw new UpstreamClosedError();
      }
    }
  };

  private learn(bindings: readonly PlacedBinding[]): void {
    bindings.forEach(({ binding, seq }) => {
      this.registrations.learn(binding, seq);
      this.bus.bind(binding);
    });
  }
}
