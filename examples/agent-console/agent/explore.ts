import { join } from 'node:path';
import { type AgentContext, methods, type SessionUpdate, type StopReason } from '@agentclientprotocol/sdk';
import { counted } from '../count.js';
import { conclusion, examine, type FileFinding, overview, sentence, worthReading } from './findings.js';
import { type Found, type FoundFile, walk } from './walk.js';

/** The session of an exploration. */
export interface Session {
  readonly id: string;
  readonly cwd: string;
  /** Reads a file: through the client if it offers that, otherwise from disk. */
  readonly read: (path: string) => Promise<string>;
  readonly client: AgentContext;
  /** Aborts when the turn is cancelled. */
  readonly signal: AbortSignal;
}

const STEPS = ['List the files', 'Ask for permission to read', 'Read the main files', 'Report the findings'];
/** The size of the context in usage reports. There is no model: four characters count as a token. */
const CONTEXT_TOKENS = 200_000;

/** One turn: explores the directory of the session, and streams its findings. */
export class Exploration {
  #calls = 0;
  #characters = 0;

  constructor(private readonly session: Session) {}

  async run(prompt: string): Promise<StopReason> {
    const { cwd } = this.session;
    this.#characters += prompt.length;
    await this.#plan(0);
    await this.#think(`The task: ${prompt} First I look at the names and sizes of the files in ${cwd}.`);
    const found = await this.#look();
    for (const text of overview(found)) {
      await this.#say(text);
    }
    const files = worthReading(found.files);
    if (this.#isCancelled()) {
      return 'cancelled';
    }
    if (files.length === 0) {
      return this.#finish('I found no text files to read.\n');
    }
    await this.#plan(1);
    const answer = await this.#askPermission(files);
    if (answer === 'cancelled' || this.#isCancelled()) {
      return 'cancelled';
    }
    if (answer === 'rejected') {
      return this.#finish('I was not allowed to read the files, so this is all I can say.\n');
    }
    await this.#plan(2);
    const findings = await this.#readAll(files);
    return this.#isCancelled() ? 'cancelled' : this.#finish(conclusion(findings));
  }

  #isCancelled(): boolean {
    return this.session.signal.aborted;
  }

  async #look(): Promise<Found> {
    const { cwd, signal } = this.session;
    const toolCallId = this.#nextCall();
    await this.#update({
      sessionUpdate: 'tool_call',
      toolCallId,
      title: `List ${cwd}`,
      kind: 'search',
      status: 'in_progress',
      locations: [{ path: cwd }],
    });
    const found = await walk(cwd, signal);
    await this.#update({
      sessionUpdate: 'tool_call_update',
      toolCallId,
      status: 'completed',
      rawOutput: { files: found.files.length, directories: found.directories, isCut: found.isCut },
    });
    return found;
  }

  async #askPermission(files: readonly FoundFile[]): Promise<'allowed' | 'rejected' | 'cancelled'> {
    const { client, id } = this.session;
    const { outcome } = await client.request(methods.client.session.requestPermission, {
      sessionId: id,
      toolCall: { toolCallId: `call-${this.#calls + 1}`, title: `Read ${counted(files.length, 'file')}`, kind: 'read' },
      options: [
        { optionId: 'allow', name: 'Read them', kind: 'allow_once' },
        { optionId: 'reject', name: 'Leave them alone', kind: 'reject_once' },
      ],
    });
    if (outcome.outcome === 'cancelled') {
      return 'cancelled';
    }
    return outcome.optionId === 'allow' ? 'allowed' : 'rejected';
  }

  async #readAll(files: readonly FoundFile[]): Promise<FileFinding[]> {
    const findings: FileFinding[] = [];
    for (const { path } of files) {
      if (this.#isCancelled()) {
        break;
      }
      const finding = await this.#readOne(path);
      if (finding !== undefined) {
        findings.push(finding);
        await this.#say(sentence(finding));
        await this.#reportUsage();
      }
    }
    return findings;
  }

  /** `undefined` if the file cannot be read. The tool call says why. */
  async #readOne(path: string): Promise<FileFinding | undefined> {
    const { cwd, read } = this.session;
    const toolCallId = this.#nextCall();
    const whole = join(cwd, path);
    await this.#update({
      sessionUpdate: 'tool_call',
      toolCallId,
      title: `Read ${path}`,
      kind: 'read',
      status: 'in_progress',
      locations: [{ path: whole }],
      rawInput: { path: whole },
    });
    try {
      const text = await read(whole);
      this.#characters += text.length;
      const finding = examine(path, text);
      await this.#endCall(toolCallId, 'completed', counted(finding.lines, 'line'));
      return finding;
    } catch (error) {
      await this.#endCall(toolCallId, 'failed', error instanceof Error ? error.message : String(error));
      return undefined;
    }
  }

  async #endCall(toolCallId: string, status: 'completed' | 'failed', text: string): Promise<void> {
    const content = [{ type: 'content' as const, content: { type: 'text' as const, text } }];
    await this.#update({ sessionUpdate: 'tool_call_update', toolCallId, status, content });
  }

  async #finish(text: string): Promise<StopReason> {
    await this.#plan(3);
    await this.#say(text);
    await this.#plan(4);
    await this.#reportUsage();
    return 'end_turn';
  }

  async #plan(done: number): Promise<void> {
    const entries = STEPS.map((content, step) => ({
      content,
      priority: 'medium' as const,
      status: step < done ? ('completed' as const) : step === done ? ('in_progress' as const) : ('pending' as const),
    }));
    await this.#update({ sessionUpdate: 'plan', entries });
  }

  async #think(text: string): Promise<void> {
    await this.#update({ sessionUpdate: 'agent_thought_chunk', content: { type: 'text', text } });
  }

  async #say(text: string): Promise<void> {
    this.#characters += text.length;
    await this.#update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
  }

  async #reportUsage(): Promise<void> {
    const used = Math.ceil(this.#characters / 4);
    await this.#update({ sessionUpdate: 'usage_update', used, size: CONTEXT_TOKENS });
  }

  #nextCall(): string {
    this.#calls += 1;
    return `call-${this.#calls}`;
  }

  async #update(update: SessionUpdate): Promise<void> {
    const { client, id } = this.session;
    await client.notify(methods.client.session.update, { sessionId: id, update });
  }
}
