import { App } from './app.js';

declare const Bun: {
  serve(options: {
    readonly port: number;
    readonly hostname: string;
    readonly fetch: (request: Request) => Promise<Response>;
  }): void;
};

const app = new App();
// Bun closes a connection that was silent for 10 seconds, its default.
Bun.serve({ port: Number(process.argv[2]), hostname: '127.0.0.1', fetch: (request) => app.respond(request) });
