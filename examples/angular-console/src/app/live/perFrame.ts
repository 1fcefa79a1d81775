import { animationFrames, buffer, connect, exhaustMap, type OperatorFunction, race, take, timer } from 'rxjs';

/** The longest wait, in milliseconds: a hidden page gets no frames, and would buffer all events. */
const MAX_WAIT_MS = 1000;

/** The values since the last frame, as one array: the page is drawn at most once a frame. */
export function perFrame<T>(): OperatorFunction<T, readonly T[]> {
  return connect((value$) =>
    value$.pipe(buffer(value$.pipe(exhaustMap(() => race(animationFrames(), timer(MAX_WAIT_MS)).pipe(take(1)))))),
  );
}
