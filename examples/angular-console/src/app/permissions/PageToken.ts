import { computed, Injectable } from '@angular/core';
import { toSignal } from '@angular/core/rxjs-interop';
import { fromEvent, map, startWith } from 'rxjs';

/** The token of the URL of this page. With it, the user may answer permission requests. */
@Injectable({ providedIn: 'root' })
export class PageToken {
  /** `undefined` if the URL has none. The user may paste another URL into this tab: the browser does not load the page again then. */
  readonly token = toSignal(
    fromEvent(window, 'hashchange').pipe(
      startWith(undefined),
      map(() => new URLSearchParams(location.hash.slice(1)).get('token') ?? undefined),
    ),
    { requireSync: true },
  );
  readonly headers = computed((): Record<string, string> => {
    const token = this.token();
    return token === undefined ? {} : { authorization: `Bearer ${token}` };
  });
}
