import type { BusEvent } from '../../../dist/index.js';
import { randomIntegers, randomUuids } from '../load/random.js';

/** A message of an agent, about as large as they are on average. */
export interface Said {
  readonly type: 'AgentMessageChunk';
  readonly messageId: string;
  readonly content: { readonly type: 'text'; readonly text: string };
}

const KINDS = ['agent-message', 'agent-thought', 'tool-call', 'tool-call-update', 'usage', 'plan'];
const TEXT = 'The test fails since the second call returns before the first one has written its line. '.repeat(2);

/** Makes events of `scrolls` sessions, in random order. */
export function eventsOf(scrolls: number, seed: number): (count: number) => BusEvent<Said>[] {
  const random = randomIntegers(seed);
  const ids = randomUuids(scrolls, seed);
  let made = 0;
  return (count) =>
    Array.from({ length: count }, () => {
      made += 1;
      const session = random() % scrolls;
      return {
        routing: {
          scrollId: ids[session] as string,
          connectorId: `connector-${session % 5}`,
          nativeSessionId: `session-${session}`,
          kind: KINDS[random() % KINDS.length] as string,
        },
        origin: 'agent',
        event: {
          type: 'AgentMessageChunk',
          messageId: `message-${made}`,
          content: { type: 'text', text: TEXT.slice(random() % TEXT.length) },
        },
        at: 1_700_000_000_000 + made,
      };
    });
}
