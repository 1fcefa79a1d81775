import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { toObservable, toSignal } from '@angular/core/rxjs-interop';
import { map, of, switchMap, takeWhile, timer } from 'rxjs';
import { count } from '../count.js';
import { describeConnection } from './Connection.js';
import { Live } from './Live.js';

/** Whether the stream is live, and whether events are missing after a reconnection. */
@Component({
  selector: 'app-status-line',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <p class="status" [attr.data-state]="state()">
      <span class="dot" aria-hidden="true"></span>
      <span role="status">{{ text() }}</span>
      <span class="status-figures">
        @if (seconds() > 0) {
          <span aria-hidden="true">next try in {{ seconds() }} s</span>
        }
        @if (position(); as position) {
          <span
            >event <span class="number" data-figure="position">{{ position }}</span></span
          >
        }
      </span>
    </p>
  `,
})
export class StatusLine {
  readonly #live = inject(Live);

  protected readonly state = computed(() => this.#live.connection().status.state);
  protected readonly text = computed(() => describeConnection(this.#live.connection()));
  protected readonly position = computed(() => {
    const position = this.#live.position();
    return position && count(position.seq);
  });
  readonly #retryInMs = computed(() => this.#live.connection().status.retryInMs);
  protected readonly seconds = toSignal(
    toObservable(this.#retryInMs).pipe(
      switchMap((retryInMs) =>
        retryInMs === undefined
          ? of(0)
          : timer(0, 1000).pipe(
              map((passed) => Math.ceil(retryInMs / 1000) - passed),
              takeWhile((seconds) => seconds >= 0),
            ),
      ),
    ),
    { initialValue: 0 },
  );
}
