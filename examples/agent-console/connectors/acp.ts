import {
  client,
  type ClientContext,
  methods,
  PROTOCOL_VERSION,
  RequestError,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
} from '@agentclientprotocol/sdk';
import { draft } from '../draft.js';
import type { Feed } from '../feed.js';
import type { Report } from '../report.js';
import { type AgentCommand, AgentProcess } from './AgentProcess.js';
import type { Connector } from './Connector.js';
import { delay } from './delay.js';
import { MessageLines, NotAnAgentError } from './MessageLines.js';
import { readTextFile } from './readTextFile.js';
import { tappedStream } from './tappedStream.js';
import { WireTap } from './WireTap.js';

export interface AcpOptions {
  readonly connector: Connector;
  readonly feed: Feed;
  readonly report: Report;
  readonly command: AgentCommand;
  /** The name of the agent in reports. */
  readonly name: string;
  /** The working directory of the agent. */
  readonly cwd: string;
  readonly prompt: string;
  /** The authentication method, if the agent needs one. */
  readonly auth: string | undefined;
  readonly permission: 'allow' | 'reject';
  /** Whether the agent may read files of `cwd` through the console. */
  readonly fs: boolean;
  /** The most time for each step until the session is open, in milliseconds. */
  readonly timeout: number;
  /** Cancels the turn, then stops the agent. */
  readonly signal: AbortSignal;
}

/** How long an agent may take to end a cancelled turn, in milliseconds. */
const CANCEL_GRACE_MS = 1000;

/**
 * Starts an agent, opens a session, sends the prompt, and publishes everything until the turn ends.
 *
 * The SDK implements the protocol. {@link WireTap} publishes.
 */
export class AcpAgent {
  readonly #process: AgentProcess;
  readonly #tap: WireTap;
  readonly #lines: MessageLines;

  constructor(private readonly options: AcpOptions) {
    const { command, connector, cwd, feed, report, name } = options;
    this.#tap = new WireTap(connector, feed, (message) => {
      report.warning(`${name}: ${message}`);
    });
    this.#lines = new MessageLines((line) => {
      report.warning(`${name}: not a message: ${line}`);
    });
    this.#process = new AgentProcess(command, cwd);
  }

  /** Resolves when the agent has stopped. Problems are reported, so it never rejects for them. */
  async run(): Promise<void> {
    const { connector, feed, signal } = this.options;
    const stop = (): void => {
      void this.#cancel();
    };
    signal.addEventListener('abort', stop);
    let failure: string | undefined;
    try {
      await this.#converse();
    } catch (error) {
      failure = await this.#describe(error);
    }
    signal.removeEventListener('abort', stop);
    if (failure !== undefined && !signal.aborted) {
      await this.#fail(failure);
    }
    await feed.publish(connector.end(signal.aborted ? 'interrupted' : (failure ?? 'end of turn')));
    await this.#process.stop();
  }

  async #converse(): Promise<void> {
    const { cwd, prompt, signal } = this.options;
    const app = client({ name: 'agent-console' })
      .onRequest(methods.client.session.requestPermission, ({ params }) => this.#answerPermission(params))
      .onRequest(methods.client.fs.readTextFile, ({ params }) => readTextFile(cwd, params));
    await app.connectWith(tappedStream(this.#process, this.#lines, this.#tap), async (agent) => {
      const sessionId = await this.#open(agent);
      if (signal.aborted) {
        return;
      }
      const cancel = (): void => {
        void agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => undefined);
      };
      signal.addEventListener('abort', cancel);
      try {
        await agent.request(methods.agent.session.prompt, { sessionId, prompt: [{ type: 'text', text: prompt }] });
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    });
  }

  /** Everything before the prompt. */
  async #open(agent: ClientContext): Promise<string> {
    const { auth, cwd, fs } = this.options;
    const { protocolVersion, authMethods } = await this.#inTime(
      'initialize',
      agent.request(methods.agent.initialize, {
        protocolVersion: PROTOCOL_VERSION,
        clientInfo: { name: 'agent-console', version: '1' },
        clientCapabilities: { fs: { readTextFile: fs, writeTextFile: false }, terminal: false },
      }),
    );
    this.#lines.trust();
    if (protocolVersion !== PROTOCOL_VERSION) {
      throw new NotAnAgentError(`it speaks version ${protocolVersion} of the protocol, not ${PROTOCOL_VERSION}`);
    }
    if (auth !== undefined) {
      await this.#inTime('authenticate', agent.request(methods.agent.authenticate, { methodId: auth }));
    }
    const opening = this.#inTime('session/new', agent.request(methods.agent.session.new, { cwd, mcpServers: [] }));
    const { sessionId } = await opening.catch((error: unknown) => {
      throw error instanceof RequestError && error.code === RequestError.authRequired().code
        ? new NotAnAgentError(`it needs --auth METHOD, one of: ${(authMethods ?? []).map(({ id }) => id).join(', ')}`)
        : error;
    });
    return sessionId;
  }

  async #inTime<T>(step: string, answer: Promise<T>): Promise<T> {
    const { timeout } = this.options;
    const over = new AbortController();
    const late = delay(timeout, over.signal).then(() => {
      throw new NotAnAgentError(`no answer to ${step} within ${timeout / 1000} s (see --agent-timeout)`);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      late.catch(() => undefined);
      over.abort();
    }
  }

  #answerPermission({ options }: RequestPermissionRequest): RequestPermissionResponse {
    const wanted = this.options.permission === 'allow' ? 'allow_once' : 'reject_once';
    const option = options.find(({ kind }) => kind === wanted);
    return {
      outcome: option === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId: option.optionId },
    };
  }

  /** For an interrupted run: gives the turn time to end in order. */
  async #cancel(): Promise<void> {
    if (this.options.connector.session !== undefined) {
      await this.#process.exitsWithin(CANCEL_GRACE_MS);
    }
    await this.#process.stop();
  }

  /** A description of the failure; `undefined` if the turn had ended before it. */
  async #describe(error: unknown): Promise<string | undefined> {
    const { turn } = this.#tap;
    if (turn !== undefined) {
      return 'error' in turn ? `answered the prompt with an error: ${turn.error}` : undefined;
    }
    if (error instanceof NotAnAgentError || this.#lines.refusal !== undefined) {
      return `failed: ${(this.#lines.refusal ?? (error as Error)).message}`;
    }
    if (error instanceof RequestError) {
      return `refused a request: ${error.message}${error.data === undefined ? '' : ` ${JSON.stringify(error.data)}`}`;
    }
    const when = this.options.connector.session === undefined ? 'before its session was open' : 'during its turn';
    return `${(await this.#process.exitsWithin(CANCEL_GRACE_MS)) ?? 'closed its output'} ${when}`;
  }

  async #fail(failure: string): Promise<void> {
    const { connector, feed, name, report } = this.options;
    const lastErrors = await this.#process.lastErrors();
    report.failure(`agent ${name} ${failure}${lastErrors === '' ? '' : `; its last lines on stderr:\n${lastErrors}`}`);
    const raised = draft('system', 'connector', { type: 'ErrorRaised', message: `the agent ${failure}` });
    await feed.publish([connector.addressNow(raised)]);
  }
}
