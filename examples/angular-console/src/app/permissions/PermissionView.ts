import { ChangeDetectionStrategy, Component, computed, inject, input } from '@angular/core';
import type { PermissionEntry } from '../scroll/Entry.js';
import { Answers } from './Answers.js';

const STATES: Readonly<Record<PermissionEntry['state'], { readonly status: string; readonly text: string }>> = {
  waiting: { status: 'asking', text: 'waits for an answer' },
  answered: { status: 'answered', text: 'answered' },
  cancelled: { status: 'cancelled', text: 'cancelled' },
};

/** A permission request, with a button for each option while the user can answer. */
@Component({
  selector: 'app-permission',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @let one = entry();
    <div #self class="permission" tabindex="-1">
      <p class="speaker">
        <span class="chip" [attr.data-status]="states[one.state].status">{{ states[one.state].text }}</span>
        Permission <span class="quiet">{{ source() }}</span>
      </p>
      <p class="text">{{ one.title }}</p>
      @if (one.input !== '') {
        <pre tabindex="0">{{ one.input }}</pre>
      }
      @if (one.state === 'answered') {
        <p class="quiet">Answer: {{ one.answer }}</p>
      } @else if (canAnswer()) {
        <p class="buttons">
          @for (option of one.options; track $index) {
            <button type="button" [disabled]="isSending()" (click)="answer(option.optionId, self)">
              {{ option.name || option.optionId }}
            </button>
          }
        </p>
      } @else {
        <p class="quiet">{{ optionNames() }}</p>
      }
      <p class="quiet" role="status">{{ note() }}</p>
    </div>
  `,
})
export class PermissionView {
  readonly #answers = inject(Answers);
  readonly entry = input.required<PermissionEntry>();
  /** The connector and the session, if they are shown. */
  readonly source = input('');

  protected readonly states = STATES;
  protected readonly optionNames = computed(() =>
    this.entry()
      .options.map(({ name }) => name)
      .join(' / '),
  );
  /** The server says which requests wait: a log may have one that nobody waits for any more. */
  readonly #isWaiting = computed(
    () => this.entry().state === 'waiting' && this.#answers.waiting().has(this.entry().key),
  );
  readonly #answered = computed(() => this.#answers.of(this.entry().key));
  protected readonly canAnswer = computed(() => this.#isWaiting() && this.#answers.obstacle() === undefined);
  protected readonly isSending = computed(() => ['sending', 'taken'].includes(this.#answered()?.type ?? ''));
  protected readonly note = computed(() => {
    const answered = this.#answered();
    switch (answered?.type) {
      case 'sending':
        return 'Sending your answer.';
      case 'late':
        return answered.optionId === undefined
          ? 'Your answer came too late: the request was cancelled.'
          : `Another page was first: ${this.#nameOf(answered.optionId)}`;
      case 'failed':
        // The response may be lost, and not the answer.
        return this.entry().state === 'answered' ? '' : `Your answer was not taken: ${answered.why}`;
      default:
        return this.#isWaiting() ? (this.#answers.obstacle() ?? '') : '';
    }
  });

  protected answer(optionId: string, self: HTMLElement): void {
    // The buttons will go. They must not take the focus with them.
    self.focus({ preventScroll: true });
    void this.#answers.give(this.entry().key, optionId);
  }

  #nameOf(optionId: string): string {
    return this.entry().options.find((option) => option.optionId === optionId)?.name ?? optionId;
  }
}
