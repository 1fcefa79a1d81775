import { asyncScheduler } from 'rxjs';

interface Port {
  onmessage: unknown;
  postMessage(message: unknown): void;
  close(): void;
}

interface Channel {
  readonly port1: Port;
  readonly port2: Port;
}

/** What is used of the platform, where it is there. */
export interface TaskPlatform {
  readonly setImmediate?: ((task: () => void) => unknown) | undefined;
  readonly MessageChannel?: (new () => Channel) | undefined;
}

// As they are when this is loaded: fake timers that are put in their place later run nothing by themselves.
const { setImmediate, MessageChannel } = globalThis as unknown as TaskPlatform;

/**
 * Lets the other tasks of the platform run: its timers, its sockets, a page's input.
 *
 * No time is asked for: the least delay of a timer, 1 to 4 ms, would be most of what a connection takes. `scheduler.yield` is not
 * used, since Chromium runs no timer while a program goes on by it.
 */
export class Tasks {
  readonly #platform: TaskPlatform;
  #channel: Channel | undefined;

  constructor(platform: TaskPlatform = { setImmediate, MessageChannel }) {
    this.#platform = platform;
  }

  /** Resolves in a task of its own, after those that are due. */
  next(): Promise<void> {
    const platform = this.#platform;
    return new Promise((resolve) => {
      // Node takes a thousand messages of a port before it looks at a timer, so this comes first.
      if (platform.setImmediate !== undefined) {
        const { setImmediate: schedule } = platform;
        schedule(resolve);
      } else if (platform.MessageChannel !== undefined) {
        const { port1, port2 } = (this.#channel ??= new platform.MessageChannel());
        port1.onmessage = () => {
          resolve();
        };
        port2.postMessage(undefined);
      } else {
        asyncScheduler.schedule(() => {
          resolve();
        });
      }
    });
  }

  /** Nobody waits any more. */
  close(): void {
    this.#channel?.port1.close();
  }
}
