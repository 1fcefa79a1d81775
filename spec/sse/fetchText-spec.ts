import { describe, expect, it } from '@jest/globals';
import { EventStreamError } from '../../lib/sse/EventStreamError.js';
import { fetchText, RetryableError, type TextRequest } from '../../lib/sse/fetchText.js';
import type { EventStreamRequest } from '../../lib/sse/FromEventStreamOptions.js';
import { type Collected, collect } from '../support/collect.js';

const type = { 'content-type': 'text/event-stream' };

interface Fetched extends Collected<string> {
  readonly urls: string[];
  readonly requests: EventStreamRequest[];
  readonly answer: (response: Response | Error) => Promise<void>;
}

/** A request that is under way, and is answered by the spec. */
function fetched(options: Partial<TextRequest> = {}): Fetched {
  const urls: string[] = [];
  const requests: EventStreamRequest[] = [];
  let resolve: ((response: Response) => void) | undefined;
  let reject: ((error: unknown) => void) | undefined;
  const collected = collect(
    fetchText({
      url: 'http://a.test/',
      lastEventId: undefined,
      headers: undefined,
      fetch: (url, request) => {
        urls.push(url);
        requests.push(request);
        return new Promise((resolved, rejected) => {
          resolve = resolved;
          reject = rejected;
        });
      },
      ...options,
    }),
  );
  return {
    ...collected,
    urls,
    requests,
    answer: async (response) => {
      await turn();
      if (response instanceof Error) {
        reject?.(response);
      } else {
        resolve?.(response);
      }
      await turn();
    },
  };
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('fetchText', () => {
  it('tells that it is open by an empty text, then each piece, whole characters only, and that it broke off', async () => {
    const bytes = new TextEncoder().encode('a€b');
    const { values, endings, answer } = fetched();
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const [from, to] of [
          [0, 2],
          [2, 3],
          [3, 5],
        ] as const) {
          // prettier-ignore
          controller.enqueue(bytes.slice(from, to));
        }
        controller.close();
      },
    });
    await answer(new Response(body, { headers: { 'content-type': 'Text/Event-Stream ; charset=utf-8' } }));
    expect(values).toEqual(['', 'a', '€b']);
    expect(endings).toEqual([
      new RetryableError('the stream ended without an end event', undefined, '', { isEnd: true }),
    ]);
  });

  it('is open, and broke off, where an answer has no body', async () => {
    const { values, endings, answer } = fetched();
    await answer(new Response(null, { headers: type }));
    expect([values, endings]).toEqual([[''], [expect.any(RetryableError)]]);
  });

  it('completes, and is never open, where there is nothing', async () => {
    const { values, endings, answer } = fetched();
    await answer(new Response(null, { status: 204 }));
    expect([values, endings]).toEqual([[], ['complete']]);
  });

  it.each<[string, TextRequest['headers'], Record<string, string>]>([
    ['nothing', undefined, {}],
    ['an object', { a: '1' }, { a: '1' }],
    ['pairs', [['a', '1']], { a: '1' }],
    ['the platform’s class', new Headers({ a: '1' }), { a: '1' }],
    ['a function', () => ({ a: '1' }), { a: '1' }],
    ['a function that takes its time', () => Promise.resolve(new Map([['a', '1']])), { a: '1' }],
    ['what it accepts', { Accept: 'x/y' }, { Accept: 'x/y' }],
  ])('sends headers that are given as %s', async (_what, headers, expected) => {
    const { requests } = fetched({ headers });
    await turn();
    expect(requests.map(({ method, headers: sent }) => [method, sent])).toEqual([
      ['GET', { Accept: 'text/event-stream', ...expected }],
    ]);
  });

  it('resumes by its URL, and drops the id that the application began with, however that is spelled', async () => {
    const headers = { 'last-event-id': 'e:1', 'LAST-EVENT-ID': 'e:2' };
    const resuming = fetched({ headers, lastEventId: 'e:3' });
    const beginning = fetched({ headers: { 'last-event-id': 'e:1' } });
    await turn();
    expect([...resuming.requests, ...beginning.requests].map(({ headers: sent }) => sent)).toEqual([
      { Accept: 'text/event-stream' },
      { Accept: 'text/event-stream', 'last-event-id': 'e:1' },
    ]);
    expect([...resuming.urls, ...beginning.urls]).toEqual(['http://a.test/?lastEventId=e%3A3', 'http://a.test/']);
  });

  it('asks for nothing where it is left while its headers are waited for', async () => {
    const { requests, subscription, endings } = fetched({ headers: () => Promise.resolve({}) });
    subscription.unsubscribe();
    await turn();
    expect([requests, endings]).toEqual([[], []]);
  });

  it('aborts its request when it is left, and when it is through', async () => {
    const left = fetched();
    const through = fetched();
    await turn();
    expect(left.requests[0]?.signal.aborted).toBe(false);
    left.subscription.unsubscribe();
    await through.answer(new Response(null, { status: 204 }));
    expect([left, through].map(({ requests }) => requests[0]?.signal.aborted)).toEqual([true, true]);
  });

  it.each<[string, Partial<TextRequest>, Error | undefined]>([
    ['the network', {}, new TypeError('no')],
    ['a function for headers', { headers: () => Promise.reject(new TypeError('no')) }, undefined],
    [
      'a fetch that throws',
      {
        fetch: () => {
          throw new TypeError('no');
        },
      },
      undefined,
    ],
  ])('can be tried again where %s fails, and says why', async (_what, options, error) => {
    const { endings, answer } = fetched(options);
    await answer(error ?? new Response());
    expect(endings).toEqual([new RetryableError('the connection failed: no')]);
    expect((endings[0] as RetryableError).cause).toEqual(new TypeError('no'));
  });

  it.each([
    [408, true],
    [425, true],
    [429, true],
    [500, true],
    [599, true],
    [400, false],
    [404, false],
    [201, false],
  ])('says what was answered: %i, which can be tried again: %j', async (status, isRetryable) => {
    const { endings, answer } = fetched();
    await answer(new Response('why', { status, headers: { 'retry-after': '7' } }));
    const [error] = endings as [EventStreamError];
    expect([error.message, error.status, error.body]).toEqual([`the server answered ${status}: why`, status, 'why']);
    expect([error instanceof RetryableError, (endings[0] as RetryableError).retryAfter]).toEqual(
      isRetryable ? [true, '7'] : [false, undefined],
    );
  });

  it('keeps no more than the beginning of a refusal that never ends, and does not wait for its end', async () => {
    let isCancelled = false;
    const { endings, answer } = fetched();
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(400).fill(97));
      },
      cancel: () => {
        isCancelled = true;
      },
    });
    await answer(new Response(body, { status: 404 }));
    expect([(endings[0] as EventStreamError).body, isCancelled]).toEqual(['a'.repeat(500), true]);
  });

  it('says what an answer was that is no event stream', async () => {
    const html = fetched();
    await html.answer(new Response('', { headers: { 'content-type': 'text/event-streams' } }));
    const nothing = fetched();
    await nothing.answer(new Response(null));
    expect([...html.endings, ...nothing.endings]).toEqual([
      new EventStreamError('content-type: expected text/event-stream, got text/event-streams', 200),
      new EventStreamError('content-type: expected text/event-stream, got nothing', 200),
    ]);
  });
});
