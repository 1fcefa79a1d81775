import { ChangeDetectionStrategy, Component, computed, inject } from '@angular/core';
import { ALL, Live, type Selection } from '../live/Live.js';

/** The list of sessions. The one that the user picks is shown. */
@Component({
  selector: 'app-session-list',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <ul class="sessions">
      <li>
        <button type="button" [attr.aria-pressed]="selection() === all" (click)="pick(all)">
          <span class="session-title">All sessions</span>
          <span class="session-state">{{ sessions().length }}</span>
        </button>
      </li>
      @for (session of sessions(); track session.scrollId) {
        <li>
          <button
            type="button"
            [attr.aria-pressed]="selection() === session.scrollId"
            [attr.data-state]="session.state"
            (click)="pick(session.scrollId)"
          >
            <span class="session-title">{{ session.title }}</span>
            <span class="session-state" [class.is-asking]="session.asking > 0">{{ session.stateText }}</span>
            <span class="session-id">{{ session.nativeSessionId }}</span>
          </button>
        </li>
      }
    </ul>
    @if (sessions().length === 0) {
      <p class="empty">No sessions yet.</p>
    }
  `,
})
export class SessionList {
  readonly #live = inject(Live);

  protected readonly all = ALL;
  protected readonly selection = this.#live.selection;
  protected readonly sessions = computed(() =>
    this.#live.sessions().map(({ asking, connectorId, nativeSessionId, scrollId, state, title }) => ({
      scrollId,
      nativeSessionId,
      state,
      title: title ?? connectorId,
      asking: asking.length,
      stateText: asking.length > 0 ? 'asks' : state === 'gone' ? 'server gone' : state,
    })),
  );

  protected pick(selection: Selection): void {
    this.#live.picked.set(selection);
  }
}
