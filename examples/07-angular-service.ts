// An Angular service: signals for a template. What they hold on the bus ends with the injector.
import '@angular/compiler'; // Compiles @Injectable at run time. With the Angular CLI, leave this line out.
import { inject, Injectable, InjectionToken, Injector } from '@angular/core';
import { EventFilter, SharingBus } from 'sharing-bus';
import { injectLatest, injectRecent } from 'sharing-bus/angular';
import { asapScheduler, scheduled } from 'rxjs';

const BUS = new InjectionToken<SharingBus<string>>('the bus of the application');

@Injectable()
class AgentStatus {
  // The newest message. The others of a burst are counted.
  readonly message = injectLatest(inject(BUS), EventFilter.kind('agent-message'));
  // The last two deliveries: events, and gaps where events are missing.
  readonly log = injectRecent(inject(BUS), EventFilter.all, { count: 2 });
}

const bus = new SharingBus<string>();
const injector = Injector.create({ providers: [{ provide: BUS, useValue: bus }, AgentStatus] });
const { message, log } = injector.get(AgentStatus);

function show(): void {
  console.log(`latest: ${message.value()?.event ?? 'nothing yet'}, passed over: ${message.lagged()}`);
  console.log('log:', ...log.value().map((one) => (one.type === 'gap' ? `${one.missed} missing` : one.event.event)));
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
// latest: nothing yet, passed over: 0
// log:
// latest: writing, passed over: 2
// log: 3 missing may I?
// receivers: 2
// receivers: 0
