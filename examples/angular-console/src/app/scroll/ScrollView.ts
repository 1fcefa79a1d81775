import {
  afterRenderEffect,
  ChangeDetectionStrategy,
  Component,
  computed,
  type ElementRef,
  inject,
  signal,
  viewChild,
} from '@angular/core';
import { count, counted } from '../count.js';
import { ALL, Live } from '../live/Live.js';
import { EntryView } from './EntryView.js';

/** A view this near to the end, in pixels, follows the end. */
const NEAR = 32;

/** A scroll, live. It follows the end until the user scrolls away from it. */
@Component({
  selector: 'app-scroll-view',
  imports: [EntryView],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <header class="scroll-head">
      <h2 id="scroll-heading">{{ title() }}</h2>
      <p class="quiet">{{ usage() }}</p>
    </header>
    <div
      #viewport
      class="viewport"
      role="region"
      aria-labelledby="scroll-heading"
      tabindex="0"
      (scroll)="onScroll(viewport)"
    >
      @if (trimmed() > 0) {
        <p class="trimmed" role="note">{{ trimmedText() }}</p>
      }
      <ol class="entries">
        @for (entry of entries(); track entry.id) {
          <li class="entry" [attr.data-entry]="entry.type">
            <app-entry [entry]="entry" [hasSource]="isOfAll()" />
          </li>
        } @empty {
          <li class="empty">No events yet.</li>
        }
      </ol>
    </div>
    <button
      type="button"
      class="to-end"
      [class.is-idle]="isFollowing()"
      [disabled]="isFollowing()"
      (click)="toEnd(viewport)"
    >
      Go to the end
    </button>
  `,
})
export class ScrollView {
  readonly #live = inject(Live);
  private readonly viewport = viewChild.required<ElementRef<HTMLElement>>('viewport');

  protected readonly entries = this.#live.entries;
  protected readonly trimmed = this.#live.trimmed;
  protected readonly isFollowing = signal(true);
  protected readonly trimmedText = computed(
    () => `${counted(this.trimmed(), 'earlier entry is', 'earlier entries are')} no longer kept in this page.`,
  );
  protected readonly isOfAll = computed(() => this.#live.selection() === ALL);
  protected readonly title = computed(() => {
    const selection = this.#live.selection();
    if (selection === ALL) {
      return 'All sessions';
    }
    const session = this.#live.sessions().find(({ scrollId }) => scrollId === selection);
    return session === undefined ? 'Scroll' : (session.title ?? session.connectorId);
  });
  protected readonly usage = computed(() => {
    const usage = this.#live.usage();
    if (usage === undefined) {
      return 'no usage reported yet';
    }
    const { cost, inputTokens, outputTokens, size, used } = usage;
    const parts = [
      used === undefined
        ? undefined
        : `${size === undefined ? counted(used, 'token') : `${count(used)} of ${counted(size, 'token')}`} in context`,
      inputTokens === undefined ? undefined : `${count(inputTokens)} in`,
      outputTokens === undefined ? undefined : `${count(outputTokens)} out`,
      cost === undefined ? undefined : `${cost.amount.toFixed(2)} ${cost.currency}`,
    ];
    return parts.filter((part) => part !== undefined).join(', ');
  });

  constructor() {
    afterRenderEffect(() => {
      this.entries();
      if (this.isFollowing()) {
        const { nativeElement } = this.viewport();
        nativeElement.scrollTop = nativeElement.scrollHeight;
      }
    });
  }

  protected onScroll({ clientHeight, scrollHeight, scrollTop }: HTMLElement): void {
    this.isFollowing.set(scrollHeight - scrollTop - clientHeight < NEAR);
  }

  protected toEnd(viewport: HTMLElement): void {
    this.isFollowing.set(true);
    // The button is disabled now. It must not keep the focus.
    viewport.focus({ preventScroll: true });
  }
}
