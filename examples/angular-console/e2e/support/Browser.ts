import assert from 'node:assert/strict';
import { type Browser as Chromium, chromium, type Page } from 'playwright-core';

/** Debian's, unless another one is named. */
const PROGRAM = process.env['CHROMIUM'] ?? '/usr/bin/chromium';

export interface PageOptions {
  readonly width?: number;
  readonly height?: number;
  readonly theme?: 'light' | 'dark';
  /** Whether the server may be away for a while, which browsers call an error. */
  readonly mayLoseServer?: boolean;
}

/** A real browser. What its pages say on their consoles is kept: nothing is to be said there. */
export class Browser implements AsyncDisposable {
  readonly #complaints: string[] = [];

  private constructor(private readonly chromium: Chromium) {}

  static async launch(): Promise<Browser> {
    // Chromium has no sandbox for root, who runs the tests where there is a container around all of it.
    const args = process.getuid?.() === 0 ? ['--no-sandbox'] : [];
    return new Browser(await chromium.launch({ executablePath: PROGRAM, args }));
  }

  async open(url: string, options: PageOptions = {}): Promise<Page> {
    const { height = 900, mayLoseServer = false, theme = 'light', width = 1440 } = options;
    const page = await this.chromium.newPage({
      viewport: { width, height },
      colorScheme: theme,
      reducedMotion: 'reduce',
    });
    page.on('console', (message) => {
      const text = message.text();
      if (!(mayLoseServer && /net::ERR_(CONNECTION|EMPTY_RESPONSE|INCOMPLETE_CHUNKED)/.test(text))) {
        this.#complaints.push(`${message.type()}: ${text}`);
      }
    });
    page.on('pageerror', (error) => {
      this.#complaints.push(error.stack ?? error.message);
    });
    await page.goto(url);
    return page;
  }

  /** Closes the pages. Nothing may have been said on their consoles. */
  async closePages(): Promise<void> {
    await Promise.all(this.chromium.contexts().map((context) => context.close()));
    assert.deepEqual(this.#complaints.splice(0), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chromium.close();
  }
}
