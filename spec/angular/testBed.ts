import '@angular/compiler';
import {
  ApplicationModule,
  ErrorHandler,
  NgModule,
  platformCore,
  type EnvironmentProviders,
  type Provider,
  provideZoneChangeDetection,
  provideZonelessChangeDetection,
  ɵINJECTOR_SCOPE as INJECTOR_SCOPE,
} from '@angular/core';
import { getTestBed, TestBed, TestComponentRenderer } from '@angular/core/testing';

class TestModule {
  readonly name = 'test';
}
NgModule({
  exports: [ApplicationModule],
  providers: [{ provide: INJECTOR_SCOPE, useValue: 'root' }, ErrorHandler, TestComponentRenderer],
})(TestModule);

// Angular's own TestBed, without the packages for a browser: an application with effects and change detection, and no page.
getTestBed().initTestEnvironment(TestModule, platformCore());

/** What Angular's `ErrorHandler` has got. */
export const reported: unknown[] = [];

/** Starts an application anew. The last one has ended by then. */
export function application(...providers: (Provider | EnvironmentProviders)[]): void {
  TestBed.resetTestingModule();
  reported.length = 0;
  TestBed.configureTestingModule({
    providers: [
      'Zone' in globalThis ? provideZoneChangeDetection() : provideZonelessChangeDetection(),
      { provide: ErrorHandler, useValue: { handleError: (error: unknown) => reported.push(error) } },
      ...providers,
    ],
  });
}

/** Runs `work` in the injection context of the application, as a service's constructor would. */
export function within<T>(work: () => T): T {
  return TestBed.runInInjectionContext(work);
}
