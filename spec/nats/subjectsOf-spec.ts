import { describe, expect, it } from '@jest/globals';
import { type BusEvent, EventFilter, matches } from '../../lib/index.js';
import { pairToken, subjectOf } from '../../lib/nats/subjects.js';
import { subjectsOf } from '../../lib/nats/subjectsOf.js';

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
