import { EventText } from './EventText.js';
import { HEADERS, type Opened } from './StreamOpener.js';

/** The `Response` for what was opened. */
export function responseOf<E>(opened: Opened<E>): Response {
  return opened instanceof EventText ? new Response(opened.toReadableStream(), { headers: HEADERS }) : opened;
}
