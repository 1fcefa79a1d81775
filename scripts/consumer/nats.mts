import type { NatsConnection } from '@nats-io/nats-core';
import { SharingBus } from 'sharing-bus';
import { ensureStream, type JetStreamUpstream, jetStreamUpstream, StreamMismatchError } from 'sharing-bus/nats';

// As import.mts, with the oldest supported version of the client. There is no server here.
export async function start(connection: NatsConnection): Promise<SharingBus<string>> {
  await ensureStream(connection, { stream: 'EVENTS' });
  const upstream: JetStreamUpstream<string> = await jetStreamUpstream({
    connection,
    stream: 'EVENTS',
    node: 'consumer',
  });
  return new SharingBus<string>({ upstream });
}
await start({} as NatsConnection).catch((error: unknown) => {
  if (!(error instanceof TypeError) || error instanceof StreamMismatchError) {
    throw error;
  }
});
