import {
  client,
  type ClientContext,
  methods,
  PROTOCOL_VERSION,
  RequestError,
  type RequestPermissionResponse,
} from '@agentclientprotocol/sdk';
import { draft, type Draft } from '../draft.js';
import type { Feed } from '../feed.js';
import type { Report } from '../report.js';
import { type AgentCommand, AgentProcess } from './AgentProcess.js';
import type { Connector } from './Connector.js';
import { delay } from './delay.js';
import { MessageLines, NotAnAgentError } from './MessageLines.js';
import type { Ask, Question } from './permission.js';
import { readTextFile } from './readTextFile.js';
import { shortMode } from './SessionMode.js';
import { isObject, type Json } from './shape.js';
import { SilenceAlarm } from './SilenceAlarm.js';
import { tappedStream } from './tappedStream.js';
import { type Refusal, WireTap } from './WireTap.js';

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
  /** The mode to set, if it is not to be the agent's own default. */
  readonly mode: string | undefined;
  /** The name of `ask`, for warnings. */
  readonly permission: 'allow' | 'reject' | 'ask';
  /** Answers permission requests. */
  readonly ask: Ask;
  /** Whether the agent may read files of `cwd` through the console. */
  readonly fs: boolean;
  /** The most time for each step until the session is open, in milliseconds. */
  readonly timeout: number;
  /** The most time for the turn, in milliseconds. Default: no limit. */
  readonly promptTimeout: number | undefined;
  /** Cancels the turn, then stops the agent. */
  readonly signal: AbortSignal;
}

/** How long an agent may take to end a cancelled turn, in milliseconds. */
const CANCEL_GRACE_MS = 2000;
/** How long its input stays open after its answer, in milliseconds: Claude gives up on the title of a session when it is closed. */
const LINGER_MS = 250;
/** How long an agent may take to leave after its last answer, in milliseconds. Some take 2 seconds, and say something meanwhile. */
const LEAVE_MS = 5000;
/** How long an agent is silent before people are told, in milliseconds. */
const SILENCE_MS = 10_000;

/**
 * Starts an agent, opens a session, sends the prompt, and publishes everything until the agent has left.
 *
 * The SDK implements the protocol. {@link WireTap} publishes.
 */
export class AcpAgent {
  readonly #process: AgentProcess;
  readonly #tap: WireTap;
  readonly #lines: MessageLines;
  readonly #alarm: SilenceAlarm;
  /** What the console waits for. */
  #step = 'initialize';
  #ended: Promise<void> = Promise.resolve();
  /** Permission requests that have no answer yet. */
  #asked = 0;
  /** Aborted when the turn is over or cancelled: its permission requests are, too. */
  readonly #turnOver = new AbortController();
  #hasWarned = false;
  /** What was shown of its stderr the last time. */
  #shownErrors = '';

  constructor(private readonly options: AcpOptions) {
    const { command, connector, cwd, feed } = options;
    this.#tap = new WireTap({
      connector,
      feed,
      warn: (message) => {
        this.#warn(message);
      },
      onUnasked: (title) => {
        this.#warnUnasked(`it has not asked for permission before "${title}"`);
      },
    });
    this.#lines = new MessageLines((line) => {
      this.#warn(`not a message: ${line}`);
    });
    this.#process = new AgentProcess(command, cwd);
    this.#alarm = new SilenceAlarm(SILENCE_MS, (milliseconds) => {
      void this.#warnOfSilence(milliseconds);
    });
  }

  /** Resolves when the agent has stopped. Problems are reported, so it never rejects for them. */
  async run(): Promise<void> {
    const { connector, feed, prompt, signal } = this.options;
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
    this.#alarm.stop();
    const { agent, answer, turn } = this.#tap;
    if (failure === undefined && answer !== undefined) {
      failure = turn.failure(answer, agent, prompt.startsWith('/'));
    }
    if (failure !== undefined && !signal.aborted) {
      await this.#fail(failure);
    }
    await this.#readOn();
    signal.removeEventListener('abort', stop);
    await feed.publish(connector.end(signal.aborted ? 'interrupted' : (failure ?? 'end of turn')));
    await this.#process.stop();
  }

  async #converse(): Promise<void> {
    const { cwd, prompt, promptTimeout, signal } = this.options;
    const app = client({ name: 'agent-console' })
      .onRequest(methods.client.session.requestPermission, ({ params: { options }, requestId, signal: taken }) =>
        this.#answerPermission(
          this.#tap.questionOf(requestId, options),
          AbortSignal.any([taken, this.#turnOver.signal]),
        ),
      )
      .onRequest(methods.client.fs.readTextFile, ({ params }) => readTextFile(cwd, params));
    const { ended, stream } = tappedStream(this.#process, this.#lines, this.#tap, () => {
      this.#alarm.heard();
    });
    this.#ended = ended;
    await app.connectWith(stream, async (agent) => {
      const sessionId = await this.#open(agent);
      if (signal.aborted) {
        return;
      }
      const cancel = (): void => {
        void agent.notify(methods.agent.session.cancel, { sessionId }).catch(() => undefined);
        this.#turnOver.abort();
      };
      signal.addEventListener('abort', cancel);
      this.#step = 'session/prompt';
      const turn = agent.request(methods.agent.session.prompt, { sessionId, prompt: [{ type: 'text', text: prompt }] });
      try {
        await (promptTimeout === undefined ? turn : this.#inTime(turn, promptTimeout, '--prompt-timeout'));
      } catch (error) {
        if (error instanceof TooLateError) {
          cancel();
          await Promise.race([turn.catch(() => undefined), delay(CANCEL_GRACE_MS, signal)]);
        }
        throw error;
      } finally {
        signal.removeEventListener('abort', cancel);
        this.#turnOver.abort();
      }
    });
  }

  /** Everything before the prompt. */
  async #open(agent: ClientContext): Promise<string> {
    const { auth, cwd, fs } = this.options;
    const { protocolVersion } = await this.#opening(
      'initialize',
      agent.request(methods.agent.initialize, {
        protocolVersion: PROTOCOL_VERSION,
        clientInfo: { name: 'agent-console', version: '1' },
        clientCapabilities: {
          fs: { readTextFile: fs, writeTextFile: false },
          terminal: false,
          session: { notices: {}, compaction: {} },
        },
      }),
    );
    this.#lines.trust();
    if (protocolVersion !== PROTOCOL_VERSION) {
      throw new NotAnAgentError(`it speaks version ${protocolVersion} of the protocol, not ${PROTOCOL_VERSION}`);
    }
    if (auth !== undefined) {
      await this.#opening('authenticate', agent.request(methods.agent.authenticate, { methodId: auth }));
    }
    const opening = agent.request(methods.agent.session.new, { cwd, mcpServers: [] });
    const { sessionId } = await this.#opening('session/new', opening);
    await this.#setMode(agent, sessionId);
    return sessionId;
  }

  async #setMode(agent: ClientContext, sessionId: string): Promise<void> {
    const { mode: wanted, permission } = this.options;
    const { mode } = this.#tap;
    if (wanted !== undefined) {
      const modeId = mode.idOf(wanted);
      const { request } = mode;
      if (modeId === undefined || request === undefined) {
        const offer = mode.ids.length === 0 ? 'it has no modes' : `it has: ${mode.ids.map(shortMode).join(', ')}`;
        throw new NotAnAgentError(`it has no mode "${wanted}"; ${offer}`);
      }
      await this.#opening(
        request.method,
        request.method === 'session/set_mode'
          ? agent.request(methods.agent.session.setMode, { sessionId, modeId })
          : agent.request(methods.agent.session.setConfigOption, {
              sessionId,
              configId: request.configId,
              value: modeId,
            }),
      );
    }
    if (permission !== 'allow' && mode.isUnasking(this.#tap.agent)) {
      this.#warnUnasked('it does not ask before everything that it does');
    }
  }

  /** Waits for the answer to one of the requests before the prompt. */
  async #opening<T>(step: string, answer: Promise<T>): Promise<T> {
    this.#step = step;
    return this.#inTime(answer, this.options.timeout, '--agent-timeout');
  }

  async #inTime<T>(answer: Promise<T>, milliseconds: number, option: string): Promise<T> {
    const step = this.#step;
    const over = new AbortController();
    const late = delay(milliseconds, over.signal).then(() => {
      throw new TooLateError(`no answer to ${step} within ${milliseconds / 1000} s (see ${option})`);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      late.catch(() => undefined);
      over.abort();
    }
  }

  async #answerPermission(question: Question, signal: AbortSignal): Promise<RequestPermissionResponse> {
    this.#asked += 1;
    try {
      const optionId = await this.options.ask(question, signal);
      return { outcome: optionId === undefined ? { outcome: 'cancelled' } : { outcome: 'selected', optionId } };
    } finally {
      this.#asked -= 1;
      this.#alarm.heard();
    }
  }

  /** Reads to the end of the agent's output: agents send updates after their last answer. */
  async #readOn(): Promise<void> {
    const waiting = new AbortController();
    const ended = this.#ended.then(() => {
      waiting.abort();
    });
    if (this.#tap.answer !== undefined && !this.options.signal.aborted) {
      await delay(LINGER_MS, waiting.signal);
    }
    this.#process.endInput();
    await delay(LEAVE_MS, waiting.signal);
    if (!waiting.signal.aborted) {
      await this.#process.stop();
    }
    await ended;
    await this.#tap.end();
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
    const { answer, refusal } = this.#tap;
    if (error instanceof NotAnAgentError || this.#lines.refusal !== undefined) {
      return `failed: ${(this.#lines.refusal ?? (error as Error)).message}`;
    }
    if (answer !== undefined) {
      return undefined;
    }
    if (refusal !== undefined) {
      const wantsLogin = refusal.code === RequestError.authRequired().code;
      return `${refusalText(refusal)}${wantsLogin ? `; ${adviceOf(this.#tap.authMethods)}` : ''}`;
    }
    if (error instanceof RequestError) {
      return `failed: ${error.message}`;
    }
    const when = this.options.connector.session === undefined ? 'before its session was open' : 'during its turn';
    return `${(await this.#process.exitsWithin(CANCEL_GRACE_MS)) ?? 'closed its output'} ${when}`;
  }

  async #fail(failure: string): Promise<void> {
    const { connector, feed, name, report } = this.options;
    report.failure(`agent ${name} ${failure}${lastLines(await this.#process.lastErrors())}`, connector.id);
    const { refusal } = this.#tap;
    const plain = draft('system', 'connector', { type: 'ErrorRaised', message: `the agent ${failure}` });
    const told: Draft = { ...plain, event: { ...plain.event, ...codeAndData(refusal) } };
    await feed.publish([connector.addressNow(told)]);
  }

  #warn(message: string): void {
    this.options.report.warning(`${this.options.name}: ${message}`);
  }

  /** Once, for a session whose agent does what it was to be kept from. */
  #warnUnasked(what: string): void {
    const { permission } = this.options;
    const { current } = this.#tap.mode;
    if (permission !== 'allow' && !this.#hasWarned) {
      this.#hasWarned = true;
      const mode = current === undefined ? 'its mode is unknown' : `its mode is "${shortMode(current)}"`;
      this.#warn(`${what}, so --permission ${permission} cannot keep it from that: ${mode} (see --mode)`);
    }
  }

  async #warnOfSilence(milliseconds: number): Promise<void> {
    if (this.#asked > 0) {
      // The agent waits for its user.
      return;
    }
    const lastErrors = await this.#process.lastErrors();
    const isNew = lastErrors !== this.#shownErrors;
    this.#shownErrors = lastErrors;
    const silence = `not a word for ${milliseconds / 1000} s, it has yet to answer ${this.#step}`;
    this.#warn(`${silence}${isNew ? lastLines(lastErrors) : ''}`);
  }
}

/** Thrown if an answer takes too long. */
class TooLateError extends NotAnAgentError {}

function lastLines(stderr: string): string {
  return stderr === '' ? '' : `; its last lines on stderr:\n${stderr}`;
}

/** What the agent refused, and why, with its own data: that may have the only words that help. */
function refusalText({ code, data, message, method }: Refusal): string {
  return [
    `refused ${method}: ${message}`,
    ...(code === undefined ? [] : [`(code ${code})`]),
    ...(data === undefined ? [] : [JSON.stringify(data)]),
  ].join(' ');
}

function codeAndData(refusal: Refusal | undefined): Json {
  if (refusal === undefined) {
    return {};
  }
  const { code, data, method } = refusal;
  return { method, ...(code !== undefined && { code }), ...(data !== undefined && { data }) };
}

/** How to authenticate, in the agent's own words. */
function adviceOf(authMethods: unknown): string {
  const methods = (Array.isArray(authMethods) ? authMethods : []).filter(isObject).map(({ id, name, description }) => {
    const words = [name, description].filter((one) => typeof one === 'string').join(': ');
    return `${String(id)}${words === '' ? '' : ` (${words})`}`;
  });
  return methods.length === 0
    ? 'it offers no method of authentication: log in with its own program first'
    : `it wants --auth METHOD, one of: ${methods.join(', ')}`;
}
