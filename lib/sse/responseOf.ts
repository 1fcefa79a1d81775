import { EventText } from './EventText.js';
import { HEADERS, type Opened } from './StreamOpener.js';

/** What was opened, as a `Response`. */
export function responseOf<E>(opened: Opened<E>): Response {
  return opened instanceof EventText ? new Response(opened.toReadableStream(), { headers: HEADERS }) : opened;
}
