import { appendFile, writeFile } from 'node:fs/promises';
import { newUuid } from 'sharing-bus';

/** A session log that a test appends to. */
export class SessionLog {
  readonly sessionId = newUuid();
  #count = 0;

  private constructor(readonly path: string) {}

  static async begin(path: string): Promise<SessionLog> {
    const log = new SessionLog(path);
    await writeFile(
      path,
      log.#line('session-lifecycle', 'connector', {
        type: 'SessionRegistered',
        connectorId: 'log',
        sessionId: log.sessionId,
        scrollId: newUuid(),
      }),
    );
    return log;
  }

  /** Adds `count` messages, each with its number and `padding` characters. */
  async say(count: number, padding = 0): Promise<void> {
    const lines = Array.from({ length: count }, () => {
      this.#count += 1;
      const text = `word-${this.#count} ${'x'.repeat(padding)}\n`;
      return this.#line('agent-message', 'agent', { type: 'AgentMessageChunk', content: { type: 'text', text } });
    });
    await appendFile(this.path, lines.join(''));
  }

  async add(kind: string, event: object): Promise<void> {
    await appendFile(this.path, this.#line(kind, 'agent', event));
  }

  #line(kind: string, origin: string, event: object): string {
    const routing = { connectorId: 'log', nativeSessionId: this.sessionId, kind };
    return `${JSON.stringify({ routing, origin, event })}\n`;
  }
}
