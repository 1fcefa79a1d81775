import type { AnyMessage, PermissionOption } from '@agentclientprotocol/sdk';
import { draft, type Draft } from '../draft.js';
import type { Feed } from '../feed.js';
import { modelOfUsageUpdate, usageOfAnswer, usageOfChunk } from './agentUsage.js';
import type { Connector } from './Connector.js';
import type { Question } from './permission.js';
import { modelOf, SessionMode } from './SessionMode.js';
import { isObject, type Json, present } from './shape.js';
import { ToolCalls } from './ToolCalls.js';
import { TurnWatch } from './TurnWatch.js';
import { asSent, permissionRequested, permissionResolved, unknownMessage, updateToEvent } from './updateToEvent.js';

/** An error that the agent answered one of our requests with. */
export interface Refusal {
  readonly method: string;
  readonly message: string;
  readonly code?: string | number;
  readonly data?: unknown;
}

export interface WireTapOptions {
  readonly connector: Connector;
  readonly feed: Feed;
  readonly warn: (message: string) => void;
  /** Called with the title of each tool call that changed something without a question. */
  readonly onUnasked: (title: string) => void;
}

interface OpenPermission {
  /** As in its events. */
  readonly requestId: string;
  readonly session: string | undefined;
  /** The ids of the options that allow. */
  readonly allowing: ReadonlySet<unknown>;
}

/** Requests of the agent that the console serves. They are not published. */
const SERVED = new Set(['fs/read_text_file']);

/**
 * Publishes the messages between the console and an agent, in exactly their order on the wire.
 *
 * The SDK calls its handlers after a message has arrived, so an answer may overtake the update before it. It also drops updates of
 * unknown kinds. So the events are made here, before the SDK sees a message.
 */
export class WireTap {
  readonly mode = new SessionMode();
  turn = new TurnWatch();
  /** The agent's answer to the prompt. */
  answer: Json | undefined;
  /** The last error that the agent answered with. */
  refusal: Refusal | undefined;
  /** The agent's name, from its answer to `initialize`. */
  agent: string | undefined;
  #model: string | undefined;
  /** The mode of the last `ModeChanged`. */
  #announced: string | undefined;
  #initialize: Json | undefined;
  /** Our requests, by their JSON-RPC id. */
  readonly #requests = new Map<unknown, { readonly method: string; readonly params: Json }>();
  /** The agent's permission requests that have no answer yet, by their JSON-RPC id. */
  readonly #permissions = new Map<unknown, OpenPermission>();
  /** How often the agent has used each JSON-RPC id for a permission request. */
  readonly #uses = new Map<string, number>();
  readonly #toolCalls = new ToolCalls();
  /** Messages that belong to no session, from before the session. */
  #early: Draft[] = [];

  constructor(private readonly options: WireTapOptions) {}

  /** How the agent says that one can authenticate. */
  get authMethods(): unknown {
    return this.#initialize?.['authMethods'];
  }

  /** The permission request with this JSON-RPC id, which has no answer yet. */
  questionOf(id: unknown, options: readonly PermissionOption[]): Question {
    const requestId = this.#permissions.get(id)?.requestId ?? String(id);
    return { connectorUid: this.options.connector.uid, requestId, options };
  }

  /** Publishes a message from the agent. Returns whether the SDK should get it, too. */
  async incoming(message: AnyMessage): Promise<boolean> {
    const { method, params, id } = message as Json;
    if (method === 'session/update') {
      await this.#update(params);
      return false;
    }
    if (method === 'session/request_permission') {
      const options = isObject(params) && Array.isArray(params['options']) ? params['options'].filter(isObject) : [];
      const allowing = options.filter(({ kind }) => String(kind).startsWith('allow')).map(({ optionId }) => optionId);
      const requestId = this.#requestIdOf(String(id));
      this.#permissions.set(id, { requestId, session: sessionOf(params), allowing: new Set(allowing) });
      await this.#publish(permissionRequested(requestId, this.#toolCalls.request(params)), sessionOf(params));
    } else if (typeof method === 'string') {
      await this.#unknown(method, params);
    } else {
      await this.#answered(message);
    }
    return true;
  }

  /** Publishes a message to the agent. */
  async outgoing(message: AnyMessage): Promise<void> {
    const { method, params, id, result } = message as Json;
    if (typeof method === 'string' && id !== undefined) {
      this.#requests.set(id, { method, params: isObject(params) ? params : {} });
    }
    if (method === 'session/prompt') {
      this.turn = new TurnWatch();
    }
    if (method === 'session/prompt' && isObject(params) && Array.isArray(params['prompt'])) {
      for (const content of params['prompt']) {
        const said: Draft = { kind: 'user-message', origin: 'user', event: { type: 'UserMessageChunk', content } };
        await this.#publish(said, sessionOf(params));
      }
    }
    const permission = method === undefined ? this.#permissions.get(id) : undefined;
    if (permission !== undefined) {
      const resolved = permissionResolved(permission.requestId, result);
      this.turn.isDenied ||= !('optionId' in resolved.event && permission.allowing.has(resolved.event.optionId));
      this.#permissions.delete(id);
      await this.#publish(resolved, permission.session);
    }
  }

  /** The agent has left: publishes what waits for a session, and that what it has asked is asked no more. */
  async end(): Promise<void> {
    await this.#publishEarly();
    const left = [...this.#permissions.values()];
    this.#permissions.clear();
    for (const { requestId, session } of left) {
      await this.#publish(permissionResolved(requestId, undefined), session);
    }
  }

  async #publishEarly(): Promise<void> {
    const early = this.#early;
    this.#early = [];
    for (const one of early) {
      await this.#publish(one);
    }
  }

  /** An agent may use a JSON-RPC id again. An answer to its first request must not pass for one to the next. */
  #requestIdOf(id: string): string {
    const uses = (this.#uses.get(id) ?? 0) + 1;
    this.#uses.set(id, uses);
    return uses === 1 ? id : `${id}#${uses}`;
  }

  async #update(params: unknown): Promise<void> {
    const update = isObject(params) ? params['update'] : undefined;
    const made = updateToEvent(update);
    const sent = asSent(update);
    if (made === undefined || sent === undefined || !isObject(update)) {
      this.options.warn('the agent sent a session/update without an update');
      return;
    }
    const session = sessionOf(params);
    this.#learn(update);
    const model = made.kind === 'usage' ? modelOfUsageUpdate(update, this.#model) : undefined;
    const event = model === undefined ? made.event : { ...made.event, model };
    await this.#publish({ ...made, event }, session, { ...sent, kind: made.kind });
    for (const used of usageOfChunk(update, this.agent, this.#model)) {
      await this.#publish(used, session);
    }
    const unasked = made.kind.startsWith('tool-call') ? this.#toolCalls.update(update) : undefined;
    if (unasked !== undefined) {
      this.options.onUnasked(unasked);
    }
  }

  #learn(update: Json): void {
    this.turn.update(update);
    if (update['sessionUpdate'] === 'config_option_update') {
      this.mode.configure(update['configOptions']);
      this.#model = modelOf(update) ?? this.#model;
    } else if (update['sessionUpdate'] === 'current_mode_update' && typeof update['currentModeId'] === 'string') {
      this.mode.current = update['currentModeId'];
      this.#announced = this.mode.current;
    }
  }

  async #unknown(method: string, params: unknown): Promise<void> {
    if (SERVED.has(method)) {
      return;
    }
    const session = sessionOf(params) ?? this.options.connector.session;
    if (session === undefined) {
      this.#early.push(unknownMessage(method, params));
    } else {
      await this.#publish(unknownMessage(method, params), session);
    }
  }

  /** The answer to one of our requests. */
  async #answered({ id, result, error }: Json): Promise<void> {
    const request = this.#requests.get(id);
    this.#requests.delete(id);
    if (request === undefined) {
      return;
    }
    const { method, params } = request;
    if (!isObject(result) && (error !== undefined || method === 'session/prompt')) {
      this.refusal = refusalOf(method, error);
      return;
    }
    const answer = isObject(result) ? result : {};
    switch (method) {
      case 'initialize': {
        this.#initialize = answer;
        const { name } = isObject(answer['agentInfo']) ? answer['agentInfo'] : {};
        this.agent = typeof name === 'string' ? name : undefined;
        return;
      }
      case 'session/new':
        await this.#open(answer);
        return;
      case 'session/set_mode':
      case 'session/set_config_option':
        await this.#modeSet(String(params['modeId'] ?? params['value']), answer);
        return;
      case 'session/prompt':
        await this.#endTurn(answer);
        return;
      default:
        return;
    }
  }

  /** Registers the session. The answers until now are kept with the connection. */
  async #open(answer: Json): Promise<void> {
    const { sessionId, configOptions } = answer;
    if (typeof sessionId !== 'string') {
      return;
    }
    const { connector, feed } = this.options;
    this.mode.open(answer);
    this.#model = modelOf(answer);
    await feed.publish(connector.register(sessionId));
    for (const { routing, origin, event } of connector.connect()) {
      const plain = { kind: routing.kind, origin, event };
      const told = { ...event, ...present({ initialize: this.#initialize, session: answer }) };
      await this.#publish({ ...plain, event: told }, sessionId, plain);
    }
    if (this.mode.current !== undefined) {
      await this.#announce(this.mode.current);
    }
    if (Array.isArray(configOptions)) {
      await this.#publish(draft('session-config', 'agent', { type: 'ConfigOptionsChanged', configOptions }));
    }
    await this.#publishEarly();
  }

  /** Some agents tell that their mode has changed, and some do not. */
  async #modeSet(modeId: string, { configOptions }: Json): Promise<void> {
    if (Array.isArray(configOptions)) {
      await this.#publish(draft('session-config', 'agent', { type: 'ConfigOptionsChanged', configOptions }));
    }
    this.mode.current = modeId;
    if (this.#announced !== modeId) {
      await this.#announce(modeId);
    }
  }

  async #announce(modeId: string): Promise<void> {
    this.#announced = modeId;
    await this.#publish(draft('session-config', 'agent', { type: 'ModeChanged', modeId }));
  }

  async #endTurn(answer: Json): Promise<void> {
    for (const used of usageOfAnswer(answer, this.agent, this.#model)) {
      await this.#publish(used);
    }
    this.answer = answer;
    const { stopReason } = answer;
    // The whole answer is kept: it may have an agent's own additions.
    const ended = { type: 'TurnEnded', stopReason: typeof stopReason === 'string' ? stopReason : 'unknown' };
    const plain = { kind: 'session-lifecycle', origin: 'agent', event: ended };
    await this.#publish({ ...plain, event: { ...answer, ...ended } }, undefined, plain);
  }

  /** Publishes `first`; if the schema refuses it, `second`; if it refuses that, too, an `ErrorRaised` with the reason. */
  async #publish(first: Draft, sessionId = this.options.connector.session, second?: Draft): Promise<void> {
    const { connector, feed, warn } = this.options;
    let refusal = '';
    for (const one of second === undefined ? [first] : [first, second]) {
      try {
        await feed.publish([connector.address(one, sessionId)]);
        return;
      } catch (error) {
        refusal ||= error instanceof Error ? error.message : String(error);
      }
    }
    const message = `the agent sent an invalid message (${first.kind}): ${refusal}`;
    warn(message);
    const raised = draft('system', 'connector', { type: 'ErrorRaised', message });
    await feed.publish([connector.address(raised, sessionId)]);
  }
}

function sessionOf(params: unknown): string | undefined {
  const sessionId = isObject(params) ? params['sessionId'] : undefined;
  return typeof sessionId === 'string' ? sessionId : undefined;
}

function refusalOf(method: string, error: unknown): Refusal {
  const { message, code, data } = isObject(error) ? error : {};
  return {
    method,
    message: typeof message === 'string' ? message : 'an answer without a result',
    ...((typeof code === 'number' || typeof code === 'string') && { code }),
    ...present({ data }),
  };
}
