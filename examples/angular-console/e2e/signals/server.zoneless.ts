import { type ApplicationRef, provideZonelessChangeDetection } from '@angular/core';
import { type BootstrapContext, bootstrapApplication, provideClientHydration } from '@angular/platform-browser';
import { provideServerRendering, RenderMode, withRoutes } from '@angular/ssr';
import { App } from './App.js';

const ROUTES = withRoutes([{ path: '**', renderMode: RenderMode.Server }]);

export default (context: BootstrapContext): Promise<ApplicationRef> =>
  bootstrapApplication(
    App,
    { providers: [provideZonelessChangeDetection(), provideClientHydration(), provideServerRendering(ROUTES)] },
    context,
  );
