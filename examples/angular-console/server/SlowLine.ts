import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { NodeResponse } from 'sharing-bus/sse';

const EVERY = 100;

/**
 * A response through a line that takes so many bytes in a second. Who writes waits for it, as for a reader that is slow.
 *
 * Sockets keep megabytes on their way: of a page that merely read slowly, nothing would be seen for minutes.
 */
export class SlowLine extends EventEmitter implements NodeResponse {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly response: ServerResponse,
    private readonly bytesPerSecond: number,
  ) {
    super();
    response.on('close', () => {
      clearTimeout(this.#timer);
      this.emit('close');
    });
  }

  get destroyed(): boolean {
    return this.response.destroyed;
  }

  get headersSent(): boolean {
    return this.response.headersSent;
  }

  get writableEnded(): boolean {
    return this.response.writableEnded;
  }

  writeHead(status: number, headers: Record<string, string | string[]>): void {
    this.response.writeHead(status, headers);
  }

  write(text: string): boolean {
    this.#drip(Buffer.from(text));
    return false;
  }

  end(text?: string): void {
    this.response.end(text);
  }

  destroy(): void {
    this.response.destroy();
  }

  #drip(rest: Buffer): void {
    if (rest.byteLength === 0) {
      this.emit('drain');
      return;
    }
    const most = Math.ceil((this.bytesPerSecond * EVERY) / 1000);
    this.response.write(rest.subarray(0, most));
    this.#timer = setTimeout(() => {
      this.#drip(rest.subarray(most));
    }, EVERY);
  }
}
