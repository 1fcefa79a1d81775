import { describe, expect, it } from '@jest/globals';
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readPage, ROOT } from './support/pages.js';

/** Every page of the repository, without those that tools write. */
const pages = [
  ...['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'examples/README.md', 'bench/README.md'],
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md') && !name.startsWith('api'))
    .map((name) => `docs/${name}`),
];

/** A page without its code, in which a bracket means something else. */
function proseOf(page: string): string {
  return readPage(page)
    .replaceAll(/^```.*?^```$/gms, '')
    .replaceAll(/`[^`\n]*`/g, (code) => code.replaceAll(/[[\]()]/g, ' '));
}

/** Where the links and pictures of a page lead to, without addresses on the web. */
function linksOf(page: string): string[] {
  return [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors that GitHub gives to the headings of a page. */
function anchorsOf(page: string): string[] {
  const seen = new Map<string, number>();
  const headings = [
    ...readPage(page)
      .replaceAll(/^```.*?^```$/gms, '')
      .matchAll(/^#+ (.+)$/gm),
  ];
  return headings.map(([, heading = '']) => {
    const slug = heading
      .trim()
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}

/** Whether a link of `page` leads to a file, and to a heading of it where the link names one. */
function resolves(page: string, target: string): boolean {
  const [path = '', anchor] = target.split('#');
  const file = path === '' ? page : join(dirname(page), path);
  return existsSync(join(ROOT, file)) && (anchor === undefined || anchorsOf(file).includes(anchor));
}

describe('the links between the pages', () => {
  it('are found', () => {
    expect(linksOf('README.md').length).toBeGreaterThan(10);
    expect(anchorsOf('README.md').length).toBeGreaterThan(3);
  });

  it('would be refused, if they led nowhere', () => {
    const refused = ['docs/nowhere.md', 'LICENSE.md', '#nowhere', 'docs/semantics.md#nowhere'];
    expect(refused.filter((target) => resolves('README.md', target))).toEqual([]);
    const accepted = ['docs/semantics.md', 'LICENSE', '#install', 'docs/semantics.md#lifecycle', 'docs/plots'];
    expect(accepted.filter((target) => !resolves('README.md', target))).toEqual([]);
  });

  it.each(pages)('%s: each leads to a file, and to a heading of it', (page) => {
    expect(linksOf(page).filter((target) => !resolves(page, target))).toEqual([]);
  });
});
