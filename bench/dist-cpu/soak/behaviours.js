import { byDeliveries, byHandler, byLoop, byLoopOverDeliveries, byThrowingHandler, byWebStream } from './consumers.js';
import { abandoned, aborting, breaking, consuming, evicted, predicateThrows, receiving, stalled, stalledForTooLong, withGaps, } from './joins.js';
/** Every behaviour of the soak, by its name in the report. */
export const BEHAVIOURS = {
    'fast: a handler': (surroundings) => receiving(surroundings, byHandler),
    'fast, with gaps': withGaps({}, byDeliveries),
    'fast, evicted when full': evicted,
    'slow: for await': (surroundings) => receiving(surroundings, byLoop),
    'slow, with gaps': withGaps({}, byLoopOverDeliveries),
    'slow: a web stream': (surroundings) => receiving(surroundings, byWebStream),
    'slow: a stream that consumes': consuming,
    'slow, drop-oldest, with gaps': withGaps({ overflow: 'drop-oldest' }, byLoopOverDeliveries),
    'slow, latest, with gaps': withGaps({
        overflow: 'latest',
        key: ({ event }) => event.session,
        barrier: ({ event }) => event.isRegistration,
    }, byLoopOverDeliveries),
    'slow, with a reserve and gaps': withGaps({ capacity: 32, reserve: { capacity: 8, kinds: ['session-lifecycle'] } }, byLoopOverDeliveries),
    'fast, drop-oldest, with gaps': withGaps({ overflow: 'drop-oldest' }, byDeliveries),
    stalled: stalled,
    'stalled for too long': stalledForTooLong,
    'a handler that throws': (surroundings) => receiving(surroundings, byThrowingHandler),
    'a predicate that throws': predicateThrows,
    'aborted by a signal': aborting,
    'a loop that breaks off': breaking,
    abandoned: abandoned,
};
