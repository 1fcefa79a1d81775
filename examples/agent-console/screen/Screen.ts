import type { BusEvent } from 'sharing-bus';
import type { FileProgress } from '../connectors/logs/LogLines.js';
import type { SessionCount } from '../ledger.js';
import type { ConsoleSubscriber } from '../subscribers/ConsoleSubscriber.js';
import type { UsageTotals } from '../subscribers/usageMeter.js';

/** What a screen shows of a run. The values change while the run goes on. */
export interface RunView {
  readonly published: number;
  readonly sessions: readonly SessionCount[];
  readonly subscribers: readonly ConsoleSubscriber[];
  readonly files: readonly FileProgress[];
  readonly badLineCount: number;
  readonly usage: UsageTotals;
  /** What went wrong, in words. */
  readonly failures: readonly string[];
  /** Those of one connector. */
  failuresOf(connectorId: string): readonly string[];
}

/** Where a run is shown. */
export interface Screen {
  /** Starts to show `view`. */
  start(view: RunView): void;
  /** An event of the watched scroll. */
  event(busEvent: BusEvent): void;
  /** A line that people should notice. */
  notice(text: string): void;
  /** A line for stderr. */
  error(line: string): void;
  /** Ends the display with the summary `text`. */
  finish(text: string): void;
}
