import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Stands between a client and a server, so that what the server says can be lost. */
export class Proxy {
  private readonly sockets = new Set<Socket>();
  private isMute = false;
  /** What the server is said to be, in connections that are made from now on. */
  version: string | undefined;

  private constructor(private readonly server: Server) {}

  static async start(port: number): Promise<Proxy> {
    const server = createServer();
    const proxy = new Proxy(server);
    server.on('connection', (client) => {
      const other = connect(port, '127.0.0.1');
      for (const socket of [client, other]) {
        proxy.sockets.add(socket);
        socket.on('error', () => socket.destroy());
        socket.once('close', () => {
          client.destroy();
          other.destroy();
          proxy.sockets.delete(socket);
        });
      }
      client.on('data', (data) => other.write(data));
      other.on('data', (data) => {
        if (!proxy.isMute) {
          client.write(proxy.versioned(data));
        }
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** The client hears nothing more. The server still does. */
  mute(): void {
    this.isMute = true;
  }

  /** Cuts all connections. Those that are made from now on work. */
  cut(): void {
    this.isMute = false;
    this.sockets.forEach((socket) => socket.destroy());
  }

  private versioned(data: Buffer): Buffer {
    const { version } = this;
    if (version === undefined) {
      return data;
    }
    const text = data.toString('latin1').replace(/((?:^|\r\n)INFO [^\r]*"version":)"[^"]*"/g, `$1"${version}"`);
    return Buffer.from(text, 'latin1');
  }

  end(): void {
    this.server.close();
    this.cut();
  }

  [Symbol.dispose](): void {
    this.end();
  }
}
