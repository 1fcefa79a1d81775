import { EventFilter, type UsageUpdated } from 'sharing-bus';
import { type Source, Watcher } from './Watcher.js';

/** The usage of all sessions. */
export interface UsageTotals {
  inputTokens: number;
  outputTokens: number;
  cachedReadTokens: number;
  cachedWriteTokens: number;
  /** By currency. */
  readonly cost: Map<string, number>;
}

/**
 * Adds up the usage events.
 *
 * An event with `used` is a snapshot: its cost is that of the whole session so far, and replaces the snapshot before it. Any other
 * event is about one request, and is added.
 */
export class UsageMeter extends Watcher {
  readonly #requests: UsageTotals = none();
  readonly #snapshots = new Map<string, { readonly amount: number; readonly currency: string }>();

  constructor(source: Source) {
    super(source, { name: 'usage-meter', filter: EventFilter.kind('usage') }, ({ event, routing }) => {
      if (event.type === 'UsageUpdated') {
        this.#add(event, JSON.stringify([routing.connectorId, routing.nativeSessionId]));
      }
    });
  }

  get totals(): UsageTotals {
    const cost = new Map(this.#requests.cost);
    for (const { amount, currency } of this.#snapshots.values()) {
      cost.set(currency, (cost.get(currency) ?? 0) + amount);
    }
    return { ...this.#requests, cost };
  }

  #add(usage: UsageUpdated, session: string): void {
    const sum = this.#requests;
    sum.inputTokens += usage.inputTokens ?? 0;
    sum.outputTokens += usage.outputTokens ?? 0;
    sum.cachedReadTokens += usage.cachedReadTokens ?? 0;
    sum.cachedWriteTokens += usage.cachedWriteTokens ?? 0;
    if (usage.cost === undefined) {
      return;
    }
    if (usage.used === undefined) {
      sum.cost.set(usage.cost.currency, (sum.cost.get(usage.cost.currency) ?? 0) + usage.cost.amount);
    } else {
      this.#snapshots.set(session, usage.cost);
    }
  }
}

function none(): UsageTotals {
  return { inputTokens: 0, outputTokens: 0, cachedReadTokens: 0, cachedWriteTokens: 0, cost: new Map() };
}
