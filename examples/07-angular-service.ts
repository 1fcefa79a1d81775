// An Angular service: signals for a template, and receivers that leave the bus when the injector is destroyed.
import '@angular/compiler'; // Compiles @Injectable at run time. With the Angular CLI, leave this line out.
import { DestroyRef, inject, Injectable, InjectionToken, Injector } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { EventFilter, SharingBus } from 'sharing-bus';
import { asapScheduler, map, scan, scheduled } from 'rxjs';

const BUS = new InjectionToken<SharingBus<string>>('the bus of the application');

@Injectable()
class AgentStatus {
  readonly #bus = inject(BUS);
  // A receiver has `lagged$`. If you do not need it, stream() is shorter.
  readonly #messages = this.#bus.subscribeFiltered(EventFilter.kind('agent-message'), 2);
  readonly #questions$ = this.#bus.stream(EventFilter.kind('permission'));

  // toSignal unsubscribes when the injector is destroyed, and unsubscribing ends the receiver.
  readonly latest = toSignal(this.#messages.events$.pipe(map(({ event }) => event)), { initialValue: 'nothing' });
  readonly questions = toSignal(this.#questions$.pipe(scan((count) => count + 1, 0)), { initialValue: 0 });
  // lagged$ begins with the present count: the signal has a value from the start.
  readonly missed = toSignal(this.#messages.lagged$, { requireSync: true });

  constructor() {
    inject(DestroyRef).onDestroy(() => {
      console.log(`destroyed; missed in all: ${this.#messages.lagged}`);
    });
  }
}

const bus = new SharingBus<string>();
const injector = Injector.create({ providers: [{ provide: BUS, useValue: bus }, AgentStatus] });
const status = injector.get(AgentStatus);

function show(): void {
  console.log(`latest: ${status.latest()}, missed: ${status.missed()}, questions: ${status.questions()}`);
}

show();
for (const word of ['reading', 'thinking', 'writing']) {
  bus.publish({ routing: { kind: 'agent-message' }, origin: 'agent', event: word });
}
bus.publish({ routing: { kind: 'permission' }, origin: 'agent', event: 'may I?' });

// One turn of the scheduler that the bus uses by default. Signals change in it, not inside publish.
await scheduled(['a turn'], asapScheduler).forEach(show);

console.log(`receivers: ${bus.subscriberCount}`);
injector.destroy();
console.log(`receivers: ${bus.subscriberCount}`);

// Prints:
// latest: nothing, missed: 0, questions: 0
// latest: thinking, missed: 1, questions: 1
// receivers: 2
// destroyed; missed in all: 1
// receivers: 0
