import '@angular/compiler';
import { Injector } from '@angular/core';
import { EventFilter, SharingBus } from 'sharing-bus';
import {
  type BusSignals,
  injectEventStream,
  injectLagged,
  injectLatest,
  injectReceiver,
  injectRecent,
} from 'sharing-bus/angular';

// As import.mts, with the oldest supported version of Angular.
interface Note {
  readonly text: string;
}

using bus = new SharingBus<Note>();
const injector = Injector.create({ providers: [] }) as Injector & { destroy(): void };
const latest = injectLatest(bus, EventFilter.kind('note'), { injector });
const text: string | undefined = latest.value()?.event.text;
const recent: BusSignals<readonly object[]> = injectRecent(bus, EventFilter.all, { injector, count: 10 });
const lagged: number = injectLagged(injectReceiver(bus, EventFilter.all, { injector, capacity: 1 }), { injector })();
const stream = injectEventStream('http://127.0.0.1:9/', { injector, retry: false });
if (text !== undefined || recent.value().length + lagged !== 0 || stream.status()?.state !== 'connecting') {
  throw new Error('the entry for Angular does not work');
}
const slots = (): number => bus.subscriberCount;
if (slots() !== 3) {
  throw new Error('the entry for Angular does not subscribe');
}
injector.destroy();
if (slots() !== 0 || stream.status()?.state !== 'closed') {
  throw new Error('the entry for Angular does not end with its injector');
}
