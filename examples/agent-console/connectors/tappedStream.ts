import { type AnyMessage, ndJsonStream, type Stream } from '@agentclientprotocol/sdk';
import type { AgentProcess } from './AgentProcess.js';
import type { MessageLines } from './MessageLines.js';
import type { WireTap } from './WireTap.js';

export interface TappedStream {
  /** The connection for the SDK. */
  readonly stream: Stream;
  /** Resolves when the agent's output has been published to its end, also if the SDK has left before. */
  readonly ended: Promise<void>;
}

/**
 * The connection to an agent, with `tap` in between. A message is passed on when the tap has published it, so an agent that is faster than
 * the archive waits on its pipe.
 *
 * @param onMessage Called for each message of the agent, before it is published.
 */
export function tappedStream(
  agent: AgentProcess,
  lines: MessageLines,
  tap: WireTap,
  onMessage: () => void,
): TappedStream {
  const bytes = new WritableStream<Uint8Array>({ write: (chunk) => agent.write(chunk) });
  const wire = ndJsonStream(bytes, ReadableStream.from(lines.read(agent.stdout)));
  let sdk: ReadableStreamDefaultController<AnyMessage> | undefined;
  const readable = new ReadableStream<AnyMessage>({
    start: (controller) => {
      sdk = controller;
    },
    cancel: () => {
      sdk = undefined;
    },
  });
  const read = async (): Promise<void> => {
    for await (const message of wire.readable) {
      onMessage();
      if (await tap.incoming(message)) {
        sdk?.enqueue(message);
      }
    }
    sdk?.close();
  };
  const writer = wire.writable.getWriter();
  const writable = new WritableStream<AnyMessage>({
    write: async (message) => {
      await tap.outgoing(message);
      await writer.write(message);
    },
  });
  const ended = read().catch((error: unknown) => {
    sdk?.error(error);
  });
  return { stream: { readable, writable }, ended };
}
