import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { nodeHeaders, type NodeResponse, onGone, requestOf, type Text, write } from '../../lib/sse/nodeHttp.js';

const { signal } = new AbortController();

/** A response that takes so many chunks before it is full. */
class FakeResponse extends EventEmitter implements NodeResponse {
  readonly story: (string | Uint8Array)[] = [];
  destroyed = false;
  headersSent = false;
  writableEnded = false;

  constructor(public room = Infinity) {
    super();
  }

  writeHead(): void {
    this.story.push('writeHead');
  }

  write(text: string | Uint8Array): boolean {
    this.story.push(text);
    this.room -= 1;
    return this.room > 0;
  }

  end(): void {
    this.story.push('end');
  }

  destroy(): void {
    this.story.push('destroy');
  }
}

/** A text of these chunks, which are there one after the other, and then what `add` brings. */
class FakeText implements Text {
  asked = 0;
  isOver = false;
  left = 0;
  isWatched = false;
  reader: Text['reader'];
  readonly #chunks: string[];

  constructor(...chunks: readonly string[]) {
    this.#chunks = [...chunks];
  }

  take(): ReturnType<Text['take']> {
    this.asked += 1;
    const text = this.#chunks.shift();
    return text === undefined ? undefined : { text, bytes: new TextEncoder().encode(text) };
  }

  add(chunk: string): void {
    this.#chunks.push(chunk);
    this.reader?.ready();
  }

  end(): void {
    this.isOver = true;
    this.reader?.over();
  }

  leave(): void {
    this.left += 1;
  }

  watchDeparture(): void {
    this.isWatched = true;
  }
}

describe('write', () => {
  it('takes the next when there is room for it, and ends with the text', async () => {
    const response = new FakeResponse(2);
    const text = new FakeText('a', 'b', 'c');
    const written = write(text, response);
    expect([response.story, text.asked, text.isWatched]).toEqual([['a', 'b'], 2, true]);
    response.room = 3;
    response.emit('drain');
    expect([response.story, text.asked]).toEqual([['a', 'b', 'c'], 4]);
    text.add('d');
    text.end();
    await written;
    expect(response.story).toEqual(['a', 'b', 'c', 'd', 'end']);
  });

  it('writes the bytes that clients share to a stream of Node, and strings to another one', () => {
    const response = Object.assign(new FakeResponse(), { cork: () => undefined });
    void write(new FakeText('a'), response);
    const plain = new FakeResponse();
    void write(new FakeText('a'), plain);
    expect([response.story, plain.story]).toEqual([[new TextEncoder().encode('a')], ['a']]);
  });

  it('a drain that nobody waits for is of no meaning', () => {
    const response = new FakeResponse();
    const text = new FakeText('a');
    void write(text, response);
    response.emit('drain');
    response.emit('drain');
    expect([response.story, text.asked]).toEqual([['a'], 2]);
  });

  it('destroys what is full and stays so, when the text is cut off', async () => {
    const response = new FakeResponse(1);
    const text = new FakeText('a', 'b');
    const written = write(text, response);
    text.end();
    await written;
    response.emit('drain');
    expect([response.story, text.asked]).toEqual([['a', 'destroy'], 1]);
  });

  it('does not wait for room for the last of a text, nor for a reader who is gone', async () => {
    const response = new FakeResponse(1);
    const text = new FakeText('last');
    text.isOver = true;
    await write(text, response);
    const abandoned = new FakeResponse();
    const waiting = new FakeText('a');
    const written = write(waiting, abandoned);
    waiting.end();
    await written;
    expect([response.story, abandoned.story]).toEqual([['last', 'end'], ['a', 'end']]); // prettier-ignore
  });

  it('leaves a response alone that somebody has ended', async () => {
    const response = new FakeResponse();
    response.writableEnded = true;
    await write(new FakeText('a'), response);
    expect(response.story).toEqual([]);
  });

  it('leaves the text when a write throws, and rejects with that', async () => {
    const response = new FakeResponse();
    const text = new FakeText('a');
    const written = write(text, response);
    response.write = () => {
      throw new Error('broken');
    };
    text.add('b');
    await expect(written).rejects.toThrow('broken');
    text.add('c');
    text.end();
    expect([text.left, response.story]).toEqual([1, ['a']]);
  });
});

describe('onGone', () => {
  it.each(['response', 'socket'])(
    'calls when the %s closes, and gives the listener at the connection back',
    (which) => {
      const response = new FakeResponse();
      const socket = Object.assign(new EventEmitter(), { destroyed: false });
      let calls = 0;
      const ignore = onGone({ headers: {}, socket }, response, () => (calls += 1));
      expect(calls).toBe(0);
      (which === 'socket' ? socket : response).emit('close');
      expect(calls).toBe(1);
      ignore();
      ignore();
      socket.emit('close');
      expect([calls, socket.listenerCount('close')]).toEqual([1, 0]);
    },
  );

  it('calls when the request is aborted, also where that was before, and reads it to its end', () => {
    let calls = 0;
    let reads = 0;
    const request = Object.assign(new EventEmitter(), { headers: {}, aborted: false, resume: () => (reads += 1) });
    const act = (): void => {
      calls += 1;
    };
    onGone(request, new FakeResponse(), act);
    expect([calls, reads]).toEqual([0, 1]);
    request.emit('aborted');
    expect(calls).toBe(1);
    onGone({ headers: {}, aborted: true }, new FakeResponse(), act);
    expect(calls).toBe(2);
  });

  it('calls at once, and once, where they are destroyed already; no socket is needed', () => {
    let calls = 0;
    const act = (): void => {
      calls += 1;
    };
    const socket = Object.assign(new EventEmitter(), { destroyed: true });
    const response = new FakeResponse();
    onGone({ headers: {}, socket }, response, act)();
    expect(calls).toBe(1);
    response.destroyed = true;
    onGone({ headers: {}, socket }, response, act)();
    onGone({ headers: {} }, response, act)();
    expect(calls).toBe(3);
  });
});

describe('requestOf', () => {
  it.each([
    [undefined, '/', 'http://localhost/'],
    ['a.test:8080', '/a?b=c', 'http://a.test:8080/a?b=c'],
    ['a.test', 'http://b.test/a', 'http://b.test/a'],
    ['a b', '/a', 'http://localhost/a'],
    ['', '/a', 'http://localhost/a'],
    ['a.test', '//b.test/a', 'http://a.test//b.test/a'],
    [':a.test', '/a', 'http://localhost/a'],
  ])('host %j and path %j are %s', (host, url, expected) => {
    expect(requestOf({ url, headers: { ...(host !== undefined && { host }) } }, signal)?.url).toBe(expected);
  });

  it('is a GET of the root where nothing is said, with no header', () => {
    const request = requestOf({ headers: {} }, signal);
    expect([request?.method, request?.url, [...(request?.headers ?? [])]]).toEqual(['GET', 'http://localhost/', []]);
  });

  it('has every value of a header, and none of the names that begin with a colon', () => {
    const headers = { ':path': '/', 'x-a': ['1', '2'], 'x-b': '3', 'x-c': undefined };
    const request = requestOf({ method: 'HEAD', headers }, signal);
    expect([...(request?.headers ?? [])]).toEqual([
      ['x-a', '1, 2'],
      ['x-b', '3'],
    ]);
    expect(request?.method).toBe('HEAD');
  });

  it('is aborted with the signal that it is given', () => {
    const controller = new AbortController();
    const request = requestOf({ headers: {} }, controller.signal);
    controller.abort();
    expect(request?.signal.aborted).toBe(true);
  });

  it.each([
    [{ url: 'http://[', headers: {} }],
    [{ method: 'TRACE', headers: {} }],
    [{ method: 'G T', headers: {} }],
    [{ headers: { 'a b': '1' } }],
    [{ headers: { a: 'line\nfeed' } }],
  ])('is none for %j', (request) => {
    expect(requestOf(request, signal)).toBeUndefined();
  });
});

describe('nodeHeaders', () => {
  it('has each header once, and each cookie by itself', () => {
    const response = new Response(null);
    response.headers.append('x-a', '1');
    response.headers.append('x-a', '2');
    expect(nodeHeaders(response)).toEqual({ 'x-a': '1, 2' });
    response.headers.append('set-cookie', 'a=1; Expires=Mon, 01 Jan 2040 00:00:00 GMT');
    response.headers.append('set-cookie', 'b=2');
    expect(nodeHeaders(response)).toEqual({
      'x-a': '1, 2',
      'set-cookie': ['a=1; Expires=Mon, 01 Jan 2040 00:00:00 GMT', 'b=2'],
    });
  });
});
