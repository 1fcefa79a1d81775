import { ChangeDetectionStrategy, Component, inject } from '@angular/core';
import { FilterComposer } from './filter/FilterComposer.js';
import { Lanes } from './lanes/Lanes.js';
import { Live } from './live/Live.js';
import { StatusLine } from './live/StatusLine.js';
import { ScrollView } from './scroll/ScrollView.js';
import { SessionList } from './sessions/SessionList.js';
import { ThemeToggle } from './theme/ThemeToggle.js';

/** The page. */
@Component({
  selector: 'app-root',
  imports: [FilterComposer, Lanes, ScrollView, SessionList, StatusLine, ThemeToggle],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <a class="skip" href="#scroll" (click)="skip($event, scroll)">Skip to the scroll</a>
    <header class="top">
      <h1>sharing-bus console</h1>
      <app-status-line />
      <div class="controls">
        <button type="button" class="slow" [attr.aria-pressed]="isSlow()" (click)="isSlow.set(!isSlow())">
          Read slowly
        </button>
        <app-theme-toggle />
      </div>
    </header>
    <main>
      <section class="panel side" aria-label="Sessions and filter">
        <h2 id="sessions-heading">Sessions</h2>
        <app-session-list />
        <h2 id="filter-heading">Filter</h2>
        <app-filter-composer />
      </section>
      <div #scroll id="scroll" class="panel scroll" tabindex="-1">
        <app-scroll-view />
      </div>
      <section class="panel side" tabindex="0" aria-labelledby="lanes-heading">
        <h2 id="lanes-heading">Subscribers</h2>
        <p class="quiet">The last 30 seconds of each subscriber and its queue. A red mark shows lost events.</p>
        <app-lanes />
      </section>
    </main>
  `,
})
export class App {
  protected readonly isSlow = inject(Live).isSlow;

  /** Not by the fragment alone: with `<base href="/">` that would load another address. */
  protected skip(click: Event, target: HTMLElement): void {
    click.preventDefault();
    target.focus();
  }
}
