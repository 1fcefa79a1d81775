import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { PendingPermissions } from './PendingPermissions.js';

/** The most bytes of an answer. */
const MAX_BYTES = 4096;

/** What a page must have to answer for its user: 32 random bytes, which the server prints in the URL. */
export class Token {
  readonly text = randomBytes(32).toString('base64url');
  readonly #digest = digestOf(`Bearer ${this.text}`);

  /** Whether a request has the token. It takes as long for any wrong one. */
  isIn({ headers: { authorization = '' } }: IncomingMessage): boolean {
    return timingSafeEqual(digestOf(authorization), this.#digest);
  }
}

/** Takes the answer of a page to a permission request: `{ request, optionId }` as JSON. The host name has been checked before. */
export async function takeAnswer(
  request: IncomingMessage,
  response: ServerResponse,
  token: Token,
  permissions: PendingPermissions,
): Promise<void> {
  const refuse = (status: number, why: string): void => {
    // What is left of the body is not read.
    response.writeHead(status, { connection: 'close', 'content-type': 'text/plain; charset=utf-8' });
    response.end(`${why}\n`);
  };
  const { headers, method } = request;
  if (method !== 'POST') {
    response.setHeader('allow', 'POST');
    refuse(405, 'Only POST is allowed.');
  } else if (headers.origin !== `http://${headers.host ?? ''}`) {
    refuse(403, 'Not a request of this page.');
  } else if (!token.isIn(request)) {
    refuse(403, 'The token is wrong or absent: it is in the URL that the server has printed.');
  } else if (!/^application\/json *(?:;|$)/i.test(headers['content-type'] ?? '')) {
    refuse(415, 'Not JSON.');
  } else {
    const text = await textOf(request);
    const answer = text === undefined ? undefined : answerOf(text);
    if (text === undefined) {
      refuse(413, `More than ${MAX_BYTES} bytes.`);
    } else if (answer === undefined) {
      refuse(400, 'Not an answer: { "request": string, "optionId": string }.');
    } else {
      const taken = permissions.answer(answer.request, answer.optionId);
      switch (taken.type) {
        case 'taken':
          reply(response, 200, { outcome: 'selected', optionId: answer.optionId });
          break;
        case 'decided':
          reply(response, 409, taken.decision);
          break;
        case 'unknown':
          refuse(404, 'No such request waits for an answer.');
          break;
        case 'no option':
          refuse(400, 'The request does not have this option.');
          break;
      }
    }
  }
}

/** The body as text; `undefined` if it is too large. */
async function textOf(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  // Not `for await`: leaving that would destroy the socket, and there would be no response.
  return new Promise((resolve, reject) => {
    request
      .on('data', (chunk: Buffer) => {
        size += chunk.byteLength;
        if (size > MAX_BYTES) {
          request.pause();
          resolve(undefined);
        } else {
          chunks.push(chunk);
        }
      })
      .once('end', () => {
        resolve(Buffer.concat(chunks).toString('utf8'));
      })
      .once('error', reject)
      .once('close', () => {
        reject(new Error('the request was cut off'));
      });
  });
}

function answerOf(text: string): { readonly request: string; readonly optionId: string } | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const { optionId, request } = (value ?? {}) as { readonly optionId?: unknown; readonly request?: unknown };
  return typeof optionId === 'string' && typeof request === 'string' ? { optionId, request } : undefined;
}

function reply(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'cache-control': 'no-store', 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function digestOf(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
