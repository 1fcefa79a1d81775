import type { BusEvent } from 'sharing-bus';
import type { FileProgress } from '../connectors/logFile.js';
import type { SessionCount } from '../ledger.js';
import type { ConsoleSubscriber } from '../subscribers/ConsoleSubscriber.js';

/** What there is to show of a run; it changes while the run goes on. */
export interface RunView {
  readonly published: number;
  readonly sessions: readonly SessionCount[];
  readonly subscribers: readonly ConsoleSubscriber[];
  readonly files: readonly FileProgress[];
  readonly badLineCount: number;
}

/** Where a run is shown. */
export interface Screen {
  /** Begins to show `view`. */
  start(view: RunView): void;
  /** An event of the scroll that is watched. */
  event(busEvent: BusEvent): void;
  /** Something that people ought to notice. */
  notice(text: string): void;
  /** A line for stderr. */
  tell(line: string): void;
  /** The end of the run; `text` sums it up. */
  finish(text: string): void;
}
