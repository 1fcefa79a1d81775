import { fileURLToPath } from 'node:url';
import type { AgentCommand } from './connectors/AgentProcess.js';
import { Connector } from './connectors/Connector.js';
import { LogFile } from './connectors/logs/LogFile.js';
import type { FileProgress } from './connectors/logs/LogLines.js';
import { Pace } from './connectors/logs/Pace.js';
import type { Feed } from './feed.js';
import type { ConsoleOptions } from './options.js';
import type { Report } from './report.js';

/** About the most bytes of lines that all files together may have on the bus. */
const MAX_BYTES = 16 * 1024 * 1024;

/** Starts all connectors. Each promise resolves when its input has ended; failures are reported. */
export function startConnectors(
  options: ConsoleOptions,
  feed: Feed,
  report: Report,
  progress: readonly FileProgress[],
  signal: AbortSignal,
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
  const { agentTimeout: timeout, auth, cwd, follow, fs, permission, prompt, speed } = options;
  const agents: readonly (readonly [name: string, AgentCommand])[] =
    options.files.length + options.agents.length === 0
      ? [['explorer', bundledAgent()]]
      : options.agents.map((command) => [command, command]);
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
    ...agents.map(async ([name, command]) => {
      // The SDK is loaded only for agents. Files need none.
      const { AcpAgent } = await import('./connectors/acp.js');
      if (signal.aborted) {
        return;
      }
      const agent = new AcpAgent({
        connector: connector(`acp:${programOf(name)}`),
        feed,
        report,
        command,
        name,
        cwd,
        prompt,
        auth,
        fs,
        permission,
        timeout,
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

/** The program of a command line. Arguments and variables are left out: they may have secrets. */
function programOf(command: string): string {
  const word = command.split(/\s+/).find((one) => one !== '' && !/^\w+=/.test(one)) ?? 'agent';
  return word.replace(/^["']|["']$/g, '').replace(/^.*[/\\]/, '') || 'agent';
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
