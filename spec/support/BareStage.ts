import type { BusEvent } from '../../lib/index.js';
import type { Stage } from '../../lib/internal/publishing/Stage.js';
import { Turns } from '../../lib/internal/publishing/Turns.js';

/** As much of a stage as a mailbox knows: turns, what is lent in them, and the time, which the spec tells. */
export class BareStage extends Turns {
  lent: readonly BusEvent<number>[] = [];
  time = 0;
  readonly now = (): number => this.time;

  get asStage(): Stage<number> {
    return this as unknown as Stage<number>;
  }
}
