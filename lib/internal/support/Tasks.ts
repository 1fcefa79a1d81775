import { asyncScheduler } from 'rxjs';
import { outOfContext } from './context.js';

interface Port {
  onmessage: unknown;
  postMessage(message: unknown): void;
  close(): void;
}

interface Channel {
  readonly port1: Port;
  readonly port2: Port;
}

/** The functions of the platform that are used, if it has them. */
export interface TaskPlatform {
  readonly setImmediate?: ((task: () => void) => unknown) | undefined;
  readonly MessageChannel?: (new () => Channel) | undefined;
}

// Read when this module is loaded: fake timers that replace them later would not run anything by themselves.
const { setImmediate, MessageChannel } = globalThis as unknown as TaskPlatform;

/**
 * Lets other tasks of the platform run: timers, sockets, the input of a page.
 *
 * A timer is not used for it, since its least delay, 1 to 4 ms, would be most of the time that a connection takes. `scheduler.yield` is not
 * used, since Chromium runs no timers while a program continues by it.
 */
export class Tasks {
  readonly #platform: TaskPlatform;
  #channel: Channel | undefined;

  constructor(platform: TaskPlatform = { setImmediate, MessageChannel }) {
    this.#platform = platform;
  }

  /** Resolves in a new task, after the tasks that are due. */
  next(): Promise<void> {
    return new Promise((resolve) => {
      outOfContext(() => {
        this.#queue(resolve);
      });
    });
  }

  #queue(task: () => void): void {
    const platform = this.#platform;
    // First choice: Node processes a thousand messages of a port before it checks its timers.
    if (platform.setImmediate !== undefined) {
      const { setImmediate: schedule } = platform;
      schedule(task);
    } else if (platform.MessageChannel !== undefined) {
      const { port1, port2 } = (this.#channel ??= new platform.MessageChannel());
      port1.onmessage = task;
      port2.postMessage(undefined);
    } else {
      asyncScheduler.schedule(task);
    }
  }

  /** Releases the channel. No call of `next` may wait. */
  close(): void {
    this.#channel?.port1.close();
  }
}
