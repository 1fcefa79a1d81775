import { App } from './app.js';

interface Environment {
  readonly BUS: {
    idFromName(name: string): unknown;
    get(id: unknown): { fetch(request: Request): Promise<Response> };
  };
}

/** A Durable Object: all requests that share a bus are handled by one of them. */
export class Bus {
  readonly #app = new App();

  fetch(request: Request): Promise<Response> {
    return this.#app.respond(request);
  }
}

export default {
  fetch: (request: Request, { BUS }: Environment): Promise<Response> => BUS.get(BUS.idFromName('bus')).fetch(request),
};
