import { describe, expect, it } from '@jest/globals';
import { EventStreamError } from '../../lib/sse/EventStreamError.js';
import { fetchText, RetryableError, type TextRequest } from '../../lib/sse/fetchText.js';
import type { EventStreamRequest } from '../../lib/sse/FromEventStreamOptions.js';
import { Clock } from '../support/Clock.js';
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
      isFirst: true,
      silenceMs: 45_000,
      scheduler: new Clock(),
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

/** What Node's `fetch` rejects with. */
function refusedBy(cause: unknown) {
  return () => Promise.reject(new TypeError('fetch failed', { cause }));
}

async function answeredAndRead(): Promise<Response> {
  const response = new Response('a', { headers: type });
  await response.text();
  return response;
}

/** A body that has sent `text`, and then sends nothing more. */
class Stalled {
  isCancelled = false;
  readonly body;

  constructor(text: string) {
    this.body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        if (text !== '') {
          controller.enqueue(new TextEncoder().encode(text));
        }
      },
      cancel: () => {
        this.isCancelled = true;
      },
    });
  }
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
    [
      'a promise of headers, that came before,',
      { headers: () => Promise.reject(new TypeError('no')), isFirst: false },
      undefined,
    ],
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

  it.each<[string, Partial<TextRequest>, string]>([
    [
      'a promise of headers rejects, at first',
      { headers: () => Promise.reject(new TypeError('no')) },
      'headers to send: no',
    ],
    [
      'a function for headers throws',
      {
        headers: () => {
          throw new TypeError('no');
        },
        isFirst: false,
      },
      'headers to send: no',
    ],
    [
      'headers are none',
      { headers: () => undefined as never, isFirst: false },
      'headers must be an object, got undefined',
    ],
    ['headers are no pairs', { headers: () => 'a: b' as never }, 'headers must be an object, got "a: b"'],
    ['a name is none', { headers: () => ({ 'a b': '1' }) }, 'headers: "a b" is not a name of a header'],
    ['a name is no text', { headers: [[1, '1']] as never }, 'headers: 1 is not a name of a header'],
    [
      'a value has two lines',
      { headers: () => ({ a: 'secret\n2' }), isFirst: false },
      'headers: the value of "a" cannot be sent',
    ],
    [
      'a value is not Latin',
      { headers: () => Promise.resolve({ a: 'п' }) },
      'headers: the value of "a" cannot be sent',
    ],
    ['a value is no text', { headers: [['a']] as never }, 'headers: the value of "a" cannot be sent'],
    ['fetch returns nothing', { fetch: () => undefined as never }, 'fetch: expected a Response, got undefined'],
    ['fetch returns no response', { fetch: () => Promise.resolve({}) as never }, 'fetch: expected a Response, got {}'],
    ['fetch has read the response', { fetch: answeredAndRead }, 'got one whose body is in use'],
    [
      'redirects have no end',
      { fetch: refusedBy(new Error('redirect count exceeded')) },
      'cannot be sent: redirect count exceeded',
    ],
    ['a scheme is unknown', { fetch: refusedBy(new Error('unknown scheme')) }, 'cannot be sent: unknown scheme'],
    ['a URL is none', { fetch: refusedBy({ code: 'ERR_INVALID_URL' }) }, 'cannot be sent: ERR_INVALID_URL'],
  ])('is not tried again where %s', async (_what, options, message) => {
    const { endings } = fetched(options);
    await turn();
    const [error] = endings;
    expect([error, error instanceof RetryableError]).toEqual([expect.any(EventStreamError), false]);
    expect(String(error)).toContain(message);
    expect(String(error)).not.toContain('secret');
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

  it.each([
    [401, undefined],
    [403, undefined],
    [404, undefined],
    [429, '3600'],
    [503, '3600'],
  ])('does not wait for the rest of the body of an answer %i that stalls', async (status, retryAfter) => {
    for (const text of ['', 'beginning']) {
      const scheduler = new Clock();
      const stalled = new Stalled(text);
      const { endings, answer } = fetched({ scheduler });
      await answer(new Response(stalled.body, { status, headers: { 'retry-after': '3600' } }));
      scheduler.pass(1_000);
      await turn();
      const [error] = endings as [RetryableError];
      expect([error.status, error.body, error.retryAfter]).toEqual([status, text, retryAfter]);
      expect([stalled.isCancelled, scheduler.pending]).toEqual([true, 0]);
    }
  });

  it('needs no time to pass on its scheduler for the body of an answer that stalls', async () => {
    const { endings, answer } = fetched();
    await answer(new Response(new Stalled('beginning').body, { status: 404 }));
    await new Promise((resolve) => setTimeout(resolve, 0));
    for (let turns = 0; endings.length === 0 && turns < 1_000_000; turns += 1) {
      await turn();
    }
    expect(endings).toEqual([new EventStreamError('the server answered 404: beginning', 404, 'beginning')]);
  });

  it('keeps the beginning of an answer that is no event stream, and cancels the rest', async () => {
    const scheduler = new Clock();
    const stalled = new Stalled(`<html>${'a'.repeat(600)}`);
    const { endings, answer } = fetched({ scheduler });
    await answer(new Response(stalled.body, { headers: { 'content-type': 'text/html' } }));
    await turn();
    const [{ message, status, body }] = endings as [EventStreamError];
    expect([message, status]).toEqual(['content-type: expected text/event-stream, got text/html', 200]);
    expect([body, stalled.isCancelled]).toEqual([`<html>${'a'.repeat(494)}`, true]);
  });

  it('cancels the body when it is left, whatever a fetch of the application did with the signal', async () => {
    const read = new Stalled('data: a\n\n');
    const reading = fetched();
    await reading.answer(new Response(read.body, { headers: type }));
    const late = new Stalled('data: a\n\n');
    const leaving = fetched();
    await turn();
    [reading, leaving].forEach(({ subscription }) => {
      subscription.unsubscribe();
    });
    await leaving.answer(new Response(late.body, { headers: type }));
    expect([read.isCancelled, late.isCancelled]).toEqual([true, true]);
    expect([reading.values, leaving.values]).toEqual([['', 'data: a\n\n'], []]);
  });

  it.each([
    ['before the answer', undefined],
    ['after the last piece', 'data: a\n\n'],
  ])('gives up, and cancels the body, where nothing comes for silenceMs: %s', async (_when, text) => {
    const scheduler = new Clock();
    const { endings, requests, answer } = fetched({ scheduler, silenceMs: 100 });
    const stalled = new Stalled(text ?? '');
    await turn();
    scheduler.pass(99);
    if (text !== undefined) {
      await answer(new Response(stalled.body, { headers: type }));
      scheduler.pass(99);
    }
    expect(endings).toEqual([]);
    scheduler.pass(1);
    expect(endings).toEqual([new RetryableError('the server sent nothing for 100 ms')]);
    expect([requests[0]?.signal.aborted, stalled.isCancelled]).toEqual([true, text !== undefined]);
    expect(scheduler.pending).toBe(0);
  });

  it('reads a piece when it is asked for, and is not impatient in between', async () => {
    const asks: (() => void)[] = [];
    const scheduler = new Clock();
    const { values, endings, answer } = fetched({
      scheduler,
      silenceMs: 100,
      demand: () => new Promise((resolve) => asks.push(resolve)),
    });
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          pulls += 1;
          controller.enqueue(new TextEncoder().encode(`${pulls}`));
        },
      },
      { highWaterMark: 0 },
    );
    await answer(new Response(body, { headers: type }));
    scheduler.pass(1_000);
    expect([values, pulls, asks.length, endings]).toEqual([[''], 0, 1, []]);
    asks[0]?.();
    await turn();
    scheduler.pass(1_000);
    expect([values, pulls, asks.length, endings]).toEqual([['', '1'], 1, 2, []]);
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
