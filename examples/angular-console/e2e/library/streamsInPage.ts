// The code that eventStreams.test.ts runs in a page. What has arrived is read by the test.
import type { BusEvent, Delivery } from 'sharing-bus';
import { fromEventStream, iterateEventStream } from 'sharing-bus/sse';

/** What has arrived so far: the first word of each event, and gaps as `gap of <number>`. */
export const taken: string[] = [];
/** The states in which an EventSource was seen to have an error: 0 if it connects again, 2 if it has given up. */
export const failures: number[] = [];

const parse = (value: unknown): BusEvent<string> => value as BusEvent<string>;

function take(event: string): void {
  taken.push(event.split(' ')[0] ?? '');
}

function takeDelivery(delivery: Delivery<string>): void {
  if (delivery.type === 'event') {
    take(delivery.event.event);
  } else {
    taken.push(`gap of ${delivery.missed}`);
  }
}

/** Reads with the client of the library. */
export function read(url: string): void {
  fromEventStream<string>(url, { from: 'start', parse }).subscribe({
    next: takeDelivery,
    error: (error: unknown) => taken.push(String(error)),
  });
}

/** Reads by `iterateEventStream`. After the first delivery, it waits for `goOn`. */
export async function readSlowly(url: string): Promise<void> {
  for await (const delivery of iterateEventStream<string>(url, { from: 'start', parse })) {
    takeDelivery(delivery);
    await mayGoOn;
  }
}

/** Lets `readSlowly` take all that comes. */
export let goOn: () => void;
const mayGoOn = new Promise<void>((resolve) => {
  goOn = resolve;
});

/** Reads with the platform's own client. */
export function readByEventSource(url: string): void {
  const source = new EventSource(`${url}?from=start`);
  source.onmessage = ({ data }) => {
    take((JSON.parse(data as string) as BusEvent<string>).event);
  };
  source.addEventListener('gap', ({ data }) => {
    taken.push(`gap of ${(JSON.parse(data as string) as { readonly missed?: number }).missed ?? 'unknown size'}`);
  });
  source.onerror = () => {
    failures.push(source.readyState);
  };
}
