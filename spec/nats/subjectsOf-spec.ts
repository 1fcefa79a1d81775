import { describe, expect, it } from '@jest/globals';
import { type BusEvent, EventFilter, matches } from '../../lib/index.js';
import { pairToken, subjectOf } from '../../lib/nats/stream/subjects.js';
import { isAmong, readerSubjectsOf, subjectsOf } from '../../lib/nats/stream/subjectsOf.js';

const IDS = [1, 2, 3].map((digit) => `00000000-0000-7000-8000-00000000000${digit}`);
const KINDS = ['plan', 'a.b', '*', '_', '', 'x'.repeat(70)];
const PAIRS = 300_000;
const EVENTS = 300;

/** Whether a subject fits a pattern, by the rules of NATS. */
function fits(pattern: string, subject: string): boolean {
  const [tokens, parts] = [pattern.split('.'), subject.split('.')];
  return tokens.at(-1) === '>'
    ? parts.length >= tokens.length &&
        tokens.slice(0, -1).every((token, index) => token === '*' || token === parts[index])
    : parts.length === tokens.length && tokens.every((token, index) => token === '*' || token === parts[index]);
}

class Draw {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state = (this.state * 48_271) % 2_147_483_647;
    return this.state % limit;
  }

  of<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  some<T>(make: () => T): T[] {
    return Array.from({ length: this.below(4) }, make);
  }

  filter(depth: number): EventFilter {
    const nested = (): EventFilter => this.filter(depth - 1);
    switch (this.below(depth === 0 ? 8 : 12)) {
      case 0:
      case 1:
        return EventFilter.scrollId(this.of(IDS));
      case 2:
      case 3:
        return EventFilter.connectorUid(this.of(IDS));
      case 4:
      case 5:
        return EventFilter.kind(...this.some(() => this.of(KINDS)));
      case 6:
        return this.of([EventFilter.all, EventFilter.connectorId('c'), EventFilter.session('c', 's')]);
      case 7:
        return this.of([EventFilter.origin('agent'), EventFilter.where(() => true)]);
      case 8:
        return EventFilter.not(nested());
      case 9:
        return EventFilter.or(...this.some(nested));
      default:
        return EventFilter.and(...this.some(nested));
    }
  }

  event(): BusEvent {
    const maybe = <T extends object>(field: T): Partial<T> => (this.below(3) === 0 ? {} : field);
    return {
      routing: {
        kind: this.of(KINDS),
        ...maybe({ scrollId: this.of(IDS) }),
        ...maybe({ connectorUid: this.of(IDS) }),
        ...maybe({ connectorId: this.of(['c', 'd']), nativeSessionId: this.of(['s', 't']) }),
      },
      origin: this.of(['agent', 'user']),
      event: { type: 'Connected' },
    };
  }
}

describe('subjectsOf', () => {
  it('leaves out no event that matches: 300,000 random pairs', () => {
    const draw = new Draw(20_261_129);
    const events = Array.from({ length: EVENTS }, () => {
      const event = draw.event();
      return { event, subject: subjectOf('bus', event.routing, draw.below(4) === 0 ? pairToken('c', 's') : undefined) };
    });
    let narrowed = 0;
    for (let round = 0; round < PAIRS / EVENTS; round += 1) {
      const filter = draw.filter(3);
      const subjects = subjectsOf('bus', filter);
      narrowed += subjects === undefined ? 0 : 1;
      for (const { event, subject } of events) {
        if (subjects !== undefined && matches(filter, event) && !subjects.some((one) => fits(one, subject))) {
          throw new Error(`${JSON.stringify(filter)} matches ${subject}, and is read as ${subjects.join(' ')}`);
        }
      }
    }
    // It is no test if nearly all filters read everything.
    expect(narrowed).toBeGreaterThan(PAIRS / EVENTS / 3);
  });

  it('also reads events that get their scroll id on their way', () => {
    const [id = ''] = IDS;
    expect(subjectsOf('bus', EventFilter.scrollId(id))).toEqual([`bus.*.${id}.>`, 'bus.*._.>']);
  });

  it('is narrow where that is easy, and everything where it is not', () => {
    const [id = '', other = ''] = IDS;
    const by = EventFilter;
    expect(subjectsOf('bus', by.connectorUid(id))).toEqual([`bus.${id}.*.>`]);
    expect(subjectsOf('bus', by.kind('plan'))).toEqual(['bus.*.*.plan', 'bus.*.*.plan.*']);
    expect(subjectsOf('bus', by.and(by.connectorUid(id), by.kind('a b')))).toEqual([
      `bus.${id}.*.a=20b`,
      `bus.${id}.*.a=20b.*`,
    ]);
    expect(subjectsOf('bus', by.and(by.connectorUid(id), by.connectorUid(other)))).toEqual([]);
    expect(subjectsOf('bus', by.or(by.connectorUid(id), by.and(by.connectorUid(id), by.scrollId(other))))).toEqual([
      `bus.${id}.*.>`,
    ]);
    expect(subjectsOf('bus', by.or())).toEqual([]);
    for (const filter of [by.all, by.and(), by.not(by.kind('plan')), by.or(by.kind('plan'), by.origin('agent'))]) {
      expect(subjectsOf('bus', filter)).toBeUndefined();
    }
    const many = by.or(...Array.from({ length: 40 }, (_, index) => by.kind(`k${index}`)));
    expect(subjectsOf('bus', many)).toBeUndefined();
  });
});

describe('readerSubjectsOf', () => {
  /** Whether a subject can fit both. None has a `>`. */
  function overlap(one: string, other: string): boolean {
    const [tokens, others] = [one.split('.'), other.split('.')];
    return (
      tokens.length === others.length &&
      tokens.every((token, index) => token === '*' || others[index] === '*' || token === others[index])
    );
  }

  it('leaves out no event that matches and no registration, and no two overlap: 300,000 random pairs', () => {
    const draw = new Draw(20_261_130);
    const events = Array.from({ length: EVENTS }, () => {
      const event = draw.event();
      const isRegistration = draw.below(4) === 0;
      const subject = subjectOf('my.bus', event.routing, isRegistration ? pairToken('c', 's') : undefined);
      return { event, subject, isRegistration };
    });
    let narrowed = 0;
    for (let round = 0; round < PAIRS / EVENTS; round += 1) {
      const filter = draw.filter(3);
      const subjects = readerSubjectsOf('my.bus', filter);
      if (subjects === undefined) {
        continue;
      }
      narrowed += 1;
      expect(subjects.filter((one, index) => subjects.slice(index + 1).some((other) => overlap(one, other)))).toEqual(
        [],
      );
      expect(isAmong(subjects, 'my.bus.=epoch')).toBe(true);
      expect(isAmong(subjects, 'my.bus.=gap')).toBe(true);
      for (const { event, subject, isRegistration } of events) {
        const isWanted = isRegistration || matches(filter, event);
        if (isWanted && !subjects.some((one) => fits(one, subject))) {
          throw new Error(`${JSON.stringify(filter)} wants ${subject}, and is read as ${subjects.join(' ')}`);
        }
        if (isAmong(subjects, subject) !== subjects.some((one) => fits(one, subject))) {
          throw new Error(`isAmong is wrong for ${subject} and ${subjects.join(' ')}`);
        }
      }
    }
    expect(narrowed).toBeGreaterThan(PAIRS / EVENTS / 5);
  });

  it('is narrow for ids and kinds, alone and joined by and; and what overlaps is widened', () => {
    const [id = '', other = ''] = IDS;
    const by = EventFilter;
    const always = ['bus.*.*.*.*', 'bus.=gap', 'bus.=epoch'];
    expect(readerSubjectsOf('bus', by.connectorUid(id))).toEqual([`bus.${id}.*.*`, ...always]);
    expect(readerSubjectsOf('bus', by.scrollId(id))).toEqual([`bus.*.${id}.*`, 'bus.*._.*', ...always]);
    expect(readerSubjectsOf('bus', by.or(by.scrollId(id), by.scrollId(other)))).toEqual([
      ...[`bus.*.${id}.*`, 'bus.*._.*', `bus.*.${other}.*`],
      ...always,
    ]);
    expect(readerSubjectsOf('bus', by.and(by.connectorUid(id), by.kind('a', 'b')))).toEqual([
      ...[`bus.${id}.*.a`, `bus.${id}.*.b`],
      ...always,
    ]);
    expect(readerSubjectsOf('bus', by.or())).toEqual(always);
    const crossed = by.or(
      by.and(by.connectorUid(id), by.scrollId(other), by.kind('a')),
      by.and(by.connectorUid(id), by.kind('a', 'b')),
    );
    expect(readerSubjectsOf('bus', crossed)).toEqual([`bus.${id}.*.a`, `bus.${id}.*.b`, ...always]);
    const wide = by.or(by.and(by.connectorUid(id), by.kind('a')), by.and(by.connectorUid(id), by.scrollId(other)));
    expect(readerSubjectsOf('bus', wide)).toEqual([`bus.${id}.*.*`, ...always]);
    for (const filter of [by.all, by.or(by.scrollId(id), by.kind('a')), by.connectorId('c'), by.not(by.kind('a'))]) {
      expect(readerSubjectsOf('bus', filter)).toBeUndefined();
    }
  });
});
