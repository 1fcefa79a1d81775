import { type AnyMessage, ndJsonStream, type Stream } from '@agentclientprotocol/sdk';
import type { AgentProcess } from './AgentProcess.js';
import type { MessageLines } from './MessageLines.js';
import type { WireTap } from './WireTap.js';

/**
 * The connection to an agent for the SDK, with `tap` in between. A message is passed on when the tap has published it, so an agent that
 * is faster than the archive waits on its pipe.
 */
export function tappedStream(agent: AgentProcess, lines: MessageLines, tap: WireTap): Stream {
  const bytes = new WritableStream<Uint8Array>({ write: (chunk) => agent.write(chunk) });
  const wire = ndJsonStream(bytes, ReadableStream.from(lines.read(agent.stdout)));
  const incoming = new TransformStream<AnyMessage, AnyMessage>({
    transform: async (message, controller) => {
      if (await tap.incoming(message)) {
        controller.enqueue(message);
      }
    },
  });
  const writer = wire.writable.getWriter();
  const writable = new WritableStream<AnyMessage>({
    write: async (message) => {
      await tap.outgoing(message);
      await writer.write(message);
    },
  });
  return { readable: wire.readable.pipeThrough(incoming), writable };
}
