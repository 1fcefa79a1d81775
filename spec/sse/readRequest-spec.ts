import { describe, expect, it } from '@jest/globals';
import { EventFilter } from '../../lib/index.js';
import { acceptsEventStream, readRequest, requireEventStreamRequest } from '../../lib/sse/readRequest.js';
import { RequestError } from '../../lib/sse/RequestError.js';

function request(query: readonly (readonly [string, string])[], headers: Record<string, string> = {}): Request {
  const asked = new URLSearchParams();
  query.forEach(([name, value]) => {
    asked.append(name, value);
  });
  return new Request(`http://localhost/?${asked.toString()}`, { headers });
}

/** The status and the message of what `act` throws. */
function refusal(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    expect(error).toBeInstanceOf(RequestError);
    const { status, message } = error as RequestError;
    return [status, message];
  }
}

describe('readRequest', () => {
  it('asks for everything from now on where nothing is said, whatever else is in the query', () => {
    expect(readRequest(request([['other', '1']]), 9)).toEqual({ filter: EventFilter.all, from: 'now' });
  });

  it.each([
    ['the header', [['lastEventId', 'q:2'], ['from', 'start']], { 'Last-Event-ID': 'h:1' }, { epoch: 'h', seq: 1 }],
    ['lastEventId', [['lastEventId', 'q:2'], ['from', 'start']], { 'Last-Event-ID': '' }, { epoch: 'q', seq: 2 }],
    ['from', [['lastEventId', ''], ['from', 'f:3']], {}, { epoch: 'f', seq: 3 }],
    ['from', [['from', 'start']], {}, 'start'],
    ['from', [['from', 'now']], {}, 'now'],
  ] as const)('starts where %s says, which comes before the others', (_what, query, headers, from) => {
    expect(readRequest(request(query, { ...headers }), 9).from).toEqual(from);
  }); // prettier-ignore

  it.each([
    ['encodeURIComponent', encodeURIComponent('{"type":"kind","kinds":["ü ö"]}'), 73],
    ['a form', new URLSearchParams({ filter: '{"type":"kind","kinds":["ü ö"]}' }).toString().slice(7), 71],
    ['a URL that encodes what it must', '{"type":"kind","kinds":["ü ö"]}', 59],
  ])('measures a filter as it travels, encoded by %s, and takes one that is just as long', (_how, text, length) => {
    const asked = new Request(`http://localhost/?a=1&filter=${text}&b=2`);
    expect(readRequest(asked, length).filter).toEqual(EventFilter.kind('ü ö'));
    expect(refusal(() => readRequest(asked, length - 1))).toEqual([
      414,
      `filter: expected at most ${length - 1} bytes in the URL, got ${length}`,
    ]);
  });

  it('measures a filter whose name is encoded, too', () => {
    const asked = new Request('http://localhost/?%66ilter={%22type%22:%22all%22}');
    expect(refusal(() => readRequest(asked, 5))).toEqual([414, 'filter: expected at most 5 bytes in the URL, got 22']);
  });

  it.each([
    [[['filter', '{}'], ['filter', '{}']], [400, 'filter: expected one value, got 2']],
    [[['from', 'now'], ['from', 'now']], [400, 'from: expected one value, got 2']],
    [[['filter', 'x']], [400, 'filter: expected JSON, got "x"']],
    [[['filter', '']], [400, 'filter: expected JSON, got ""']],
    [[['from', '']], [400, 'from: expected now, start or <epoch>:<number>, got ""']],
    [[['lastEventId', 'e:1'], ['lastEventId', 'e:1']], [400, 'lastEventId: expected one value, got 2']],
  ] as const)('refuses %j', (query, refused) => {
    expect(refusal(() => readRequest(request(query), 99))).toEqual(refused);
  }); // prettier-ignore
});

describe('requireEventStreamRequest', () => {
  it('takes a GET that accepts an event stream, and says what is served otherwise', () => {
    const ask = (method: string, accept: string): unknown =>
      refusal(() => {
        requireEventStreamRequest(new Request('http://localhost/', { method, headers: { accept } }));
      });
    expect([ask('GET', '*/*'), ask('GET', 'text/html'), ask('HEAD', 'text/html')]).toEqual([
      undefined,
      [406, 'only text/event-stream is served here'],
      [405, 'method: expected GET'],
    ]);
  });
});

describe('acceptsEventStream', () => {
  it.each([
    [null, true],
    ['', true],
    ['  ', true],
    ['*/*', true],
    ['text/*', true],
    ['text/event-stream', true],
    ['Text/Event-Stream;charset=utf-8', true],
    ['text/html, text/event-stream;q=0.1', true],
    ['text/html,*/*;q=0.1', true],
    ['text/event-stream; q=1, */*;q=0', true],
    ['text/html', false],
    ['application/*', false],
    ['text/event-streams', false],
    ['text/event-stream;q=0, */*', false],
    ['*/*, text/event-stream ; q=0.000', false],
    ['text/*;q=0, */*', false],
    ['text/event-stream;q=', false],
    ['text/event-stream;q=much', false],
    [',', false],
  ])('%j: %j', (accept, accepts) => {
    expect(acceptsEventStream(accept)).toBe(accepts);
  });
});
