import { fileURLToPath } from 'node:url';
import { anchored, programName, withoutVariables } from './connectors/agentCommand.js';
import type { AgentCommand } from './connectors/AgentProcess.js';
import { Connector } from './connectors/Connector.js';
import { LogFile } from './connectors/logs/LogFile.js';
import { always, type Ask } from './connectors/permission.js';
import type { FileProgress } from './connectors/logs/LogLines.js';
import { Pace } from './connectors/logs/Pace.js';
import type { Feed } from './feed.js';
import type { AgentOptions, ConsoleOptions } from './options.js';
import type { Report } from './report.js';

/** About the most bytes of lines that all files together may have on the bus. */
const MAX_BYTES = 16 * 1024 * 1024;

interface StartedAgent {
  /** For the id of the connector. */
  readonly id: string;
  /** For reports. */
  readonly name: string;
  readonly command: AgentCommand;
  readonly auth?: string | undefined;
  readonly mode?: string | undefined;
}

/**
 * Starts all connectors. Each promise resolves when its input has ended; failures are reported.
 *
 * @param ask For `--permission ask`.
 */
export function startConnectors(
  options: ConsoleOptions,
  feed: Feed,
  report: Report,
  progress: readonly FileProgress[],
  signal: AbortSignal,
  ask: Ask | undefined,
): Promise<void>[] {
  const taken = new Set<string>();
  const connector = (name: string): Connector => {
    let id = name;
    for (let number = 2; taken.has(id); number += 1) {
      id = `${name}#${number}`;
    }
    taken.add(id);
    return new Connector(id);
  };
  const { agentTimeout: timeout, cwd, follow, fs, permission, prompt, promptTimeout, speed } = options;
  const agents: readonly StartedAgent[] =
    options.files.length + options.agents.length === 0
      ? [{ id: 'explorer', name: 'explorer', command: bundledAgent(), ...options.agentDefaults }]
      : options.agents.map(toStart);
  const answer = permission === 'ask' ? ask : always(permission === 'allow' ? 'allow_once' : 'reject_once');
  if (answer === undefined) {
    throw new Error('there is nobody to ask for permission');
  }
  const clock = new Pace(speed, progress.length, signal);
  return [
    ...progress.map(async (file) => {
      const log = new LogFile({
        connect: connector,
        report,
        progress: file,
        follow,
        pace: clock.join(),
        signal,
        maxBytes: MAX_BYTES / progress.length,
        flush: () => feed.flush(),
      });
      await feed.connect(log.batches()).catch((error: unknown) => {
        report.failure(`cannot read ${file.file}: ${reasonOf(error)}`);
      });
      await feed.append(log.end(signal.aborted ? 'interrupted' : 'end of file'));
    }),
    ...agents.map(async ({ auth, command, id, mode, name }) => {
      // The SDK is loaded only for agents. Files need none.
      const { AcpAgent } = await import('./connectors/acp.js');
      if (signal.aborted) {
        return;
      }
      const agent = new AcpAgent({
        connector: connector(`acp:${id}`),
        feed,
        report,
        command,
        name,
        cwd,
        prompt,
        auth,
        mode,
        fs,
        permission,
        ask: answer,
        timeout,
        promptTimeout,
        signal,
      });
      await agent.run();
    }),
  ];
}

/** The bundled agent, run with the same loader as the console. */
function bundledAgent(): AgentCommand {
  const main = fileURLToPath(new URL('./agent/main.ts', import.meta.url));
  return { program: process.execPath, args: ['--import', import.meta.resolve('tsx'), main] };
}

function toStart({ auth, command, mode, name }: AgentOptions): StartedAgent {
  // The agent runs in --cwd, and the user has written the command where the console runs.
  const started = anchored(command, process.cwd());
  return { id: name ?? programName(command), name: name ?? withoutVariables(command), command: started, auth, mode };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') {
    return 'no such file';
  }
  if (code === 'EISDIR') {
    return 'it is a directory';
  }
  return error instanceof Error ? error.message : String(error);
}
