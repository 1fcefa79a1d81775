import { ChangeDetectionStrategy, Component, computed, inject, linkedSignal, signal } from '@angular/core';
import { EventFilter } from 'sharing-bus';
import { Live } from '../live/Live.js';
import { type Choices, compose, KINDS, MATCHES, ORIGINS, readFilter } from './compose.js';
import { describeFilter } from './describeFilter.js';

const NOTHING: Choices = {
  kinds: [],
  origins: [],
  connectorId: '',
  nativeSessionId: '',
  match: 'all',
};

/** Composes the filter that the server applies, with a form or as JSON. */
@Component({
  selector: 'app-filter-composer',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <form (submit)="apply($event)">
      <fieldset>
        <legend>Kinds</legend>
        <div class="checks">
          @for (kind of kinds; track kind) {
            <label>
              <input type="checkbox" [checked]="choices().kinds.includes(kind)" (change)="toggle('kinds', kind)" />
              {{ kind }}
            </label>
          }
        </div>
      </fieldset>
      <fieldset>
        <legend>Origins</legend>
        <div class="checks">
          @for (origin of origins; track origin) {
            <label>
              <input
                type="checkbox"
                [checked]="choices().origins.includes(origin)"
                (change)="toggle('origins', origin)"
              />
              {{ origin }}
            </label>
          }
        </div>
      </fieldset>
      <div class="fields">
        <label>
          Connector
          <input
            type="text"
            list="connectors"
            autocomplete="off"
            spellcheck="false"
            [value]="choices().connectorId"
            (input)="change({ connectorId: textIn($event) })"
          />
        </label>
        <datalist id="connectors">
          @for (connectorId of connectorIds(); track connectorId) {
            <option [value]="connectorId"></option>
          }
        </datalist>
        <label>
          Its session
          <input
            type="text"
            autocomplete="off"
            spellcheck="false"
            [value]="choices().nativeSessionId"
            (input)="change({ nativeSessionId: textIn($event) })"
          />
        </label>
      </div>
      <fieldset class="inline">
        <legend>Show events that match</legend>
        @for (match of matches; track match) {
          <label>
            <input type="radio" name="match" [checked]="choices().match === match" (change)="change({ match })" />
            {{ match }} of these conditions
          </label>
        }
      </fieldset>
      <label class="json">
        The filter as JSON
        <textarea
          rows="4"
          spellcheck="false"
          autocomplete="off"
          [value]="text()"
          (input)="text.set(textIn($event))"
          [attr.aria-invalid]="problems().length > 0"
          aria-describedby="filter-problems"
        ></textarea>
      </label>
      <div id="filter-problems" role="alert">
        @if (problems().length > 0) {
          <ul class="problems">
            @for (problem of problems(); track $index) {
              <li>{{ problem }}</li>
            }
          </ul>
        }
      </div>
      <div class="buttons">
        <button type="submit" class="primary" [disabled]="problems().length > 0">Apply</button>
        <button type="button" (click)="reset()">Show everything</button>
      </div>
      <p class="applied">
        The server applies <strong>{{ applied() }}</strong>
      </p>
    </form>
  `,
})
export class FilterComposer {
  readonly #live = inject(Live);

  protected readonly kinds = KINDS;
  protected readonly origins = ORIGINS;
  protected readonly matches = MATCHES;
  protected readonly choices = signal(NOTHING);
  /** The JSON of the form, until the user edits it. */
  protected readonly text = linkedSignal(() => JSON.stringify(compose(this.choices()), null, 1));
  readonly #reading = computed(() => readFilter(this.text()));
  protected readonly problems = computed(() => {
    const reading = this.#reading();
    return 'problems' in reading ? reading.problems : [];
  });
  protected readonly applied = computed(() => describeFilter(this.#live.filter()));
  protected readonly connectorIds = computed(() => [
    ...new Set(this.#live.sessions().map(({ connectorId }) => connectorId)),
  ]);

  protected toggle(group: 'kinds' | 'origins', word: string): void {
    const chosen = this.choices()[group];
    this.change({ [group]: chosen.includes(word) ? chosen.filter((one) => one !== word) : [...chosen, word] });
  }

  protected change(some: Partial<Choices>): void {
    this.choices.update((choices) => ({ ...choices, ...some }));
  }

  protected apply(submit: Event): void {
    submit.preventDefault();
    const reading = this.#reading();
    if ('filter' in reading) {
      this.#live.filter.set(reading.filter);
    }
  }

  protected reset(): void {
    this.choices.set({ ...NOTHING });
    this.#live.filter.set(EventFilter.all);
  }

  protected textIn({ target }: Event): string {
    return (target as HTMLInputElement | HTMLTextAreaElement).value;
  }
}
