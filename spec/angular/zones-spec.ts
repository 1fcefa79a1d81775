import 'zone.js';
import 'zone.js/testing';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { ApplicationRef, effect, NgZone } from '@angular/core';
import { fakeAsync, flushMicrotasks, TestBed, tick } from '@angular/core/testing';
import { EventFilter, SharingBus } from 'sharing-bus';
import { injectEventStream, injectLatest, injectReceiver, injectRecent } from 'sharing-bus/angular';
import { event } from '../support/events.js';
import { settle } from '../support/settle.js';
import '../support/restoreEventTarget.js';
import { application, within } from './testBed.js';

/** What zone.js does to the `it` of a test runner that it knows. */
function inProxyZone(test: () => void): () => void {
  const { ProxyZoneSpec } = Zone as unknown as { ProxyZoneSpec: new () => ZoneSpec };
  return () => {
    Zone.current.fork(new ProxyZoneSpec()).run(test);
  };
}

let bus: SharingBus<string>;

beforeEach(() => {
  bus = new SharingBus();
  application();
});

describe('with zone.js', () => {
  it('runs nothing in the zone of Angular, wherever it is called', async () => {
    const zone = TestBed.inject(NgZone);
    const calls: boolean[] = [];
    const note = (): boolean => calls.push(NgZone.isInAngularZone()) > 0;
    zone.run(() => {
      within(() => {
        injectLatest(bus, EventFilter.where(note));
        injectReceiver(bus, EventFilter.all, { stallAfterMs: 60_000 });
        injectEventStream('http://localhost/', {
          seed: () => note(),
          reduce: () => note(),
          onStatus: note,
          fetch: hang,
        });
      });
    });
    bus.publish(event('a'));
    await settle();
    expect(calls).toEqual([false, false, false]);
  });

  it('checks once for a burst of many receivers', async () => {
    const zone = TestBed.inject(NgZone);
    const seen: number[] = [];
    within(() => {
      const all = Array.from({ length: 10 }, () => injectRecent(bus));
      effect(() => {
        seen.push(all.reduce((sum, { value }) => sum + value().length, 0));
      });
    });
    TestBed.inject(ApplicationRef).tick();
    let checks = 0;
    zone.onMicrotaskEmpty.subscribe(() => {
      checks += 1;
    });
    for (let number = 0; number < 50; number += 1) {
      bus.publish(event(`${number}`));
    }
    // Delivered by then, so that a rendering is planned, which whenStable waits for.
    await bus.flush();
    await TestBed.inject(ApplicationRef).whenStable();
    expect(seen).toEqual([0, 500]);
    expect(checks).toBeLessThanOrEqual(1);
  });

  it('is stable while a receiver may stall and a stream is open, or waits for its next attempt', async () => {
    const zone = TestBed.inject(NgZone);
    zone.run(() => {
      within(() => {
        injectReceiver(bus, EventFilter.all, { stallAfterMs: 60_000 });
        injectEventStream('http://localhost/', { fetch: hang });
        injectEventStream('http://localhost/', { fetch: () => Promise.reject(new TypeError('away')) });
      });
    });
    bus.publish(event('a'));
    await settle();
    expect([zone.hasPendingMacrotasks, zone.isStable]).toEqual([false, true]);
    await TestBed.inject(ApplicationRef).whenStable();
    TestBed.resetTestingModule();
  });

  it(
    'can be tested in fakeAsync',
    inProxyZone(
      fakeAsync(() => {
        const latest = within(() => injectLatest(bus));
        bus.publish(event('a'));
        expect(latest.value()).toBeUndefined();
        flushMicrotasks();
        expect(latest.value()?.event).toBe('a');
        tick();
      }),
    ),
  );
});

/** A server that never answers. */
function hang(): Promise<never> {
  return new Promise(() => undefined);
}
