import type { ValidationIssue } from '../schema/ValidationError.js';

/** The reason why a request gets no stream. It is sent to the client as JSON. */
export class RequestError extends Error {
  override readonly name = 'RequestError';

  constructor(
    readonly status: number,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
    readonly issues: readonly ValidationIssue[] = [],
  ) {
    super(message);
  }

  toResponse(): Response {
    const { status, message, headers, issues } = this;
    const body = JSON.stringify({ error: message, ...(issues.length > 0 && { issues }) });
    return new Response(body, {
      status,
      headers: { 'Content-Type': 'application/json', 'Cache-Control': 'no-store', ...headers },
    });
  }
}
