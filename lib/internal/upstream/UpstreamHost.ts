import type { HistoryOptions } from '../../options.js';
import type { Publisher } from '../publish/Publisher.js';
import type { Receivers } from '../receive/Receivers.js';

/** The parts of a bus that an upstream acts on. */
export interface UpstreamHost<E> {
  /** The bus itself. */
  readonly bus: object;
  readonly publisher: Publisher<E>;
  readonly receivers: Receivers<E>;
  readonly history: HistoryOptions<E> | undefined;
  /** Closes the bus. If there is a failure, its receivers end with the error. */
  end(failure: { readonly error: unknown } | undefined): void;
}
