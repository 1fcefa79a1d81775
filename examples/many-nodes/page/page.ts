import type { BusEvent } from 'sharing-bus';
import { fromEventStream } from 'sharing-bus/sse';
import { eventText } from '../../agent-console/screen/eventText.js';
import { Account } from '../Account.js';

const SHOWN = 12;

const account = new Account();
const last: BusEvent[] = [];
let isDrawing = false;

fromEventStream('/events', {
  from: 'start',
  retry: { initialMs: 500, maxMs: 2000 },
  // This page trusts its server.
  parse: (value) => value as BusEvent,
  onStatus: ({ state }) => {
    put('connection', state);
  },
}).subscribe((delivery) => {
  account.take(delivery);
  if (delivery.type === 'event') {
    last.unshift(delivery.event);
    last.length = Math.min(last.length, SHOWN);
  }
  if (!isDrawing) {
    isDrawing = true;
    requestAnimationFrame(draw);
  }
});

function draw(): void {
  isDrawing = false;
  put('events', account.events);
  put('missing', account.missing);
  put('doubled', account.doubled);
  put('out-of-order', account.outOfOrder);
  put('place', account.place);
  document.getElementById('last')?.replaceChildren(...last.map(lineOf));
}

function lineOf({ event, routing }: BusEvent): HTMLLIElement {
  const line = document.createElement('li');
  // The connector of a replay has the path of its file.
  const connector = routing.connectorId?.replace(/^.*\//, '') ?? '';
  line.textContent = `${connector}, ${routing.kind}: ${eventText(event)}`;
  return line;
}

function put(id: string, value: string | number): void {
  const element = document.getElementById(id);
  if (element !== null) {
    element.textContent = typeof value === 'number' ? value.toLocaleString('en-US') : value;
  }
}
