import assert from 'node:assert/strict';
import { type Browser as Chromium, chromium, type Page } from 'playwright-core';

/** By default, Debian's. */
const PROGRAM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  /** Whether the server may be unreachable for a while, which the browser logs as an error. */
  readonly mayLoseServer?: boolean;
  /** Gets each message on the console; true if it is expected. */
  readonly onMessage?: (text: string) => boolean;
}

/** A real browser. Any message on the console of a page fails the test. */
export class Browser implements AsyncDisposable {
  readonly #messages: string[] = [];

  private constructor(private readonly chromium: Chromium) {}

  static async launch(): Promise<Browser> {
    // Chromium has no sandbox for root. In a container, tests may run as root.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    return new Browser(await chromium.launch({ executablePath: PROGRAM, args }));
  }

  async open(url: string, options: PageOptions = {}): Promise<Page> {
    const { height = 900, mayLoseServer = false, onMessage, theme = 'light', width = 1440 } = options;
    const page = await this.chromium.newPage({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: 'reduce',
    });
    page.on('console', (message) => {
      const text = message.text();
      const isLoss = mayLoseServer && /net::ERR_(CONNECTION|EMPTY_RESPONSE|INCOMPLETE_CHUNKED)/.test(text);
      if (onMessage?.(text) !== true && !isLoss) {
        this.#messages.push(`${message.type()}: ${text}`);
      }
    });
    page.on('pageerror', (error) => {
      this.#messages.push(error.stack ?? error.message);
    });
    await page.goto(url);
    return page;
  }

  /** Closes the pages. Fails if any of them has written to its console. */
  async closePages(): Promise<void> {
    await Promise.all(this.chromium.contexts().map((context) => context.close()));
    assert.deepEqual(this.#messages.splice(0), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chromium.close();
  }
}
