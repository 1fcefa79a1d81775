import { appendFileSync, readFileSync, renameSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { BusEvent } from 'sharing-bus';
import { jsonValuesOf } from '../../examples/agent-console/connectors/lines.js';
import { fileChunks, RESTART } from '../../examples/agent-console/connectors/logs/fileChunks.js';
import {
  ConsoleProcess,
  fixtures,
  freshDirectory,
  outline,
  runConsole,
  type Summary,
  texts,
} from './support/agentConsole.js';

const LONG = 60_000;
const logs = join(fixtures, 'logs');
const log = (name: string): string => join(logs, name);

type Run = Awaited<ReturnType<typeof runConsole>>;

/** A file of one spec's own. */
function fileOf(content: string | Uint8Array, name = 'log.jsonl'): string {
  const file = join(freshDirectory(), name);
  writeFileSync(file, content);
  return file;
}

/** The lines of a fixture, each with its newline. */
function linesOf(name: string): string[] {
  return readFileSync(log(name), 'utf8')
    .split(/(?<=\n)/)
    .filter((line) => line !== '');
}

/** The scroll of a session. */
function scrollOf(run: Run, nativeSessionId: string): BusEvent[] {
  const session = run.summary.sessions.find((one) => one.nativeSessionId === nativeSessionId);
  return run.archive.get(session?.scrollId ?? '') ?? [];
}

function usageOf(run: Run, nativeSessionId: string): Summary['usage'] {
  return run.summary.sessions.find((one) => one.nativeSessionId === nativeSessionId)?.usage ?? [];
}

/** What happened in a session, as short as can be: the frame that each log has is left out. */
function told(events: readonly BusEvent[]): string[] {
  return events.slice(2, -2).map(({ event, routing }) => {
    switch (event.type) {
      case 'UserMessageChunk':
      case 'AgentMessageChunk':
      case 'AgentThoughtChunk':
        return `${routing.kind}: ${String('text' in event.content ? event.content.text : event.content.type)}`;
      case 'ToolCall':
        return `call ${event.toolCallId}: ${event.title} (${event.toolKind}) ${JSON.stringify(event.rawInput)}`;
      case 'ToolCallUpdate':
        return `result ${event.toolCallId}: ${event.status} ${JSON.stringify(event.content?.map(({ content }) => content))}`;
      case 'TurnEnded':
        return `end: ${event.stopReason}`;
      case 'Notice':
        return `notice: ${event.title}: ${event.description ?? ''}`;
      case 'ConfigOptionsChanged':
        return `model: ${JSON.stringify(event.configOptions.map((option) => (option as { currentValue?: unknown }).currentValue))}`;
      case 'SessionInfoChanged':
        return `title: ${event.title}`;
      case 'UsageUpdated':
        return 'usage';
      case 'ErrorRaised':
        return `error: ${event.message}`;
      default:
        return event.type;
    }
  });
}

const text = (value: string): string => JSON.stringify([{ type: 'text', text: value }]);

afterAll(() => ConsoleProcess.stopAll(), LONG);

describe('the logs of agents', () => {
  let run: Run;
  const names = [
    'pi.jsonl',
    'pi-mode.jsonl',
    'pi-v1.jsonl',
    'claude-code.jsonl',
    'claude-code-subagent.jsonl',
    'codex.jsonl',
    'codex-child.jsonl',
    'codex-fork.jsonl',
    'codex-subagent.jsonl',
    'copilot.jsonl',
    'copilot-old.jsonl',
    'gemini.jsonl',
    'gemini.json',
    'qwen.jsonl',
    'opencode.json',
  ];

  beforeAll(async () => {
    run = await runConsole(...names.map(log), '--json');
  }, LONG);

  it('are known by what they begin with, and read without a bad line', () => {
    expect({ code: run.code, stderr: run.stderr, badLines: run.summary.badLines }).toEqual({
      code: 0,
      stderr: '',
      badLines: [],
    });
    expect(run.summary.files.map(({ file, format }) => [file.replace(`${logs}/`, ''), format])).toEqual([
      ['pi.jsonl', 'a session log of pi'],
      ['pi-mode.jsonl', 'the output of pi --mode json'],
      ['pi-v1.jsonl', 'a session log of pi'],
      ['claude-code.jsonl', 'a transcript of Claude Code'],
      ['claude-code-subagent.jsonl', 'a transcript of Claude Code'],
      ['codex.jsonl', 'a rollout of Codex'],
      ['codex-child.jsonl', 'a rollout of Codex'],
      ['codex-fork.jsonl', 'a rollout of Codex'],
      ['codex-subagent.jsonl', 'a rollout of Codex'],
      ['copilot.jsonl', 'a session of Copilot CLI'],
      ['copilot-old.jsonl', 'a session of Copilot CLI'],
      ['gemini.jsonl', 'a chat of Gemini CLI'],
      ['gemini.json', 'a chat of Gemini CLI'],
      ['qwen.jsonl', 'a chat of Qwen Code'],
      ['opencode.json', 'an export of OpenCode'],
    ]);
    expect(run.summary.sessions.map(({ connectorId }) => connectorId.replace(`${logs}/`, '')).sort()).toEqual(
      names.map((name) => `${name.replace(/(-mode|-v1|-sub.*|-child|-fork|-old)?\..*/, '')}:${name}`).sort(),
    );
    // Whatever the log: each event has its time, if its line has one.
    const untimed = [...run.archive.values()].flat().filter(({ at }) => at === undefined);
    const types = untimed
      .map(({ event }) => event.type)
      .filter((type) => !/^(?:SessionEnded|Disconnected)$/.test(type));
    expect(types.sort()).toEqual([
      'Notice',
      'SessionInfoChanged',
      'SessionInfoChanged',
      'UsageUpdated',
      'UsageUpdated',
    ]);
  });

  describe('pi', () => {
    it('is read whole, with its branches, retries, commands and notes as what they are', () => {
      expect(told(scrollOf(run, 'pi-1'))).toEqual([
        'model: ["oak-1"]',
        'user-message: What grows here?',
        'agent-thought: Let me see.',
        'agent-message: I look.',
        'call c1: read (read) {"path":"bed.txt"}',
        'usage',
        `result c1: completed ${text('beans')}`,
        'usage',
        // The turn goes on: pi tries again.
        'usage',
        'error: overloaded',
        'agent-message: Beans.',
        'usage',
        'end: end_turn',
        'usage',
        'notice: compaction: Beans grow here.',
        'usage',
        'notice: branch: e9 goes on from e2, not from e8',
        'notice: summary of the branch that was left: We looked at the beans.',
        'usage',
        'user-message: And there?',
        'agent-message: Nothing.',
        'usage',
        'error: gone',
        'end: error',
        'call e12: bash (execute) {"command":"ls"}',
        `result e12: completed ${text('bed.txt\n')}`,
        'notice: weather: It rains.',
        expect.stringMatching(/^notice: message of role custom: .*unseen/),
      ]);
      const messages = scrollOf(run, 'pi-1').map(({ event }) => ('messageId' in event ? event.messageId : undefined));
      expect(messages.filter((id) => id !== undefined)).toEqual(['e2', 'e3', 'e3', 'e6', 'e10', 'e11']);
      const commands = scrollOf(run, 'pi-1').filter(({ event }) => 'toolCallId' in event && event.toolCallId === 'e12');
      expect(commands.map(({ origin }) => origin)).toEqual(['user', 'user']);
    });

    it('has the usage of messages, results and entries, by model', () => {
      expect(usageOf(run, 'pi-1')).toEqual([
        {
          model: 'oak-1',
          inputTokens: 221,
          outputTokens: 31,
          reasoningTokens: 8,
          cachedReadTokens: 550,
          cachedWriteTokens: 5,
          cost: { USD: 0.4375 },
        },
        { inputTokens: 807, outputTokens: 53, cachedReadTokens: 0, cachedWriteTokens: 0, cost: { USD: 0.546875 } },
      ]);
    });

    it('says each message once in the output of --mode json', () => {
      const whole = ['user-message: hello', 'agent-message: hi', 'usage', 'end: end_turn'];
      expect(told(scrollOf(run, 'pi-mode'))).toEqual(whole);
      expect(usageOf(run, 'pi-mode')).toMatchObject([{ inputTokens: 100, outputTokens: 10, cost: { USD: 0.25 } }]);
    });

    it('is read in its first version', () => {
      expect(told(scrollOf(run, 'pi-old'))).toEqual([
        'model: ["oak-1","off"]',
        'user-message: hello',
        'agent-message: hi',
        'usage',
        'end: end_turn',
        'notice: weather: It rains.',
        'notice: compaction: so far',
      ]);
    });
  });

  describe('Claude Code', () => {
    it('has one message for its lines, results with their raw output, and nothing that nobody typed', () => {
      expect(told(scrollOf(run, 'cc-1'))).toEqual([
        'title: The garden',
        'user-message: What grows here?',
        'notice: command: <command-name>/model</command-name>',
        'model: ["oak-2"]',
        'agent-message: I look.',
        'call t1: Bash (execute) {"command":"ls"}',
        `result t1: completed ${text('bed.txt')}`,
        'agent-message: digging',
        'call t2: Read (read) {}',
        'usage',
        'agent-thought: Beans.',
        'agent-message: Beans.',
        'usage',
        'end: end_turn',
        'notice: compact boundary: Conversation compacted',
        'notice: summary of the talk so far: A summary of it all.',
        'user-message: And there?',
        'call t3: Read (read) {"file_path":"x"}',
        `result t3: failed ${text('no such file')}`,
        'notice: interrupted: [Request interrupted by user]',
        'usage',
        'end: cancelled',
        'usage',
        'usage',
        'usage',
      ]);
      const [result] = scrollOf(run, 'cc-1').filter(({ event }) => event.type === 'ToolCallUpdate');
      expect(result?.event).toMatchObject({ rawOutput: { stdout: 'bed.txt' } });
      const [digging] = scrollOf(run, 'cc-1').filter(({ event }) => '_meta' in event);
      expect(digging?.event).toMatchObject({ messageId: 'msg_s', _meta: { claudeCode: { agentId: 'sub1' } } });
    });

    it('has the last usage of each message id, once, and the cost that it tells itself', () => {
      // A sum over the lines would be 21 in, 44 out.
      expect(usageOf(run, 'cc-1')).toEqual([
        {
          model: 'oak-2',
          inputTokens: 8,
          outputTokens: 30,
          cachedReadTokens: 600,
          cachedWriteTokens: 10,
          cost: { USD: 0.25 },
        },
        {
          model: 'oak-s',
          inputTokens: 3,
          outputTokens: 4,
          cachedReadTokens: 0,
          cachedWriteTokens: 0,
          cost: { USD: 0.125 },
        },
      ]);
    });

    it('keeps a subagent apart from its parent', () => {
      expect(told(scrollOf(run, 'sub2'))).toEqual([
        'user-message: Dig.',
        'model: ["oak-s"]',
        'agent-message: Dug.',
        'usage',
        'end: end_turn',
      ]);
    });
  });

  describe('Codex', () => {
    it('says everything once, and only what people typed', () => {
      expect(told(scrollOf(run, 'cx-1'))).toEqual([
        'model: ["oak-3"]',
        'user-message: What grows here?',
        'agent-thought: Let me see.',
        'agent-message: I look.',
        'call call_1: exec_command (execute) {"cmd":"ls"}',
        'usage',
        `result call_1: failed ${text('no')}`,
        'call call_2: apply_patch (edit) "*** Begin"',
        `result call_2: completed ${text('Done')}`,
        // The event says so later.
        'result call_2: failed undefined',
        'call web_search at 1769940006000: web_search (fetch) {"type":"search","query":"beans"}',
        'result web_search at 1769940006000: completed []',
        'usage',
        'agent-message: Beans.',
        'end: end_turn',
        'title: Beans',
        'notice: compaction: Beans grow here.',
        'notice: error: 429',
        'end: cancelled',
      ]);
    });

    it('has the differences of its totals as usage, without those that a child repeats', () => {
      expect(usageOf(run, 'cx-1')).toEqual([
        { model: 'oak-3', inputTokens: 160, cachedReadTokens: 140, outputTokens: 25, reasoningTokens: 6 },
      ]);
      const own = { inputTokens: 5, cachedReadTokens: 5, outputTokens: 3, reasoningTokens: 0 };
      const child = run.summary.sessions.find(({ connectorId }) => connectorId.endsWith('codex-child.jsonl'));
      expect(child?.usage).toEqual([{ model: 'oak-4', ...own }]);
      // Its turns have no time in their ids, so the pause tells.
      expect(usageOf(run, 'cx-3')).toEqual([{ model: 'oak-3', ...own }]);
      expect(told(scrollOf(run, 'cx-3'))).toEqual([
        'notice: fork: what follows is of session cx-1',
        'model: ["oak-3"]',
        'notice: fork: what follows is of this session',
        'user-message: ping',
        'usage',
      ]);
      // A child that repeats nothing, though all of it happened at once.
      expect(usageOf(run, 'cx-4')).toMatchObject([{ inputTokens: 20, cachedReadTokens: 30, outputTokens: 5 }]);
    });
  });

  describe('Copilot CLI', () => {
    const talk = [
      'model: ["oak-5"]',
      'user-message: What grows here?',
      'agent-thought: Let me see.',
      'agent-message: I look.',
      'PermissionRequested',
      'PermissionResolved',
      'call t1: bash (execute) {"command":"ls"}',
      `result t1: failed ${text('no')}`,
      'agent-message: Beans.',
      'end: end_turn',
      'notice: quota: 429',
    ];

    it('says each call once, and ends a turn when no tool was asked for', () => {
      const whole = told(scrollOf(run, 'cp-1'));
      expect(whole.filter((one) => one !== 'usage')).toEqual(talk);
      expect(whole.filter((one) => one === 'usage').length).toBe(2);
    });

    it('has each request once, whichever of its three places tells it', () => {
      const sum = { model: 'oak-5', inputTokens: 150, cachedReadTokens: 120, cachedWriteTokens: 30 };
      expect(usageOf(run, 'cp-1')).toEqual([{ ...sum, outputTokens: 12 }]);
      // The output by message, the rest at the shutdown, and the output of a message after it.
      expect(usageOf(run, 'cp-2')).toEqual([{ ...sum, outputTokens: 14 }]);
      const usages = scrollOf(run, 'cp-2').flatMap(({ event }) => (event.type === 'UsageUpdated' ? [event] : []));
      expect(usages.map(({ scope, inputTokens, outputTokens }) => [scope, inputTokens, outputTokens])).toEqual([
        [undefined, undefined, 7],
        [undefined, undefined, 5],
        ['rest', 150, 0],
        [undefined, undefined, 2],
      ]);
    });
  });

  describe('Gemini CLI', () => {
    it('says a message that is written twice once, as lines and as a document', () => {
      const whole = [
        'user-message: What grows here?',
        'model: ["oak-6"]',
        'agent-thought: Looking: Let me see.',
        'agent-message: I look.',
        'call t1: list_directory (search) {"dir_path":"."}',
        `result t1: completed ${text('bed.txt')}`,
        'usage',
        'agent-message: Beans.',
      ];
      expect(told(scrollOf(run, 'ge-1'))).toEqual([
        ...whole,
        'notice: warning: quota',
        'notice: rewind: back to message g-1',
        'usage',
        'end: end_turn',
        'user-message: And there?',
        'title: The garden',
      ]);
      expect(told(scrollOf(run, 'ge-2'))).toEqual(['title: The garden', ...whole, 'usage']);
    });

    it('has the usage of each message once', () => {
      const sum = { model: 'oak-6', inputTokens: 110, cachedReadTokens: 190, outputTokens: 17, reasoningTokens: 2 };
      expect([usageOf(run, 'ge-1'), usageOf(run, 'ge-2')]).toEqual([[sum], [sum]]);
    });
  });

  describe('Qwen Code', () => {
    it('says what was said, once', () => {
      expect(told(scrollOf(run, 'qw-1'))).toEqual([
        'user-message: What grows here?',
        'model: ["oak-7"]',
        'agent-thought: Let me see.',
        'agent-message: I look.',
        'call t1: list_directory (search) {"path":"."}',
        'usage',
        `result t1: failed ${text('no')}`,
        'agent-message: Beans.',
        'usage',
        'notice: notification: a task ended',
        'end: end_turn',
        'user-message: And there?',
        'title: Beans',
      ]);
    });

    it('has thoughts in the output, whether its provider counts them there or not', () => {
      expect(usageOf(run, 'qw-1')).toEqual([
        { model: 'oak-7', inputTokens: 700, cachedReadTokens: 400, outputTokens: 45, reasoningTokens: 10 },
      ]);
    });
  });

  describe('OpenCode', () => {
    it('says what was said, once', () => {
      expect(told(scrollOf(run, 'oc-1'))).toEqual([
        'title: The garden',
        'user-message: What grows here?',
        'user-message: resource_link',
        'model: ["oak-8"]',
        'agent-thought: Let me see.',
        'agent-message: I look.',
        'call t1: bash (execute) {"command":"ls"}',
        `result t1: completed ${text('bed.txt')}`,
        'usage',
        'agent-message: Beans.',
        'usage',
        'end: end_turn',
        'usage',
        'error: 401',
        'end: error',
      ]);
    });

    it('has the usage of each step, with reasoning in the output', () => {
      expect(usageOf(run, 'oc-1')).toEqual([
        {
          model: 'oak-8',
          inputTokens: 610,
          outputTokens: 33,
          reasoningTokens: 8,
          cachedReadTokens: 450,
          cachedWriteTokens: 0,
          cost: { USD: 0.5 },
        },
      ]);
    });
  });
});

describe('logs that repeat each other', () => {
  it.concurrent(
    'count a request once, and each scroll is whole: a fork of pi, and of Claude Code',
    async () => {
      const forks = ['pi-fork.jsonl', 'pi-parent.jsonl', 'claude-code-fork.jsonl', 'claude-code.jsonl'];
      const run = await runConsole(...forks.map(log), '--json');
      const talk = ['user-message: hello', 'agent-message: hi', 'usage', 'end: end_turn'];
      expect(told(scrollOf(run, 'pi-parent'))).toEqual(talk);
      expect(told(scrollOf(run, 'pi-fork')).slice(0, 5)).toEqual([
        'notice: fork: the first entries are those of /srv/pi-parent.jsonl',
        ...talk,
      ]);
      expect(usageOf(run, 'pi-fork')).toMatchObject([{ inputTokens: 210, cost: { USD: 0.75 } }]);
      expect(usageOf(run, 'pi-parent')).toMatchObject([{ inputTokens: 100, cost: { USD: 0.25 } }]);
      expect(usageOf(run, 'cc-2')).toMatchObject([{ inputTokens: 6, outputTokens: 22 }]);
      expect(new Map(run.summary.usage.map(({ model, ...usage }) => [model, usage]))).toEqual(
        new Map<string, unknown>([
          [
            'oak-1',
            { inputTokens: 210, outputTokens: 20, cachedReadTokens: 0, cachedWriteTokens: 0, cost: { USD: 0.75 } },
          ],
          [
            'oak-2',
            { inputTokens: 9, outputTokens: 32, cachedReadTokens: 603, cachedWriteTokens: 14, cost: { USD: 0.25 } },
          ],
          [
            'oak-s',
            { inputTokens: 3, outputTokens: 4, cachedReadTokens: 0, cachedWriteTokens: 0, cost: { USD: 0.125 } },
          ],
        ]),
      );
    },
    LONG,
  );
});

describe('a file', () => {
  it.concurrent(
    'that is no log is one line and exit code 2, and the files beside it are archived whole',
    async () => {
      const files = new Map<string, RegExp>([
        [log('droid.jsonl'), /: it is a session log of Droid, which the console does not read$/],
        [
          fileOf(Buffer.from('\ufeff{"type":"session"}\n', 'utf16le'), 'utf16.jsonl'),
          /: it is UTF-16, and logs are UTF-8$/,
        ],
        [fileOf('SQLite format 3\0\u0001\u0002', 'opencode.db'), /: it is an SQLite database; .*`opencode export`$/],
        [
          fileOf(Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 1, 2), 'codex.zst'),
          /: it is compressed by zstd; decompress it first$/,
        ],
        [fileOf('', 'empty.jsonl'), /: it is empty$/],
        [fileOf('\n \n', 'blank.jsonl'), /: none of its 2 lines can be used$/],
        [
          fileOf('some words\nand more\n', 'words.txt'),
          /: none of its first 2 lines is a JSON object \(line 1: malformed JSON: /,
        ],
        [fileOf('no\n'.repeat(1000), 'many.txt'), /: none of its first 100 lines is a JSON object \(line 1: /],
        [
          fileOf('{"hello":"world"}\n{"type":"session","id":"x"}\n', 'other.jsonl'),
          /: it is not a log that the console knows: a scroll of this console, a rollout of Codex, /,
        ],
        [
          fileOf('{\n  "hello": "world"\n}\n', 'document.json'),
          /: it is not a log that the console knows: a scroll of this console, a rollout of Codex, /,
        ],
        [
          fileOf('{\n  "sessionId": "x",\n', 'torn.json'),
          /: none of its first 2 lines is a JSON object \(line 1: malformed JSON: /,
        ],
        [fileOf('some words\n', 'line.txt'), /: its only line is not a JSON object \(line 1: malformed JSON: /],
        [fileOf('{"type":"session"}\n', 'useless.jsonl'), /: its only line cannot be used$/],
      ]);
      const run = await runConsole(...files.keys(), log('pi-parent.jsonl'), '--json');
      expect(run.code).toBe(2);
      const errors = run.stderr.trimEnd().split('\n');
      const [useless] = [...files.keys()].slice(-1);
      expect(errors.length).toBe(files.size + 1);
      expect(errors).toContain(`${useless}:1: session.id must be a string, got nothing`);
      for (const [file, reason] of files) {
        const failure = `cannot read ${file}`;
        expect(errors.find((line) => line.startsWith(`error: ${failure}`))).toMatch(reason);
        expect(run.summary.failures.find((line) => line.startsWith(failure))).toMatch(reason);
      }
      expect(told(scrollOf(run, 'pi-parent')).length).toBe(4);
      expect(run.summary.sessions.length).toBe(1);
    },
    LONG,
  );

  it.concurrent(
    'that gzip has compressed is read, and one that is cut off is read up to there',
    async () => {
      const whole = gzipSync(linesOf('pi-parent.jsonl').join(''));
      const many = gzipSync(linesOf('pi-fork.jsonl').join('') + '\n'.repeat(500_000) + 'x'.repeat(1000));
      const torn = fileOf(many.subarray(0, -20), 'torn.jsonl.gz');
      const run = await runConsole(fileOf(whole, 'pi.jsonl.gz'), torn, '--json', '--follow', '--agent-timeout', '1');
      expect(run.code).toBe(2);
      expect(run.stderr).toBe(`error: cannot read ${torn}: unexpected end of file\n`);
      expect(told(scrollOf(run, 'pi-parent')).length).toBe(4);
      expect(texts(scrollOf(run, 'pi-fork'), 'agent-message')).toEqual(['hi', 'now this']);
    },
    LONG,
  );

  it.concurrent(
    'that has two values on a line loses neither, and a header that is glued to a line starts its own scroll',
    async () => {
      const [header = '', user = '', agent = ''] = linesOf('pi-parent.jsonl');
      const glued = fileOf(header + user + agent.trimEnd() + linesOf('pi-mode.jsonl').join(''));
      const run = await runConsole(glued, '--json');
      expect(run.code).toBe(0);
      expect(run.stderr).toBe(`warning: ${glued}:3: it has 2 JSON values\n`);
      expect(texts(scrollOf(run, 'pi-parent'), 'agent-message')).toEqual(['hi']);
      expect(texts(scrollOf(run, 'pi-mode'), 'agent-message')).toEqual(['hi']);
    },
    LONG,
  );

  it.concurrent(
    'that is a scroll has its events and their times, and replays at their pace',
    async () => {
      const first = await runConsole(log('pi.jsonl'), '--json');
      const recorded = join(first.scrolls, `${first.summary.sessions[0]?.scrollId ?? ''}.jsonl`);
      const again = await runConsole(recorded, '--json');
      expect(again.summary.files[0]?.format).toBe('a scroll of this console');
      const shown = (run: Run): unknown[] =>
        run.scroll.slice(1).map(({ at, event, origin }) => ({ at, event, origin }));
      expect(shown(again)).toEqual(shown(first));
      expect(again.scroll[0]?.at).toBe(1769940000000);
      // At this speed, the first second takes a quarter of an hour.
      const slow = new ConsoleProcess(recorded, '--speed', '0.001');
      await slow.writes('session-config');
      slow.interrupt();
      expect(await slow.ended).toBe(130);
      expect(outline(slow.scroll)).toEqual(outline(first.scroll).slice(0, 3));
    },
    LONG,
  );

  it.concurrent(
    'runs on one clock with the others: what happened later comes later',
    async () => {
      const late = fileOf(
        linesOf('pi-parent.jsonl').join('').replaceAll('10:00', '10:01').replaceAll('pi-parent', 'late'),
      );
      const run = new ConsoleProcess(late, log('pi.jsonl'), '--speed', '0.001');
      await run.writes('session-config');
      run.interrupt();
      expect(await run.ended).toBe(130);
      expect(run.stdout).not.toContain('session late');
      const fast = await runConsole(late, log('pi.jsonl'), '--speed', '1e9', '--json');
      expect(fast.summary.sessions.length).toBe(2);
    },
    LONG,
  );
});

describe('a file that is followed', () => {
  it.concurrent(
    'is waited for until it is there',
    async () => {
      const file = join(freshDirectory(), 'later.jsonl');
      const run = new ConsoleProcess(file, '--follow');
      await run.writes(`warning: waiting for ${file}: there is no such file yet`);
      writeFileSync(file, linesOf('pi-parent.jsonl').join(''));
      await run.writes(' hi');
      run.interrupt();
      expect(await run.ended).toBe(130);
      expect(texts(run.scroll, 'agent-message')).toEqual(['hi']);
    },
    LONG,
  );

  it.concurrent(
    'is read once, though it is rewritten in place by a newer pi, truncated, and replaced',
    async () => {
      const newer = linesOf('pi-v3.jsonl').join('');
      const said = (id: string, parentId: string, content: string): string =>
        `${JSON.stringify({ type: 'message', id, parentId, timestamp: `2026-02-01T11:00:00.${id}Z`, message: { role: 'user', content } })}\n`;
      const file = fileOf(linesOf('pi-v1.jsonl').join(''));
      const run = new ConsoleProcess(file, '--follow');
      await run.writes('so far');
      // Longer than before, in the same file.
      writeFileSync(file, newer + said('100', 'a0000004', 'one'));
      await run.writes(' one');
      truncateSync(file, newer.length);
      appendFileSync(file, said('200', 'a0000004', 'two'));
      await run.writes(' two');
      renameSync(file, `${file}.1`);
      writeFileSync(file, newer + said('100', 'a0000004', 'one') + said('300', '100', 'three'));
      await run.writes(' three');
      run.interrupt();
      expect(await run.ended).toBe(130);
      expect(run.stderr).toBe('');
      const branches = [
        'notice: branch: 200 goes on from a0000004, not from 100',
        'notice: branch: 300 goes on from 100, not from 200',
      ];
      expect(told(run.scroll).filter((one) => !branches.includes(one))).toEqual([
        'model: ["oak-1","off"]',
        'user-message: hello',
        'agent-message: hi',
        'usage',
        'end: end_turn',
        'notice: weather: It rains.',
        'notice: compaction: so far',
        'user-message: one',
        'user-message: two',
        'user-message: three',
      ]);
    },
    LONG,
  );

  it.concurrent(
    'says again what is said again: the same words twice are two lines',
    async () => {
      const line = '{"type":"message","message":{"role":"user","content":"again"}}\n';
      const file = fileOf(`{"type":"session","id":"twice"}\n${line}${line}`);
      const run = new ConsoleProcess(file, '--follow');
      await run.writes('Connected');
      appendFileSync(file, line + 'end\n');
      await run.writes(':5: malformed JSON');
      run.interrupt();
      expect(await run.ended).toBe(130);
      expect(texts(run.scroll, 'user-message')).toEqual(['again', 'again', 'again']);
    },
    LONG,
  );
});

describe('the chunks of a followed file', () => {
  /** What comes next: text, or that the file starts anew. */
  async function next(chunks: AsyncGenerator<Uint8Array | typeof RESTART>): Promise<string> {
    const following = await chunks.next();
    if (following.done === true) {
      return 'end';
    }
    return following.value === RESTART ? RESTART : Buffer.from(following.value).toString();
  }

  const write = (content: string) => (file: string) => {
    writeFileSync(file, content);
  };

  it.each<[how: string, change: (file: string) => void, then: readonly string[]]>([
    ['appended to', write('one line more'), [' more']],
    ['rewritten, and longer', write('another, which is longer'), [RESTART, 'another, which is longer']],
    ['rewritten, and as long', write('ONE LINE'), [RESTART, 'ONE LINE']],
    ['rewritten behind its beginning', write('one LINE and'), [RESTART, 'one LINE and']],
    ['rewritten, and shorter', write('one'), [RESTART, 'one']],
    [
      'replaced',
      (file) => {
        renameSync(file, `${file}.1`);
        writeFileSync(file, 'one line more');
      },
      [RESTART, 'one line more'],
    ],
  ])('are right when it is %s', async (_how, change, then) => {
    const file = fileOf('one line');
    const stop = new AbortController();
    const chunks = fileChunks(file, { follow: true, signal: stop.signal });
    expect(await next(chunks)).toBe('one line');
    change(file);
    for (const one of then) {
      expect(await next(chunks)).toBe(one);
    }
    stop.abort();
    expect(await next(chunks)).toBe('end');
  });
});

describe('the values of a line', () => {
  const valuesOf = (line: string): unknown[] => jsonValuesOf({ number: 1, bytes: Buffer.from(line), terminated: true });

  it.each<[line: string, values: readonly unknown[]]>([
    ['', []],
    ['  \r', []],
    ['{"a":1}', [{ a: 1 }]],
    ['{"a":{}}{"b":[{}]}', [{ a: {} }, { b: [{}] }]],
    [' {"a":"}{"} {"b":"\\"}{\\\\"}{}\r', [{ a: '}{' }, { b: '"}{\\' }, {}]],
  ])('%j are found', (line, values) => {
    expect(valuesOf(line)).toEqual(values);
  });

  it.each(['{"a":1}{"b":', '{"a":1}x', '{"a":1}]', '}{', '{"a":"}', '"a" "b'])('%j are none', (line) => {
    expect(() => valuesOf(line)).toThrow(/^malformed JSON: /);
  });
});
