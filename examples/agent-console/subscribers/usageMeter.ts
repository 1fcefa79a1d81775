import { type Cost, EventFilter, type UsageUpdated } from 'sharing-bus';
import { type Source, Watcher } from './Watcher.js';

/** The counts of `UsageUpdated`. One that no agent has reported is `undefined`: it is unknown, not 0. */
export interface UsageCounts {
  inputTokens?: number;
  outputTokens?: number;
  /** A part of `outputTokens`. */
  reasoningTokens?: number;
  cachedReadTokens?: number;
  cachedWriteTokens?: number;
  /** By currency. */
  cost?: Record<string, number>;
}

/** What a session has used of one model. */
export interface ModelUsage extends UsageCounts {
  /** The agent's name of it; `undefined` if it is unknown. */
  readonly model: string | undefined;
}

/** What all sessions have used. */
export interface UsageTotals {
  /** By model, in the order of their first use. */
  readonly models: readonly ModelUsage[];
  /** Of all models. */
  readonly total: UsageCounts;
  /** By model, for one session. */
  of(connectorId: string, nativeSessionId: string): readonly ModelUsage[];
}

const COUNTS = ['inputTokens', 'outputTokens', 'reasoningTokens', 'cachedReadTokens', 'cachedWriteTokens'] as const;

/** What a session has used of one model. */
interface Account {
  readonly model: string | undefined;
  /** What was added up. */
  readonly sum: UsageCounts;
  /** The same, without copies of requests that were counted for another session. */
  readonly own: UsageCounts;
  /** The last total that the agent told. */
  total: UsageCounts;
}

/**
 * Adds up the usage events, by session and model.
 *
 * A total of a session counts only for what is not reported by request. A request that stands in several logs belongs to each of their
 * sessions, and counts once for all of them together.
 */
export class UsageMeter extends Watcher implements UsageTotals {
  readonly #accounts = new Map<string, Map<string, Account>>();
  readonly #counted = new Set<string>();
  /** The last cost that a session has told of itself, by currency: it may use several models in turn. */
  readonly #costs = new Map<string, { readonly account: Account; readonly amount: number; readonly others: number }>();

  /** @param capacity Events that may wait. */
  constructor(source: Source, capacity: number) {
    const options = { name: 'usage-meter', filter: EventFilter.kind('usage'), capacity };
    super(source, options, ({ event, routing }) => {
      if (event.type === 'UsageUpdated') {
        const session = keyOf(routing.connectorId, routing.nativeSessionId);
        const account = this.#accountOf(session, event.model);
        enter(account, event, this.#isNew(event));
        if (event.used !== undefined && event.scope !== 'session') {
          this.#enterCost(account, session, event.cost);
        }
      }
    });
  }

  get models(): readonly ModelUsage[] {
    const models = new Map<string | undefined, ModelUsage>();
    for (const used of this.#all()) {
      const sum = models.get(used.model) ?? { model: used.model };
      addAll(sum, used);
      models.set(used.model, sum);
    }
    return [...models.values()];
  }

  get total(): UsageCounts {
    const sum: UsageCounts = {};
    for (const used of this.models) {
      addAll(sum, used);
    }
    return sum;
  }

  of(connectorId: string, nativeSessionId: string): readonly ModelUsage[] {
    const accounts = this.#accounts.get(keyOf(connectorId, nativeSessionId))?.values() ?? [];
    return [...accounts].map((account) => balance(account, account.sum)).filter(isKnown);
  }

  #all(): ModelUsage[] {
    return [...this.#accounts.values()].flatMap((accounts) =>
      [...accounts.values()].map((account) => balance(account, account.own)).filter(isKnown),
    );
  }

  #isNew({ requestId }: UsageUpdated): boolean {
    if (requestId === undefined) {
      return true;
    }
    const isNew = !this.#counted.has(requestId);
    this.#counted.add(requestId);
    return isNew;
  }

  /** The cost of the whole session so far: what is new of it belongs to the model of this event. */
  #enterCost(account: Account, session: string, cost: Cost | undefined): void {
    if (cost === undefined) {
      return;
    }
    const { amount, currency } = cost;
    const key = JSON.stringify([session, currency]);
    const last = this.#costs.get(key);
    // What other models have cost until this one took over.
    const taken = (last?.amount ?? 0) - (account.total.cost?.[currency] ?? 0);
    const others = last?.account === account ? last.others : taken;
    this.#costs.set(key, { account, amount, others });
    account.total.cost = { ...account.total.cost, [currency]: amount - others };
  }

  #accountOf(session: string, model: string | undefined): Account {
    const accounts = this.#accounts.get(session) ?? new Map<string, Account>();
    this.#accounts.set(session, accounts);
    const account = accounts.get(model ?? '') ?? { model, sum: {}, own: {}, total: {} };
    accounts.set(model ?? '', account);
    return account;
  }
}

function keyOf(connectorId: string | undefined, nativeSessionId: string | undefined): string {
  return JSON.stringify([connectorId, nativeSessionId]);
}

function enter(account: Account, usage: UsageUpdated, isNew: boolean): void {
  const { cost, scope, used } = usage;
  if (scope === 'session') {
    account.total = {};
    add(account.total, usage, cost);
    return;
  }
  // With `used`, the cost is that of the session so far.
  const price = used === undefined ? cost : undefined;
  add(account.sum, usage, price);
  if (isNew) {
    add(account.own, usage, price);
  }
}

/** What was added up, and what else the total of the session tells. */
function balance({ model, sum, total }: Account, added: UsageCounts): ModelUsage {
  const usage: ModelUsage = { model };
  for (const name of COUNTS) {
    const count = sum[name] === undefined ? total[name] : (added[name] ?? 0);
    if (count !== undefined) {
      usage[name] = count;
    }
  }
  const cost = sum.cost === undefined ? total.cost : (added.cost ?? {});
  return cost === undefined ? usage : { ...usage, cost };
}

/** Whether anything is known: an agent may report only how full its context is. */
function isKnown({ model: _model, ...counts }: ModelUsage): boolean {
  return Object.keys(counts).length > 0;
}

function add(sum: UsageCounts, counts: Omit<UsageCounts, 'cost'>, cost?: Cost): void {
  for (const name of COUNTS) {
    const count = counts[name];
    if (count !== undefined) {
      sum[name] = (sum[name] ?? 0) + count;
    }
  }
  if (cost !== undefined) {
    sum.cost ??= {};
    sum.cost[cost.currency] = (sum.cost[cost.currency] ?? 0) + cost.amount;
  }
}

/** Adds a sum to another. */
function addAll(sum: UsageCounts, others: UsageCounts): void {
  add(sum, others);
  for (const [currency, amount] of Object.entries(others.cost ?? {})) {
    add(sum, {}, { currency, amount });
  }
}
