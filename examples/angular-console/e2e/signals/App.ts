import {
  afterEveryRender,
  ApplicationRef,
  ChangeDetectionStrategy,
  Component,
  inject,
  Injector,
  input,
  NgZone,
  signal,
  ɵɵreplaceMetadata as replaceMetadata,
} from '@angular/core';
import { type Delivery, EventFilter, SharingBus } from 'sharing-bus';
import { fromEventStream } from 'sharing-bus/sse';
import { Subscription } from 'rxjs';
import { injectEventStream, injectLagged, injectLatest, injectReceiver, injectRecent } from 'sharing-bus/angular';

/** What the tests reach: on the server by `/stats`, in the page by `globalThis.testPage`. */
export class TestPage {
  readonly bus = new SharingBus<string>();
  readonly rows = signal(1);
  readonly kind = signal('test');
  renderings = 0;
  appRef: ApplicationRef | undefined;
  zone: NgZone | undefined;
  /** Of the row that was made last. */
  ofRow: Injector | undefined;
  /** Whether a handler of a stream was called in Angular's zone. */
  wasInZone = false;

  publish(count: number): void {
    for (let number = 1; number <= count; number += 1) {
      this.bus.publish({ routing: { kind: 'test' }, origin: 'agent', event: `event ${number}` });
    }
  }

  /** Subscribes for a row that may be gone. Returns what it sees of one event. */
  async subscribeForRow(): Promise<unknown> {
    const latest = injectLatest(this.bus, EventFilter.all, { injector: this.ofRow });
    this.publish(1);
    // Not by flush: it would wait for the receiver of the row, which nothing consumes.
    await new Promise((resolve) => setTimeout(resolve));
    return latest.value()?.event;
  }

  /** What the CLI does while you work, when only the template of the page has changed. */
  replaceTemplate(): void {
    const withoutView = (type: { ɵcmp: object }): void => {
      type.ɵcmp = { ...type.ɵcmp, tView: null };
    };
    replaceMetadata(App, withoutView as never, [], []);
  }

  /** Opens a stream, and a receiver that is watched, in Angular's zone and without `sharing-bus/angular`. */
  openInZone(): Subscription {
    const opened = new Subscription();
    this.zone?.run(() => {
      opened.add(fromEventStream('/events', { parse: (value) => value as never }).subscribe());
      const receiver = this.bus.subscribeFiltered(EventFilter.all, { stallAfterMs: 60_000 });
      opened.add(() => {
        receiver.dispose();
      });
      this.publish(1);
    });
    return opened;
  }

  publishInZone(count: number): void {
    this.zone?.run(() => {
      this.publish(count);
    });
  }
}

export const testPage = new TestPage();
(globalThis as { testPage?: TestPage }).testPage = testPage;

function textOf(delivery: Delivery<unknown>): string {
  return delivery.type === 'event' ? String(delivery.event.event) : `${delivery.missed} missing`;
}

/** A component of which there may be a thousand. */
@Component({
  selector: 'app-row',
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `{{ latest.value()?.event }} {{ recent.value().length }} {{ lagged() }} {{ stream.status()?.state }}`,
})
export class Row {
  readonly kind = input.required<string>();
  protected readonly latest = injectLatest(testPage.bus, () => EventFilter.kind(this.kind()));
  protected readonly recent = injectRecent(testPage.bus, EventFilter.all, { count: 5 });
  // Never consumed.
  readonly #receiver = injectReceiver(testPage.bus, EventFilter.all, { stallAfterMs: 60_000, capacity: 1 });
  protected readonly lagged = injectLagged(this.#receiver);
  protected readonly stream = injectEventStream(() => undefined);

  constructor() {
    testPage.ofRow = inject(Injector);
  }
}

@Component({
  selector: 'app-root',
  imports: [Row],
  changeDetection: ChangeDetectionStrategy.OnPush,
  template: `
    <p id="latest">{{ latest.value()?.event ?? 'nothing yet' }}</p>
    <p id="lagged">{{ latest.lagged() }}</p>
    <ol id="recent">
      @for (delivery of recent.value(); track $index) {
        <li>{{ textOf(delivery) }}</li>
      } @empty {
        <li>none</li>
      }
    </ol>
    <p id="status">{{ stream.status()?.state }}</p>
    <ol id="stream">
      @for (delivery of stream.value(); track delivery) {
        <li>{{ textOf(delivery) }}</li>
      }
    </ol>
    @for (row of rows(); track $index) {
      <app-row [kind]="kind()" />
    }
  `,
})
export class App {
  protected readonly textOf = textOf;
  protected readonly kind = testPage.kind;
  protected readonly latest = injectLatest(testPage.bus, () => EventFilter.kind(testPage.kind()));
  protected readonly recent = injectRecent(testPage.bus, EventFilter.all, { count: 4 });
  protected readonly stream = injectEventStream('/events', {
    parse: (value) => value as never,
    onStatus: () => {
      testPage.wasInZone ||= NgZone.isInAngularZone();
    },
  });
  protected readonly rows = (): readonly unknown[] => Array.from({ length: testPage.rows() });

  constructor() {
    testPage.appRef = inject(ApplicationRef);
    testPage.zone = inject(NgZone);
    afterEveryRender(() => {
      testPage.renderings += 1;
    });
  }
}
