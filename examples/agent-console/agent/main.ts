/**
 * The agent that ships with the console: it speaks the Agent Client Protocol over stdio and explores a directory.
 *
 * It has no model and needs no network. It exits when its stdin ends.
 */
import { randomUUID } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import { Readable, Writable } from 'node:stream';
import {
  agent,
  type AgentApp,
  type AgentContext,
  methods,
  ndJsonStream,
  PROTOCOL_VERSION,
  RequestError,
} from '@agentclientprotocol/sdk';
import { Exploration } from './explore.js';

interface OpenSession {
  readonly cwd: string;
  /** The turn that is running, if any. */
  turn?: AbortController;
}

function explorer(): AgentApp {
  const sessions = new Map<string, OpenSession>();
  let clientReads = false;

  const read = async (client: AgentContext, sessionId: string, path: string): Promise<string> =>
    clientReads
      ? (await client.request(methods.client.fs.readTextFile, { sessionId, path })).content
      : readFile(path, 'utf8');

  return agent({ name: 'explorer' })
    .onRequest(methods.agent.initialize, ({ params }) => {
      clientReads = params.clientCapabilities?.fs?.readTextFile ?? false;
      return {
        protocolVersion: PROTOCOL_VERSION,
        agentInfo: { name: 'explorer', version: '1' },
        agentCapabilities: { loadSession: false },
      };
    })
    .onRequest(methods.agent.session.new, async ({ params: { cwd } }) => {
      const status = isAbsolute(cwd) ? await stat(cwd).catch(() => undefined) : undefined;
      if (status?.isDirectory() !== true) {
        throw RequestError.invalidParams({ cwd }, 'cwd must be the absolute path of a directory');
      }
      const sessionId = randomUUID();
      sessions.set(sessionId, { cwd });
      return { sessionId };
    })
    .onNotification(methods.agent.session.cancel, ({ params }) => {
      sessions.get(params.sessionId)?.turn?.abort();
    })
    .onRequest(methods.agent.session.prompt, async ({ params: { sessionId, prompt }, client, signal }) => {
      const session = sessions.get(sessionId);
      if (session === undefined) {
        throw RequestError.sessionNotFound(sessionId);
      }
      if (session.turn !== undefined) {
        throw RequestError.invalidRequest({ sessionId }, 'the session already has a turn');
      }
      const turn = new AbortController();
      session.turn = turn;
      try {
        const exploration = new Exploration({
          id: sessionId,
          cwd: session.cwd,
          read: (path) => read(client, sessionId, path),
          client,
          signal: AbortSignal.any([turn.signal, signal]),
        });
        const text = prompt.map((block) => (block.type === 'text' ? block.text : `[${block.type}]`)).join(' ');
        return { stopReason: await exploration.run(text) };
      } finally {
        delete session.turn;
      }
    });
}

const wire = ndJsonStream(Writable.toWeb(process.stdout), Readable.toWeb(process.stdin));
await explorer().connect(wire).closed;
process.exit(0);
