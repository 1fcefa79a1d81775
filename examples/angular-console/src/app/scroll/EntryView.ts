import { ChangeDetectionStrategy, Component, computed, input } from '@angular/core';
import { counted } from '../count.js';
import { PermissionView } from '../permissions/PermissionView.js';
import type { Entry, MessageEntry } from './Entry.js';

const SPEAKERS: Readonly<Record<MessageEntry['role'], string>> = { user: 'User', agent: 'Agent', thought: 'Thought' };

/** One entry of a scroll. */
@Component({
  selector: 'app-entry',
  imports: [PermissionView],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    @let one = entry();
    @switch (one.type) {
      @case ('message') {
        @if (one.isCut) {
          <p class="quiet">The start of this message is no longer kept in this page.</p>
        }
        @if (one.role === 'thought') {
          <details class="thought">
            <summary>
              Thought <span class="quiet">{{ firstWords() }}</span>
            </summary>
            <p class="text">{{ one.text }}</p>
          </details>
        } @else {
          <p class="speaker">
            {{ speakers[one.role] }} <span class="quiet">{{ source() }}</span>
          </p>
          <p class="text">{{ one.text }}</p>
        }
      }
      @case ('tool') {
        <details class="tool">
          <summary>
            <span class="chip" [attr.data-status]="one.status">{{ one.status.replace('_', ' ') }}</span>
            <span class="tool-title">{{ one.title }}</span>
            <span class="quiet">{{ one.toolKind }}</span>
          </summary>
          @if (one.paths.length > 0) {
            <p class="quiet paths">{{ one.paths.join(', ') }}</p>
          }
          @if (one.input !== '') {
            <p class="quiet">Input</p>
            <pre tabindex="0">{{ one.input }}</pre>
          }
          @if (one.output !== '') {
            <p class="quiet">Output</p>
            <pre tabindex="0">{{ one.output }}</pre>
          }
          @if (one.input === '' && one.output === '') {
            <p class="quiet">No input or output was reported.</p>
          }
        </details>
      }
      @case ('plan') {
        <p class="speaker">
          Plan <span class="quiet">{{ source() }}</span>
        </p>
        <ol class="plan">
          @for (step of one.steps; track $index) {
            <li [attr.data-status]="step.status">
              {{ step.content }} <span class="quiet">{{ step.status.replace('_', ' ') }}</span>
            </li>
          }
        </ol>
      }
      @case ('permission') {
        <app-permission [entry]="one" [source]="source()" />
      }
      @case ('line') {
        <p class="line" [attr.data-tone]="one.tone">
          <span class="line-kind">{{ one.kind }}</span> {{ one.text }}
          <span class="quiet">{{ source() }}</span>
        </p>
      }
      @case ('gap') {
        <p class="gap">
          <strong>{{ gapText() }}</strong> <span class="gap-kinds">{{ gapKinds() }}</span>
        </p>
      }
    }
  `,
})
export class EntryView {
  readonly entry = input.required<Entry>();
  /** Whether to show its connector and session. */
  readonly hasSource = input(false);

  protected readonly source = computed(() => (this.hasSource() ? this.entry().from : ''));

  protected readonly speakers = SPEAKERS;
  protected readonly firstWords = computed(() => {
    const entry = this.entry();
    return entry.type === 'message' ? entry.text.slice(0, 80).replaceAll('\n', ' ') : '';
  });
  protected readonly gapText = computed(() => {
    const entry = this.entry();
    if (entry.type !== 'gap') {
      return '';
    }
    const { atMost, missed } = entry.gap;
    if (missed === Infinity) {
      return 'Events may be missing here: the server has restarted.';
    }
    return `${atMost === true ? 'At most ' : ''}${counted(missed, 'event')} missing here.`;
  });
  protected readonly gapKinds = computed(() => {
    const entry = this.entry();
    const kinds = entry.type === 'gap' && entry.gap.missed !== Infinity ? Object.entries(entry.gap.byKind) : [];
    return kinds.map(([kind, missed]) => `${missed} ${kind === '*' ? 'of other kinds' : kind}`).join(', ');
  });
}
