import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { NodeResponse } from 'sharing-bus/sse';

/** The time between two writes, in milliseconds. */
const INTERVAL_MS = 100;

/**
 * A response with a limited rate of bytes. The writer has to wait, as for a slow reader.
 *
 * A page that only reads slowly would not do: sockets buffer megabytes, so for minutes nothing would be seen.
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
    const most = Math.ceil((this.bytesPerSecond * INTERVAL_MS) / 1000);
    this.response.write(rest.subarray(0, most));
    this.#timer = setTimeout(() => {
      this.#drip(rest.subarray(most));
    }, INTERVAL_MS);
  }
}
