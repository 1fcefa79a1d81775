import { once } from 'node:events';
import { createServer } from 'node:net';

// Below the ports that Linux gives to connections. A client that asks for one of those while its server is down may be connected to itself.
const FIRST = 20_000;
const COUNT = 12_000;
const taken = new Set<number>();

/** A port that is free, and that this function has not returned before. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * COUNT);
    if (!taken.has(port) && (await isFree(port))) {
      taken.add(port);
      return port;
    }
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
