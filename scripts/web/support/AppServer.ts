import { type Command, Program } from './Program.js';

export interface AppStats {
  /** Open streams by path. */
  readonly open: Readonly<Record<string, number>>;
  /** The events in the longest queue. */
  readonly waiting: number;
}

export type Taken = Readonly<Record<'pushed' | 'pulled', readonly string[]>>;

/** The application of `app/` in a runtime. */
export class AppServer implements AsyncDisposable {
  private constructor(
    private readonly command: Command,
    private program: Program,
  ) {}

  static async start(command: Command, port: number): Promise<AppServer> {
    return new AppServer(command, await Program.start(command, port));
  }

  get port(): number {
    return this.program.port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Ends its streams as a server does that is replaced, and starts it anew. */
  async restart(): Promise<void> {
    await this.#order('/close');
    await this.program.stop();
    this.program = await Program.start(this.command, this.port);
  }

  async publish(...events: string[]): Promise<void> {
    await this.#order(`/publish?${events.map((event) => `event=${event}`).join('&')}`);
  }

  /** Publishes `count` events that have `padding` characters each. */
  async publishLong(count: number, padding: number): Promise<void> {
    await this.#order(`/publish?padding=${padding}${'&event=long'.repeat(count)}`);
  }

  async stats(): Promise<AppStats> {
    return (await this.#order('/stats')) as AppStats;
  }

  /** Lets the application itself read a stream of another server, by both forms of the client. */
  async read(url: string): Promise<void> {
    await this.#order(`/read?url=${encodeURIComponent(url)}`);
  }

  /** What the application has read so far, by each form of the client. */
  async taken(): Promise<Taken> {
    return (await this.#order('/taken')) as Taken;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.program.stop();
  }

  async #order(path: string): Promise<unknown> {
    const response = await fetch(`${this.url}${path}`, { headers: { Connection: 'close' } });
    return response.json();
  }
}
