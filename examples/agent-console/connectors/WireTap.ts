import type { AnyMessage } from '@agentclientprotocol/sdk';
import { draft, type Draft } from '../draft.js';
import type { Feed } from '../feed.js';
import type { Connector } from './Connector.js';
import { isObject, type Json, present } from './shape.js';
import { asSent, permissionRequested, permissionResolved, updateToEvent } from './updateToEvent.js';

/** How the prompt was answered. */
export type TurnResult = { readonly stopReason: string } | { readonly error: string };

/**
 * Publishes what passes on the wire between the console and an agent, in exactly the order in which it passes.
 *
 * The SDK's handlers run later than the message arrives, and an answer may overtake the update before it; also, the SDK
 * drops updates of a kind that it does not know. So events are made here, before the SDK sees a message.
 */
export class WireTap {
  turn: TurnResult | undefined;
  /** What our requests were, by their JSON-RPC id. */
  readonly #asked = new Map<unknown, 'session/new' | 'session/prompt'>();
  /** The sessions of the permissions that the agent asks for, by the JSON-RPC id. */
  readonly #permissions = new Map<unknown, string | undefined>();

  constructor(
    private readonly connector: Connector,
    private readonly feed: Feed,
    private readonly warn: (message: string) => void,
  ) {}

  /** Looks at a message from the agent. Returns whether the SDK is to see it. */
  async incoming(message: AnyMessage): Promise<boolean> {
    const { method, params, id } = message as Json;
    if (method === 'session/update') {
      await this.#update(params);
      return false;
    }
    if (method === 'session/request_permission') {
      this.#permissions.set(id, sessionOf(params));
      await this.#publish(permissionRequested(String(id), params), sessionOf(params));
    } else if (method === undefined) {
      await this.#answer(message);
    }
    return true;
  }

  /** Looks at a message to the agent. */
  async outgoing(message: AnyMessage): Promise<void> {
    const { method, params, id, result } = message as Json;
    if (method === 'session/new' || method === 'session/prompt') {
      this.#asked.set(id, method);
    }
    if (method === 'session/prompt' && isObject(params) && Array.isArray(params['prompt'])) {
      for (const content of params['prompt']) {
        const said: Draft = { kind: 'user-message', origin: 'user', event: { type: 'UserMessageChunk', content } };
        await this.#publish(said, sessionOf(params));
      }
    }
    if (method === undefined && this.#permissions.has(id)) {
      await this.#publish(permissionResolved(String(id), result), this.#permissions.get(id));
      this.#permissions.delete(id);
    }
  }

  async #update(params: unknown): Promise<void> {
    const update = isObject(params) ? params['update'] : undefined;
    const made = updateToEvent(update);
    const sent = asSent(update);
    if (made === undefined || sent === undefined) {
      this.warn('the agent sent a session/update without an update');
      return;
    }
    await this.#publish(made, sessionOf(params), { ...sent, kind: made.kind });
  }

  /** The answer to one of our requests. */
  async #answer({ id, result, error }: Json): Promise<void> {
    const asked = this.#asked.get(id);
    this.#asked.delete(id);
    if (asked === 'session/new' && isObject(result) && typeof result['sessionId'] === 'string') {
      await this.feed.publish([...this.connector.register(result['sessionId']), ...this.connector.connect()]);
    } else if (asked === 'session/prompt' && isObject(result)) {
      await this.#endTurn(result);
    } else if (asked === 'session/prompt') {
      this.turn = { error: isObject(error) ? String(error['message']) : 'an answer without a result' };
    }
  }

  async #endTurn(result: Json): Promise<void> {
    const { usage, stopReason } = result;
    if (isObject(usage)) {
      const { inputTokens, outputTokens, cachedReadTokens, cachedWriteTokens } = usage;
      const counts = present({ inputTokens, outputTokens, cachedReadTokens, cachedWriteTokens });
      await this.#publish({ kind: 'usage', origin: 'agent', event: { type: 'UsageUpdated', ...counts } });
    }
    this.turn = { stopReason: typeof stopReason === 'string' ? stopReason : 'unknown' };
    // What an agent adds on its own account (`_meta`) stands here or nowhere.
    const event = { type: 'TurnEnded', ...present({ _meta: result['_meta'] }), ...this.turn };
    await this.#publish({ kind: 'session-lifecycle', origin: 'agent', event });
  }

  /** Publishes `first`, or where the schema refuses it, `second`; where it refuses that too, an error that says so. */
  async #publish(first: Draft, sessionId = this.connector.session, second?: Draft): Promise<void> {
    let refusal = '';
    for (const one of second === undefined ? [first] : [first, second]) {
      try {
        await this.feed.publish([this.connector.address(one, sessionId)]);
        return;
      } catch (error) {
        refusal ||= error instanceof Error ? error.message : String(error);
      }
    }
    const message = `the agent sent what cannot be kept (${first.kind}): ${refusal}`;
    this.warn(message);
    const raised = draft('system', 'connector', { type: 'ErrorRaised', message });
    await this.feed.publish([this.connector.address(raised, sessionId)]);
  }
}

function sessionOf(params: unknown): string | undefined {
  const sessionId = isObject(params) ? params['sessionId'] : undefined;
  return typeof sessionId === 'string' ? sessionId : undefined;
}
