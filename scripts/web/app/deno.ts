import { App } from './app.js';

declare const Deno: {
  readonly args: readonly string[];
  serve(
    options: { readonly port: number; readonly hostname: string },
    respond: (request: Request) => Promise<Response>,
  ): void;
};

const app = new App();
Deno.serve({ port: Number(Deno.args[0]), hostname: '127.0.0.1' }, (request) => app.respond(request));
