import fc from 'fast-check';
import type { BusEvent, EventFilter, EventRouting } from '../../lib/index.js';
import type { Policy } from './ListReceiver.js';

type Filters = typeof EventFilter;

const SCROLL = '00000000-0000-4000-8000-000000000001';
const OTHER_SCROLL = '00000000-0000-4000-8000-000000000002';
const UID = '00000000-0000-4000-8000-000000000003';

/** What an event of a program can be about. Programs name one by its place in this list, and most filters want the first one. */
const TOPICS: readonly [EventRouting, ...EventRouting[]] = [
  { kind: 'a', scrollId: SCROLL, connectorId: 'x', nativeSessionId: 's', connectorUid: UID },
  { kind: 'a' },
  { kind: 'b', scrollId: SCROLL },
  { kind: 'b', connectorId: 'x', nativeSessionId: 's' },
  { kind: 'c', scrollId: OTHER_SCROLL, connectorId: 'x', nativeSessionId: 't' },
];

/** The topic of events of more kinds than are told apart in one gap, or of all that were refused while some were full. */
export const MANY_KINDS = TOPICS.length;
const KINDS = 150;

/** The event of this number about this topic. */
export function eventAbout(topic: number, number: number): BusEvent<number> {
  const routing = TOPICS[topic % (MANY_KINDS + 1)] ?? { kind: `kind ${number % KINDS}` };
  return { routing, origin: 'runtime', event: number };
}

interface FilterOfPrograms {
  readonly make: (filters: Filters) => EventFilter<number>;
  /** The same filter, as plain code. */
  readonly wants: (event: BusEvent<number>) => boolean;
}

/** Filters by names that say what they are. */
export const FILTERS = {
  all: { make: (filter) => filter.all, wants: () => true },
  kind: { make: (filter) => filter.kind('a'), wants: ({ routing }) => routing.kind === 'a' },
  kinds: {
    make: (filter) => filter.kind('a', 'b'),
    wants: ({ routing }) => routing.kind === 'a' || routing.kind === 'b',
  },
  scrollId: { make: (filter) => filter.scrollId(SCROLL), wants: ({ routing }) => routing.scrollId === SCROLL },
  session: {
    make: (filter) => filter.session('x', 's'),
    wants: ({ routing }) => routing.connectorId === 'x' && routing.nativeSessionId === 's',
  },
  connectorId: { make: (filter) => filter.connectorId('x'), wants: ({ routing }) => routing.connectorId === 'x' },
  connectorUid: { make: (filter) => filter.connectorUid(UID), wants: ({ routing }) => routing.connectorUid === UID },
  origin: { make: (filter) => filter.origin('runtime'), wants: () => true },
  or: {
    make: (filter) => filter.or(filter.kind('a'), filter.scrollId(SCROLL)),
    wants: ({ routing }) => routing.kind === 'a' || routing.scrollId === SCROLL,
  },
  'or of all': { make: (filter) => filter.or(filter.all, filter.kind('a')), wants: () => true },
  and: {
    make: (filter) => filter.and(filter.kind('a'), filter.scrollId(SCROLL)),
    wants: ({ routing }) => routing.kind === 'a' && routing.scrollId === SCROLL,
  },
  'and of nothing': { make: (filter) => filter.and(), wants: () => true },
  'and of one': { make: (filter) => filter.and(filter.kind('a')), wants: ({ routing }) => routing.kind === 'a' },
  not: { make: (filter) => filter.not(filter.kind('c')), wants: ({ routing }) => routing.kind !== 'c' },
  where: { make: (filter) => filter.where<number>(({ event }) => event % 4 > 0), wants: ({ event }) => event % 4 > 0 },
  'where of all': { make: (filter) => filter.where<number>(() => true), wants: () => true },
} satisfies Record<string, FilterOfPrograms>;

export type FilterName = keyof typeof FILTERS;

/**
 * How a receiver is consumed:
 *
 * - `function`, `observer`: `events$`; `stream`: the bus's own `stream`; `deliveries$`.
 * - `consume`, `slow consume`: `stream` with a `consume` that is through at once, or when a step says so.
 * - `recv`, `iterator`, `deliveries`: pulled when a step or a deed says so, where something is there.
 * - `loop`: by one call of `recv` after the other, each waiting for its event; `loops`: by two such loops side by side.
 */
export const FORMS = [
  'function',
  'observer',
  'stream',
  'deliveries$',
  'consume',
  'slow consume',
  'recv',
  'iterator',
  'deliveries',
  'loop',
  'loops',
] as const;

export type Form = (typeof FORMS)[number];

/** One receiver of a program. */
export interface Plan {
  readonly filter: FilterName;
  readonly capacity: number;
  readonly policy: Policy;
  readonly form: Form;
  /** With how many events it answers one that it is given, in turns. */
  readonly answers: readonly number[];
  /** Whether its filter is a function that lets everything through, and answers as well. */
  readonly asks: boolean;
  /** Whether it joins before the first step; else when a step or a deed says so. */
  readonly isThere: boolean;
  /** Whether it starts with all that was published before, on a bus that has a history. */
  readonly isLate: boolean;
  /** Whether its consumer comes with it; else when a step or a deed says so, or at the end. */
  readonly isConsumed: boolean;
  /** Whether its `lagged$` and `closed$` are observed. The observer of `lagged$` answers as well. */
  readonly isWatched: boolean;
}

/**
 * What is done between turns, or by a consumer that was given something. `at` is the place of a receiver among those that have joined.
 *
 * - `abort` aborts the signal of the receiver's options. `watch` observes `lagged$` and `closed$`; `finish` lets a slow consumer be through with its event.
 * - `pull` takes as many as are there, and no more than `count`: also of a receiver whose subscriber is still to come. `try` does so by `tryRecv`.
 * - `give up` aborts the signal of the first call of `recv` that waits.
 * - `throw` is for filters, and for consumers of `events$` and `deliveries$`.
 */
export type Deed =
  | { readonly do: 'join' | 'check' | 'flush' | 'throw' | 'close bus' }
  | {
      readonly do: 'attach' | 'watch' | 'close' | 'unsubscribe' | 'dispose' | 'abort' | 'finish' | 'give up';
      readonly at: number;
    }
  | { readonly do: 'pull' | 'try'; readonly at: number; readonly count: number };

export type Step =
  Deed | { readonly do: 'turn' } | { readonly do: 'burst'; readonly count: number; readonly topics: readonly number[] };

export interface Program {
  /** Whether the bus retains what is published. */
  readonly hasHistory: boolean;
  /** Whether an upstream keeps it, and not the bus. */
  readonly isOutside: boolean;
  readonly plans: readonly Plan[];
  readonly steps: readonly Step[];
  /** What consumers do beside answering: `deed`, when they have been given `after` events and gaps in all. */
  readonly deeds: readonly { readonly after: number; readonly deed: Deed }[];
  /** What filters do beside answering, when they have been asked `after` times in all. */
  readonly asides: readonly { readonly after: number; readonly deed: Deed }[];
  /** How many events they answer with in all: then they are silent, and the program ends. */
  readonly budget: number;
}

/** Sizes that go together: programs with large queues need large bursts, and take longer. */
interface Scale {
  readonly capacities: readonly number[];
  readonly bursts: readonly number[];
  readonly budget: number;
}

const SMALL: Scale = { capacities: [1, 2, 3], bursts: [1, 2, 3, 4, 7], budget: 24 };
const MEDIUM: Scale = { capacities: [1, 3, 64, 100, 100], bursts: [1, 3, 63, 64, 65, 99, 100, 101, 150], budget: 250 };
const LARGE: Scale = { capacities: [1, 3, 100, 256, 256, 256], bursts: [1, 100, 255, 256, 257, 300], budget: 600 };

const at = fc.nat(4);

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Deed>({ do: 'join' }) },
  { weight: 4, arbitrary: fc.constantFrom<Deed>({ do: 'check' }, { do: 'flush' }, { do: 'throw' }, { do: 'throw' }) },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('pull' as const, 'try' as const),
      at,
      count: fc.constantFrom(1, 1, 2, 100),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'attach' as const,
        'attach' as const,
        'watch' as const,
        'finish' as const,
        'give up' as const,
      ),
      at,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom('close' as const, 'unsubscribe' as const, 'dispose' as const, 'abort' as const),
      at,
    }),
  },
);

const aside: fc.Arbitrary<Deed> = fc.oneof(
  fc.constant<Deed>({ do: 'join' }),
  fc.record({ do: fc.constant('close' as const), at }),
  fc.constant<Deed>({ do: 'throw' }),
);

function planOf(scale: Scale, filter: fc.Arbitrary<FilterName>): fc.Arbitrary<Plan> {
  return fc.record({
    filter,
    capacity: fc.constantFrom(...scale.capacities),
    policy: fc.constantFrom<Policy>(
      ...(['drop-newest', 'drop-newest', 'drop-newest', 'drop-newest'] as const),
      'reserve',
      'drop-oldest',
      'latest',
      'barrier',
      'evict',
    ),
    form: fc.constantFrom<Form>('function', 'function', 'observer', 'deliveries$', 'deliveries$', ...FORMS),
    answers: fc.array(fc.constantFrom(0, 1, 2, 3), { maxLength: 4 }),
    asks: fc.constantFrom(...Array<boolean>(15).fill(false), true),
    isThere: fc.constantFrom(true, true, true, false),
    isLate: fc.boolean(),
    isConsumed: fc.constantFrom(true, true, true, false),
    isWatched: fc.constantFrom(false, false, false, true),
  });
}

function stepOf(scale: Scale): fc.Arbitrary<Step> {
  return fc.oneof(
    {
      weight: 12,
      arbitrary: fc.record({
        do: fc.constant('burst' as const),
        count: fc.constantFrom(...scale.bursts),
        topics: fc.array(fc.nat(MANY_KINDS), { minLength: 1, maxLength: 3 }),
      }),
    },
    { weight: 8, arbitrary: fc.constant<Step>({ do: 'turn' }) },
    { weight: 5, arbitrary: deed },
    { weight: 1, arbitrary: fc.constant<Step>({ do: 'close bus' }) },
  );
}

function programsOf(scale: Scale): fc.Arbitrary<Program> {
  // Some filters come often, so that receivers share their keys.
  const names = Object.keys(FILTERS) as FilterName[];
  const filter = fc.oneof(
    { weight: 2, arbitrary: fc.constantFrom<FilterName>('all', 'kind', 'scrollId', 'session') },
    { weight: 2, arbitrary: fc.constantFrom(...names) },
  );
  return fc.record({
    hasHistory: fc.constantFrom(false, false, false, true),
    isOutside: fc.boolean(),
    plans: fc.array(planOf(scale, filter), { minLength: 1, maxLength: 5 }),
    steps: fc.array(stepOf(scale), { minLength: 1, maxLength: 12 }),
    deeds: fc.array(fc.record({ after: fc.nat(scale.budget), deed }), { maxLength: 4 }),
    asides: fc.array(fc.record({ after: fc.nat(scale.budget), deed: aside }), { maxLength: 2 }),
    budget: fc.nat(scale.budget),
  });
}

/** Programs whose consumers publish, often more than they take. */
export const anyProgram: fc.Arbitrary<Program> = fc.oneof(
  { weight: 12, arbitrary: programsOf(SMALL) },
  { weight: 2, arbitrary: programsOf(MEDIUM) },
  { weight: 1, arbitrary: programsOf(LARGE) },
);
