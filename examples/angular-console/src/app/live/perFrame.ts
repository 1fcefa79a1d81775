import { animationFrames, buffer, connect, exhaustMap, type OperatorFunction, race, take, timer } from 'rxjs';

/** A page that is hidden gets no frames, and would keep all that comes. */
const AT_LEAST_EVERY = 1000;

/** What came since the last frame, all at once: however fast it comes, it is drawn once a frame. */
export function perFrame<T>(): OperatorFunction<T, readonly T[]> {
  return connect((value$) =>
    value$.pipe(buffer(value$.pipe(exhaustMap(() => race(animationFrames(), timer(AT_LEAST_EVERY)).pipe(take(1)))))),
  );
}
