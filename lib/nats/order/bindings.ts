import type { SchedulerLike } from 'rxjs';
import type { ScrollBinding } from '../../events/BusEvent.js';
import type { StreamPlace } from '../stream/lineage.js';
import { outcome } from '../outcome.js';
import { Pull, type Pulled } from '../reader/Pull.js';
import { bindingIn, type Settings } from '../settings.js';
import { registrationSubjects } from '../stream/subjects.js';

const BATCH = 256;

/** A binding, and the place of its registration. */
export interface PlacedBinding {
  readonly binding: ScrollBinding;
  readonly seq: number;
}

/** Reads the last registration of each session from the stream, the oldest first. */
export async function readBindings<E>(
  place: StreamPlace,
  scheduler: SchedulerLike,
  settings: Settings<E>,
): Promise<PlacedBinding[]> {
  const bindings: PlacedBinding[] = [];
  const { promise, finish } = outcome();
  const pull = await Pull.open({
    ...{ connection: place.connection, manager: place.access.manager, api: place.access.api, stream: place.stream },
    ...{ scheduler, heartbeatMs: settings.heartbeatMs },
    ...{ start: 'last per subject', filter: registrationSubjects(place.prefix) },
    next: (pulled) => {
      const binding = registrationIn(settings, pulled);
      if (binding !== undefined) {
        bindings.push({ binding, seq: pulled.seq });
      }
      if (pulled.left === 0) {
        finish();
      } else if (pull.outstanding === 0) {
        pull.ask(BATCH);
      }
    },
    idle: () => {
      if (pull.pending === 0 || pull.hasCaughtUp) {
        finish();
      }
    },
    failed: (reason) => {
      finish(new Error(`reading the registrations: ${reason}`));
    },
  });
  try {
    if (pull.pending > 0) {
      pull.ask(BATCH);
    } else {
      // It shows whether the user may read at all.
      pull.probe();
    }
    await promise;
  } finally {
    pull.close();
  }
  return bindings;
}

function registrationIn<E>(settings: Settings<E>, { message }: Pulled): ScrollBinding | undefined {
  try {
    return bindingIn(settings, settings.parse(message.json()));
  } catch {
    return undefined;
  }
}
