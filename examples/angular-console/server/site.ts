import { readdir, readFile } from 'node:fs/promises';
import { extname } from 'node:path';

/** A file of the page, in memory. */
export interface SiteFile {
  readonly type: string;
  readonly body: Buffer;
  /** Whether its name changes with its content. */
  readonly isHashed: boolean;
}

/** The files of the page by their paths. Nothing else is served. */
export type Site = ReadonlyMap<string, SiteFile>;

const TYPES: Readonly<Record<string, string>> = {
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.txt': 'text/plain; charset=utf-8',
};

/**
 * Reads the built page from `directory`.
 *
 * @throws Error if there is none.
 */
export async function readSite(directory: URL): Promise<Site> {
  const site = new Map<string, SiteFile>();
  const names = await readdir(directory).catch((error: unknown) => {
    throw new Error('the page has not been built: run npm run console', { cause: error });
  });
  for (const name of names) {
    const type = TYPES[extname(name)];
    if (type !== undefined) {
      const body = await readFile(new URL(name, directory));
      site.set(`/${name}`, { type, body, isHashed: /-[A-Z0-9]{8}\.\w+$/.test(name) });
    }
  }
  const index = site.get('/index.html');
  if (index === undefined) {
    throw new Error('the page has not been built: run npm run console');
  }
  return site.set('/', index);
}
