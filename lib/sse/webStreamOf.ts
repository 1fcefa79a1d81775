import type { EventText } from './EventText.js';

/** Notices web streams that are collected. Outside of any server, since nothing may hold that. Some platforms do not tell. */
const webStreams =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<Pick<EventText<unknown>, 'leave'>>((text) => {
        text.leave();
      });

/**
 * Returns `text` as a web stream without a buffer: it pulls only when its reader does. It is left if its reading has not begun within
 * `closeMs`, or if it is collected: its response was dropped, or another one was sent.
 */
export function webStreamOf<E>(text: EventText<E>): ReadableStream<Uint8Array> {
  // Its bytes are its own: a reader may change them, or take their buffer away.
  const encoder = new TextEncoder();
  if (!text.isOver) {
    text.watchDeparture();
    text.leaveUnlessRead();
  }
  const stream = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        const chunk = await text.read();
        if (chunk === undefined) {
          controller.close();
        } else {
          controller.enqueue(encoder.encode(chunk.text));
        }
      },
      cancel: () => {
        text.leave();
      },
    },
    { highWaterMark: 0 },
  );
  webStreams?.register(stream, text);
  return stream;
}
