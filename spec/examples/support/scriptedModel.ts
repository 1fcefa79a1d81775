import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What the model says in one answer: pieces of text, and at most one call of a tool. */
export interface Reply {
  readonly thought?: string;
  readonly texts?: readonly string[];
  readonly call?: { readonly name: string; readonly args: object };
}

interface Asked {
  readonly model?: string;
  readonly stream?: boolean;
  readonly tools?: readonly unknown[];
  readonly messages?: readonly { readonly role: string }[];
}

/** A model on loopback, by the interface of OpenAI's chat completions. Its answers are given. */
export class ScriptedModel {
  readonly #server: Server;

  /**
   * @param replies The first is for a request without results of tools, the second for one with a result, and so on; after the last, that one
   * again. A request without tools is one for a title, or the like.
   * @param usage What each request is said to have used.
   */
  constructor(replies: readonly Reply[], usage: object) {
    this.#server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        const asked = body === '' ? {} : (JSON.parse(body) as Asked);
        if (!request.url?.endsWith('/chat/completions')) {
          response.setHeader('content-type', 'application/json').end('{"data":[]}');
          return;
        }
        const results = asked.messages?.filter(({ role }) => role === 'tool').length ?? 0;
        const reply = asked.tools === undefined ? { texts: ['A title'] } : (replies[results] ?? replies.at(-1));
        const base = { id: 'answer', created: 1, model: asked.model };
        if (asked.stream !== true) {
          const message = { role: 'assistant', content: reply?.texts?.join('') };
          const choices = [{ index: 0, message, finish_reason: 'stop' }];
          response
            .setHeader('content-type', 'application/json')
            .end(JSON.stringify({ ...base, object: 'chat.completion', choices, usage }));
          return;
        }
        response.setHeader('content-type', 'text/event-stream');
        for (const chunk of chunksOf(reply ?? {})) {
          response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', ...chunk })}\n\n`);
        }
        response.write(`data: ${JSON.stringify({ ...base, object: 'chat.completion.chunk', choices: [], usage })}\n\n`);
        response.end('data: [DONE]\n\n');
      });
    });
  }

  /** Starts it. Returns its base URL. */
  async listen(): Promise<string> {
    await new Promise<void>((resolve) => {
      this.#server.listen(0, '127.0.0.1', resolve);
    });
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function chunksOf({ thought, texts = [], call }: Reply): object[] {
  const deltas: object[] = [
    ...(thought === undefined ? [] : [{ role: 'assistant', reasoning_content: thought }]),
    ...texts.map((content) => ({ role: 'assistant', content })),
  ];
  if (call !== undefined) {
    const made = { name: call.name, arguments: JSON.stringify(call.args) };
    deltas.push({ tool_calls: [{ index: 0, id: 'call_1', type: 'function', function: made }] });
  }
  return [
    ...deltas.map((delta) => ({ choices: [{ index: 0, delta, finish_reason: null }] })),
    { choices: [{ index: 0, delta: {}, finish_reason: call === undefined ? 'stop' : 'tool_calls' }] },
  ];
}
