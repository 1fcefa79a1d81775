import type { AnyMessage } from '@agentclientprotocol/sdk';
import { draft, type Draft } from '../draft.js';
import type { Feed } from '../feed.js';
import type { Connector } from './Connector.js';
import { isObject, type Json, present } from './shape.js';
import { asSent, permissionRequested, permissionResolved, updateToEvent } from './updateToEvent.js';

/** The answer to the prompt. */
export type TurnResult = { readonly stopReason: string } | { readonly error: string };

/**
 * Publishes the messages between the console and an agent, in exactly their order on the wire.
 *
 * The SDK calls its handlers after a message has arrived, so an answer may overtake the update before it. It also drops updates of
 * unknown kinds. So the events are made here, before the SDK sees a message.
 */
export class WireTap {
  turn: TurnResult | undefined;
  /** The methods of our requests, by their JSON-RPC id. */
  readonly #requests = new Map<unknown, 'session/new' | 'session/prompt'>();
  /** The sessions of the agent's permission requests, by their JSON-RPC id. */
  readonly #permissions = new Map<unknown, string | undefined>();

  constructor(
    private readonly connector: Connector,
    private readonly feed: Feed,
    private readonly warn: (message: string) => void,
  ) {}

  /** Publishes a message from the agent. Returns whether the SDK should get it, too. */
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

  /** Publishes a message to the agent. */
  async outgoing(message: AnyMessage): Promise<void> {
    const { method, params, id, result } = message as Json;
    if (method === 'session/new' || method === 'session/prompt') {
      this.#requests.set(id, method);
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
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    if (request === 'session/new' && isObject(result) && typeof result['sessionId'] === 'string') {
      await this.feed.publish([...this.connector.register(result['sessionId']), ...this.connector.connect()]);
    } else if (request === 'session/prompt' && isObject(result)) {
      await this.#endTurn(result);
    } else if (request === 'session/prompt') {
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
    // An agent's own additions (`_meta`) are kept.
    const event = { type: 'TurnEnded', ...present({ _meta: result['_meta'] }), ...this.turn };
    await this.#publish({ kind: 'session-lifecycle', origin: 'agent', event });
  }

  /** Publishes `first`; if the schema refuses it, `second`; if it refuses that, too, an `ErrorRaised` with the reason. */
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
    const message = `the agent sent an invalid message (${first.kind}): ${refusal}`;
    this.warn(message);
    const raised = draft('system', 'connector', { type: 'ErrorRaised', message });
    await this.feed.publish([this.connector.address(raised, sessionId)]);
  }
}

function sessionOf(params: unknown): string | undefined {
  const sessionId = isObject(params) ? params['sessionId'] : undefined;
  return typeof sessionId === 'string' ? sessionId : undefined;
}
