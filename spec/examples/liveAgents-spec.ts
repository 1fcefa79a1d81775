import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from '@jest/globals';
import { anchored, programName, withoutVariables } from '../../examples/agent-console/connectors/agentCommand.js';
import { usageOfAnswer } from '../../examples/agent-console/connectors/agentUsage.js';
import { TurnWatch } from '../../examples/agent-console/connectors/TurnWatch.js';
import { Ledger } from '../../examples/agent-console/ledger.js';
import { Transcript, type TranscriptLine } from '../../examples/agent-console/screen/Transcript.js';
import { UsageMeter } from '../../examples/agent-console/subscribers/usageMeter.js';
import { type BusEvent, type Event, SharingBus } from 'sharing-bus';
import {
  ConsoleProcess,
  fixtureAgent,
  fixtures,
  freshDirectory,
  outline,
  runConsole,
  texts,
  wireAgent,
} from './support/agentConsole.js';
import { ScriptedModel } from './support/scriptedModel.js';

const LONG = 60_000;

type Json = Readonly<Record<string, unknown>>;

/** The updates that an agent has sent in a recorded wire. */
function updatesOf(wire: string): Json[] {
  const lines = readFileSync(join(fixtures, 'wires', `${wire}.jsonl`), 'utf8')
    .trimEnd()
    .split('\n');
  return lines.flatMap((line) => {
    const { d, m } = JSON.parse(line) as {
      readonly d: string;
      readonly m: { method?: string; params?: { update: Json } };
    };
    return d === '<' && m.method === 'session/update' && m.params !== undefined ? [m.params.update] : [];
  });
}

/** Which event each kind of update becomes. */
const TYPES: Readonly<Record<string, string>> = {
  user_message_chunk: 'UserMessageChunk',
  agent_message_chunk: 'AgentMessageChunk',
  agent_thought_chunk: 'AgentThoughtChunk',
  tool_call: 'ToolCall',
  tool_call_update: 'ToolCallUpdate',
  available_commands_update: 'CommandsChanged',
  current_mode_update: 'ModeChanged',
  config_option_update: 'ConfigOptionsChanged',
  session_info_update: 'SessionInfoChanged',
  usage_update: 'UsageUpdated',
  notice: 'Notice',
};

/** Fields that have another name in an event. */
const NAMES: Readonly<Record<string, string>> = {
  kind: 'toolKind',
  currentModeId: 'modeId',
  availableCommands: 'commands',
};

function withoutNulls(value: unknown, isDeep = true): unknown {
  if (Array.isArray(value)) {
    return value.map((one) => (isDeep ? withoutNulls(one, false) : (one as unknown)));
  }
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value).filter(([, field]) => field !== null))
    : value;
}

/** The fields of an event that an update must become. */
function expected({ sessionUpdate, ...fields }: Json): Json {
  const told = Object.entries(fields).filter(([, value]) => value !== null);
  const lists = ['locations', 'availableCommands'];
  return {
    type: TYPES[String(sessionUpdate)],
    ...Object.fromEntries(
      told.map(([name, value]) => [NAMES[name] ?? name, lists.includes(name) ? withoutNulls(value) : value]),
    ),
  };
}

/** Whether `event` has the fields. */
function has(event: object, fields: Json): boolean {
  return Object.entries(fields).every(
    ([name, value]) => JSON.stringify((event as Json)[name]) === JSON.stringify(value),
  );
}

afterAll(() => ConsoleProcess.stopAll(), LONG);

/** What the model was told to say that it used, in each of two requests: 600 in, 400 from the cache, 20 out. */
const USED = { inputTokens: 1200, outputTokens: 40, cachedReadTokens: 800 };

const WIRES: readonly (readonly [wire: string, words: readonly string[], usage: readonly object[]])[] = [
  ['claude-auto', [], [{ model: 'claude-opus-5-5', ...USED, cachedWriteTokens: 0, cost: { USD: 0.00576 } }]],
  [
    'claude-default',
    ['--mode', 'default'],
    [
      {
        model: 'claude-opus-5-5',
        // Three requests: one was for the title. The agent's cost is for all of them.
        inputTokens: 1800,
        outputTokens: 60,
        reasoningTokens: 0,
        cachedReadTokens: 1200,
        cachedWriteTokens: 0,
        cost: { USD: 0.00864 },
      },
    ],
  ],
  ['codex', ['--mode', 'read-only'], [{ model: 'scripted', ...USED, reasoningTokens: 10, cachedWriteTokens: 0 }]],
  ['copilot', [], [{ ...USED, reasoningTokens: 10, cachedWriteTokens: 0 }]],
  // It tells neither what came from the cache nor what was reasoning.
  ['gemini', ['--auth', 'gemini-api-key'], [{ model: 'gemini-2.5-flash', inputTokens: 2000, outputTokens: 30 }]],
  // It tells the last request only, and the cost of both.
  [
    'opencode',
    [],
    [
      {
        model: 'local/scripted',
        inputTokens: 600,
        outputTokens: 20,
        reasoningTokens: 5,
        cachedReadTokens: 400,
        cost: { USD: 0.00168 },
      },
    ],
  ],
  // It tells how full its context is, and nothing else.
  ['pi', [], []],
  ['qwen', ['--auth', 'openai'], [{ model: '$runtime|openai|scripted(openai)', ...USED, reasoningTokens: 10 }]],
];

describe('the console with the recorded wires of real agents', () => {
  it.concurrent.each(WIRES)(
    '%s: archives each update, field for field, and its usage by one definition',
    async (wire, words, usage) => {
      const run = await runConsole('--json', '--agent', wireAgent(wire), ...words);
      expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
      // Nothing is without its scroll, also not what came before the session was open.
      expect(run.unbound).toEqual([]);
      const left = [...run.scroll];
      for (const update of updatesOf(wire)) {
        const fields = expected(update);
        const place = left.findIndex(({ event }) => has(event, fields));
        expect({ fields, isThere: place >= 0 }).toEqual({ fields, isThere: true });
        // In the order of the wire.
        left.splice(0, place + 1);
      }
      const [session] = run.summary.sessions;
      expect(session?.usage).toEqual(usage);
      expect(session?.events).toBe(run.scroll.length);
      expect(run.summary.subscribers.map(({ lagged }) => lagged)).toEqual([0, 0, 0, 0]);
    },
    LONG,
  );

  it.concurrent(
    'archives the agent, its version, its model and its mode with the registration',
    async () => {
      const run = await runConsole('--json', '--agent', wireAgent('claude-default'), '--mode', 'default');
      const [registered, connected, mode, options] = run.scroll.map(({ event }) => event);
      expect(registered?.type).toBe('SessionRegistered');
      expect(connected).toMatchObject({
        type: 'Connected',
        initialize: { protocolVersion: 1, agentInfo: { title: 'Claude Agent', version: '0.101.0' } },
        session: { modes: { currentModeId: 'auto' } },
      });
      expect(mode).toEqual({ type: 'ModeChanged', modeId: 'auto' });
      expect(options).toMatchObject({
        type: 'ConfigOptionsChanged',
        configOptions: [{ id: 'mode' }, { id: 'model' }, {}, {}, {}],
      });
      const modes = run.scroll.flatMap(({ event }) => (event.type === 'ModeChanged' ? [event.modeId] : []));
      expect(modes).toEqual(['auto', 'default']);
    },
    LONG,
  );

  it.concurrent(
    'reads on after the answer, until the agent has left',
    async () => {
      const run = await runConsole('--json', '--agent', wireAgent('claude-auto'));
      expect(outline(run.scroll).slice(-4)).toEqual([
        'session-lifecycle TurnEnded',
        'session-lifecycle SessionInfoChanged',
        'session-lifecycle SessionEnded',
        'system Disconnected',
      ]);
    },
    LONG,
  );

  it.concurrent(
    'warns where --permission reject keeps the agent from nothing',
    async () => {
      const [warned, asked] = await Promise.all([
        runConsole('--json', '--agent', wireAgent('claude-auto'), '--name', 'claude', '--permission', 'reject'),
        runConsole('--json', '--agent', wireAgent('codex'), '--mode', 'read-only', '--permission', 'reject'),
      ]);
      expect(warned.stderr).toBe(
        'warning: claude: it does not ask before everything that it does, so --permission reject cannot keep it from that: its mode is "auto" (see --mode)\n',
      );
      expect(asked.stderr).toBe('');
      expect(asked.scroll.map(({ event }) => event)).toContainEqual({
        type: 'PermissionResolved',
        requestId: '0',
        outcome: 'selected',
        optionId: 'cancel',
      });
    },
    LONG,
  );

  it.concurrent(
    'warns of a tool call that changed something without a question, whatever its mode is called',
    async () => {
      const words = [
        '--agent',
        wireAgent('claude-default'),
        '--name',
        'claude',
        '--mode',
        'plan',
        '--permission',
        'reject',
      ];
      const run = await runConsole('--json', ...words);
      expect(run.stderr).toBe('');
      const bold = await runConsole(
        '--json',
        '--agent',
        fixtureAgent('bold'),
        '--name',
        'bold',
        '--permission',
        'reject',
      );
      expect(bold.stderr).toBe(
        'warning: bold: it has not asked for permission before "Dig", so --permission reject cannot keep it from that: its mode is unknown (see --mode)\n',
      );
    },
    LONG,
  );

  it.concurrent.each([
    [
      'copilot-401',
      [],
      'ended its turn (end_turn) without an answer from its model; it said: Info: Request failed due to a transient API error. Retrying...' +
        'Info: Request failed due to a transient API error. Retrying...Error: Authentication failed with provider at http://127.0.0.1:8080/v1 (HTTP 401).\n' +
        'Check your COPILOT_PROVIDER_API_KEY, COPILOT_PROVIDER_API_KEY_COMMAND, or COPILOT_PROVIDER_BEARER_TOKEN.',
      undefined,
    ],
    [
      'codex-429',
      [],
      'ended its turn (end_turn) without an answer from its model; it said: exceeded retry limit, last status: 429 Too Many Requests',
      undefined,
    ],
    [
      'pi-refused',
      [],
      'ended its turn (end_turn) without an answer from its model; it said: Retrying (attempt 1/3, waiting 2s)...' +
        'Retrying (attempt 2/3, waiting 4s)...Retrying (attempt 3/3, waiting 8s)...Retry finished, resuming.',
      undefined,
    ],
    [
      'qwen-401',
      ['--auth', 'openai'],
      'refused session/prompt: Internal error (code -32603) {"details":"401 scripted 401"}',
      { method: 'session/prompt', code: -32603, data: { details: '401 scripted 401' } },
    ],
    [
      'opencode-401',
      [],
      'refused session/prompt: Internal error: scripted 401 (code -32603) {"service":"session","errorName":"APIError"}',
      { method: 'session/prompt', code: -32603, data: { service: 'session', errorName: 'APIError' } },
    ],
    [
      'claude-root',
      [],
      'refused session/new: Internal error: --dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons' +
        ' (code -32603) {"startupFailureReason":"bypass_root"}',
      { method: 'session/new', code: -32603, data: { startupFailureReason: 'bypass_root' } },
    ],
    [
      'gemini-no-key',
      [],
      'refused session/new: Gemini API key is missing or not configured. (code -32000); it wants --auth METHOD, one of: ' +
        'oauth-personal (Log in with Google: Log in with your Google account), gemini-api-key (Gemini API key: Use an API key with Gemini Developer API), ' +
        'vertex-ai (Vertex AI: Use an API key with Vertex AI GenAI API), gateway (AI API Gateway: Use a custom AI API Gateway)',
      { method: 'session/new', code: -32000 },
    ],
  ])(
    '%s: fails with the reason that the agent gives',
    async (wire, words, reason, archived) => {
      const run = await runConsole('--json', '--agent', wireAgent(wire), '--name', 'it', ...words);
      expect(run.code).toBe(2);
      expect(run.stderr).toBe(`error: agent it ${reason}\n`);
      expect(run.summary.failures).toEqual([`agent it ${reason}`]);
      expect(
        run.summary.sessions.map(({ failures, usage }) => ({
          failures,
          tokens: usage.map(({ inputTokens }) => inputTokens),
        })),
      ).toEqual(
        wire === 'claude-root' || wire === 'gemini-no-key'
          ? []
          : [{ failures: [`agent it ${reason}`], tokens: wire === 'opencode-401' ? [undefined] : [] }],
      );
      const events: readonly BusEvent[] = [...run.archive.values()].flat();
      const raised = events.filter(({ event }) => event.type === 'ErrorRaised').map(({ event }) => event);
      expect(raised).toEqual([{ type: 'ErrorRaised', message: expect.any(String), ...archived }]);
    },
    LONG,
  );
});

describe('the console with live agents', () => {
  it.concurrent(
    'tells two permission requests apart, though the agent gives both the same JSON-RPC id',
    async () => {
      const run = await runConsole('--json', '--agent', fixtureAgent('asks-twice'));
      const asked = run.scroll.flatMap(({ event }) =>
        event.type === 'PermissionRequested' || event.type === 'PermissionResolved'
          ? [`${event.type} ${event.requestId}`]
          : [],
      );
      expect(asked).toEqual([
        'PermissionRequested permission-1',
        'PermissionResolved permission-1',
        'PermissionRequested permission-1#2',
        'PermissionResolved permission-1#2',
      ]);
      expect(run.code).toBe(0);
    },
    LONG,
  );

  it.concurrent(
    'says after 10 seconds that an agent is silent, with the last of its stderr, and cancels its turn after --prompt-timeout',
    async () => {
      const run = await runConsole(
        '--json',
        '--agent',
        fixtureAgent('dumb'),
        '--name',
        'dumb',
        '--prompt-timeout',
        '12',
      );
      expect(run.stderr).toBe(
        'warning: dumb: not a word for 10 s, it has yet to answer session/prompt; its last lines on stderr:\nconnection refused\n' +
          'error: agent dumb failed: no answer to session/prompt within 12 s (see --prompt-timeout); its last lines on stderr:\nconnection refused\n',
      );
      expect(run.code).toBe(2);
      // It has ended its turn when it was told to.
      expect(outline(run.scroll).slice(-4)).toEqual([
        'session-lifecycle TurnEnded',
        'system ErrorRaised',
        'session-lifecycle SessionEnded',
        'system Disconnected',
      ]);
    },
    LONG,
  );

  it.concurrent(
    'loses nothing of a turn with 300 tool calls',
    async () => {
      const run = await runConsole('--json', '--agent', fixtureAgent('busy'));
      expect({ code: run.code, stderr: run.stderr }).toEqual({ code: 0, stderr: '' });
      const calls = run.scroll.flatMap(({ event }) =>
        event.type === 'ToolCall' || event.type === 'ToolCallUpdate' ? [`${event.toolCallId} ${event.status}`] : [],
      );
      expect(calls).toEqual(
        Array.from({ length: 900 }, (_, index) => {
          const status = ['pending', 'in_progress', 'completed'][index % 3];
          return `call-${Math.floor(index / 3) + 1} ${status}`;
        }),
      );
      expect(run.summary.subscribers[0]).toEqual({ name: 'archivist', delivered: run.scroll.length, lagged: 0 });
    },
    LONG,
  );

  it.concurrent(
    'gives each agent its own name, method and mode',
    async () => {
      const run = await runConsole(
        ...['--json', '--mode', 'read-only'],
        ...['--agent', wireAgent('gemini'), '--name', 'first', '--auth', 'gemini-api-key', '--mode', 'yolo'],
        ...['--agent', wireAgent('codex')],
        ...['--agent', wireAgent('opencode'), '--name', 'third', '--mode', 'no-such'],
      );
      expect(run.stderr).toBe('error: agent third failed: it has no mode "no-such"; it has: build, plan\n');
      const connectors = run.summary.sessions.map(({ connectorId }) => connectorId);
      expect(connectors.sort()).toEqual(['acp:first', 'acp:third', 'acp:wireAgent']);
      const modes = [...run.archive.values()].map((events) => [
        events[0]?.routing.connectorId,
        ...events.flatMap(({ event }) => (event.type === 'ModeChanged' ? [event.modeId] : [])),
      ]);
      expect(modes.sort()).toEqual([
        ['acp:first', 'default', 'yolo'],
        ['acp:third', 'build'],
        ['acp:wireAgent', 'agent', 'read-only'],
      ]);
    },
    LONG,
  );

  it.concurrent.each([
    [['--name', 'x', '--agent', 'a'], /It must follow the --agent that it names/],
    [['--agent', 'a', '--mode', ' '], /It is empty/],
    [['--agent', 'a', '--prompt-timeout', '0'], /It must be a number above 0/],
  ])(
    'refuses %j',
    async (words, reason) => {
      const run = await runConsole(...words);
      expect(run.code).toBe(2);
      expect(run.stderr).toMatch(reason);
    },
    LONG,
  );

  it.concurrent(
    'shows a message as one that grows, a tool call by its title and state, and what a permission is for',
    async () => {
      const run = await runConsole('--agent', wireAgent('codex'), '--mode', 'read-only', '--prompt', 'Sow beans.');
      const lines = run.stdout
        .split('\n')
        .filter((line) => /^(agent-message|tool-call|permission|!|usage|system)/.test(line));
      expect(lines).toEqual([
        'system             connected to Codex 2.6.0, protocol 1',
        '! acp:wireAgent is in mode agent',
        '! acp:wireAgent is in mode read-only',
        expect.stringMatching(/^system {13}warning: Model metadata/),
        'agent-message      I sow.',
        'tool-call          echo beans > /home/user/garden/bed.txt [in_progress]',
        expect.stringMatching(/^permission {9}echo beans > .*: Yes, proceed/),
        '! acp:wireAgent asks permission: echo beans > /home/user/garden/bed.txt',
        'permission         selected allow_once',
        '! acp:wireAgent was answered: allow_once',
        'tool-call-update   echo beans > /home/user/garden/bed.txt [completed]',
        'usage              context: 1020 of 258400; scripted',
        'agent-message      The beans are sown.',
        'usage              context: 1020 of 258400; scripted',
        'usage              tokens: 1200 in, 800 read from cache, 0 written to cache, 40 out, 10 of it reasoning; scripted',
        'system             Disconnected {"reason":"end of turn"}',
      ]);
      const qwen = await runConsole('--agent', wireAgent('qwen'), '--auth', 'openai');
      // Two chunks, and an empty one for the usage.
      expect(qwen.stdout).toMatch(/^agent-message {6}The beans are sown\.$/m);
      expect(qwen.stdout).toMatch(
        /^tool-call-update {3}WriteFile: Writing to bed\.txt: \/home\/user\/garden\/bed\.txt \[completed\]$/m,
      );
      const opencode = await runConsole('--agent', wireAgent('opencode'));
      expect(opencode.stdout).toMatch(/context: 1000 of 100000; 0\.00168 USD; local\/scripted$/m);
      expect(opencode.stdout).toMatch(/│ +0\.00168 USD │/);
      const copilot = await runConsole('--agent', wireAgent('copilot'));
      expect(copilot.stdout).toContain('! acp:wireAgent asks permission: Create file: /home/user/garden/bed.txt\n');
    },
    LONG,
  );

  it.concurrent(
    'looks for a relative command where the user is',
    async () => {
      const elsewhere = freshDirectory();
      const run = new ConsoleProcess('--json', '--cwd', elsewhere, '--agent', './spec/examples/fixtures/bin/explorer');
      expect(await run.ended).toBe(0);
      expect(run.summary.sessions.map(({ connectorId }) => connectorId)).toEqual(['acp:explorer']);
      expect(texts(run.scroll, 'agent-message')[0]).toBe(`${elsewhere}\n`);
    },
    LONG,
  );

  it.each([
    ['gemini --acp', 'gemini'],
    ['KEY=1 OTHER="a b" /usr/bin/gemini --acp', 'gemini'],
    ['env X=1 a', 'a'],
    ['env -u HOME X=1 a --b', 'a'],
    ['npx -y @agentclientprotocol/claude-agent-acp@0.101.0 --x', 'claude-agent-acp'],
    ['npx --package @scope/p tool', 'tool'],
    ['node --import tsx "/a b/agent.ts" well', 'agent'],
    ['"/a b/my agent" --acp', 'my agent'],
    ['node', 'node'],
    ['', 'agent'],
  ])('calls the agent of %j %j', (command, name) => {
    expect(programName(command)).toBe(name);
  });

  it('reports it without its variables', () => {
    expect(withoutVariables('KEY="a b" env X=1 agent --acp')).toBe('agent --acp');
    expect(withoutVariables('"/a b/agent" X=1')).toBe('"/a b/agent" X=1');
  });

  it('changes only a path that is there, and quotes it', () => {
    const directory = join(freshDirectory(), "a 'b'");
    mkdirSync(directory);
    writeFileSync(join(directory, 'agent.js'), '');
    const path = `'${directory.replaceAll("'", "'\\''")}/agent.js'`;
    expect(anchored('X=1 ./agent.js --x ./agent.js', directory)).toBe(`X=1 ${path} --x ./agent.js`);
    expect(anchored('node ./agent.js', directory)).toBe(`node ${path}`);
    for (const same of ['agent.js', './missing', '/usr/bin/env ./missing', '$HOME/agent', 'a; ./agent.js']) {
      expect(anchored(same, directory)).toBe(same);
    }
  });
});

describe('a transcript', () => {
  const make = (event: Event): TranscriptLine | undefined =>
    transcript.add({ routing: { kind: 'k' }, origin: 'agent', event });
  const say = (text: string, messageId?: string): TranscriptLine | undefined =>
    make({ type: 'AgentMessageChunk', content: { type: 'text', text }, ...(messageId !== undefined && { messageId }) });
  let transcript = new Transcript();
  beforeEach(() => {
    transcript = new Transcript();
  });

  it('has one line for a message, which grows until something else comes', () => {
    expect(say('The ')).toEqual({ id: 1, kind: 'k', text: 'The ', added: 'The ', isNew: true });
    expect(say('')).toBeUndefined();
    expect(say('beans')).toEqual({ id: 1, kind: 'k', text: 'The beans', added: 'beans', isNew: false });
    expect(say('Next', 'm2')?.id).toBe(2);
    make({ type: 'TurnEnded', stopReason: 'end_turn' });
    expect(say('again', 'm2')).toMatchObject({ id: 4, text: 'again', isNew: true });
  });

  it('cuts a message that does not end', () => {
    expect(say('x'.repeat(10_000))?.text.length).toBe(4000);
    expect(say('y')).toBeUndefined();
  });

  it('has one line for a tool call, changed when its state or title is', () => {
    const update = (fields: object): string | undefined => {
      const line = make({ type: 'ToolCallUpdate', toolCallId: 'c', ...fields });
      return line && `${line.id} ${line.text}`;
    };
    make({ type: 'ToolCall', toolCallId: 'c', title: 'Run', rawInput: { command: ['ls', '-l'] } });
    expect(update({ status: 'in_progress' })).toBe('1 Run: ls -l [in_progress]');
    expect(update({ content: [] })).toBeUndefined();
    expect(update({ title: 'List with ls -l' })).toBe('1 List with ls -l [in_progress]');
    expect(update({ status: 'completed' })).toBe('1 List with ls -l [completed]');
    // The call is over. Another of the same id is a new one.
    expect(update({ title: 'Again' })).toBe('2 Again [pending]');
  });
});

describe('a turn', () => {
  const said = (text: string): Json => ({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
  const none = { inputTokens: 0, outputTokens: 0 };
  it.each<[what: string, updates: readonly Json[], answer: Json, agent: string, failure: RegExp | undefined]>([
    ['has an answer', [said('Hi.')], { stopReason: 'end_turn' }, 'new', undefined],
    [
      'has one of a model that does not count',
      [said('Hi.')],
      { stopReason: 'end_turn', usage: none },
      'Copilot',
      undefined,
    ],
    ['has only work', [{ sessionUpdate: 'tool_call' }], { stopReason: 'end_turn' }, 'Copilot', undefined],
    [
      'has nothing',
      [said(''), said(' ')],
      { stopReason: 'end_turn' },
      'new',
      /^ended its turn \(end_turn\) without an answer from its model$/,
    ],
    [
      'has an error',
      [said('API Error: 401')],
      { stopReason: 'end_turn', usage: none },
      'new',
      /; it said: API Error: 401$/,
    ],
    [
      'has no usage where there always is one',
      [said('Sorry.')],
      { stopReason: 'end_turn' },
      'Copilot',
      /without an answer/,
    ],
    [
      'is refused',
      [said('No.')],
      { stopReason: 'refusal', usage: { outputTokens: 2 } },
      'new',
      /by itself \(refusal\); it said: No\.$/,
    ],
    ['is cancelled by the agent', [said('Well')], { stopReason: 'cancelled' }, 'new', /by itself \(cancelled\)/],
  ])('%s', (_what, updates, answer, agent, failure) => {
    const turn = new TurnWatch();
    for (const update of updates) {
      turn.update(update);
    }
    expect(turn.failure(answer, agent, false) ?? '').toMatch(failure ?? /^$/);
  });

  it('may be a command, and may be cancelled where a permission was denied', () => {
    const command = new TurnWatch();
    command.update(said('All is well.'));
    expect(command.failure({ stopReason: 'end_turn', usage: null }, 'Copilot', true)).toBeUndefined();
    const denied = new TurnWatch();
    denied.isDenied = true;
    expect(denied.failure({ stopReason: 'cancelled' }, 'new', false)).toBeUndefined();
  });
});

describe('usage', () => {
  const eventsOf = (answer: Json, agent?: string): unknown[] =>
    usageOfAnswer(answer, agent, 'oak').map(({ event: { type: _, ...fields } }) => fields);

  it.each([
    ['with cached, with reasoning', 1000, 20, 1020],
    ['with cached, without reasoning', 1000, 15, 1020],
    ['without cached, with reasoning', 600, 20, 1020],
    ['without cached, without reasoning', 600, 15, 1020],
  ])('is read by its total: %s', (_way, inputTokens, outputTokens, totalTokens) => {
    const usage = { inputTokens, outputTokens, thoughtTokens: 5, cachedReadTokens: 400, totalTokens };
    const right = { inputTokens: 600, outputTokens: 20, reasoningTokens: 5, cachedReadTokens: 400 };
    expect(eventsOf({ usage })).toEqual([{ scope: 'turn', model: 'oak', ...right }]);
  });

  it('without a total is read as the agent is known to count', () => {
    const usage = { inputTokens: 1000, outputTokens: 20, cachedReadTokens: 400 };
    expect(eventsOf({ usage }, 'Copilot')).toMatchObject([{ inputTokens: 600, cachedReadTokens: 400 }]);
    expect(eventsOf({ usage }, 'new')).toMatchObject([{ inputTokens: 1000, cachedReadTokens: 400 }]);
  });

  it('is told by model where the models add up, and beside the turn where they are more', () => {
    const count = (inputTokens: number): Json => ({ inputTokens, outputTokens: 1 });
    const quota = (...counts: number[]): Json => ({
      model_usage: counts.map((inputTokens, model) => ({ model: `m${model}`, token_count: count(inputTokens) })),
    });
    expect(eventsOf({ usage: { inputTokens: 30, outputTokens: 2 }, _meta: { quota: quota(10, 20) } })).toEqual([
      { scope: 'turn', model: 'm0', inputTokens: 10, outputTokens: 1 },
      { scope: 'turn', model: 'm1', inputTokens: 20, outputTokens: 1 },
    ]);
    expect(eventsOf({ usage: count(10), _meta: { quota: quota(10, 5) } })).toEqual([
      { scope: 'turn', model: 'm0', inputTokens: 10, outputTokens: 1 },
      { scope: 'rest', model: 'm1', inputTokens: 5, outputTokens: 1 },
    ]);
    expect(eventsOf({ usage: count(7), _meta: { quota: quota(10, 5) } })).toEqual([
      { scope: 'turn', inputTokens: 7, outputTokens: 1 },
    ]);
  });

  it.each([
    {},
    { usage: null },
    { usage: { inputTokens: 0, outputTokens: 0 } },
    { usage: { inputTokens: '5' } },
    { _meta: { quota: { model_usage: 'x' } } },
  ])('is unknown in %j', (answer) => {
    expect(eventsOf(answer)).toEqual([]);
  });

  it('has the cost of a session by model, though the agent tells it of all together', async () => {
    const bus = new SharingBus();
    const meter = new UsageMeter({ bus, ledger: new Ledger() }, 64);
    const tell = (model: string, amount: number): void => {
      const event = { type: 'UsageUpdated', used: 1, model, cost: { amount, currency: 'USD' } } as const;
      bus.publish({ routing: { kind: 'usage', connectorId: 'c', nativeSessionId: 's' }, origin: 'agent', event });
    };
    tell('oak', 0.25);
    tell('oak', 0.5);
    tell('elm', 0.625);
    tell('oak', 1);
    tell('oak', 1.5);
    bus.close();
    await meter.done;
    expect(meter.models).toEqual([
      { model: 'oak', cost: { USD: 1.375 } },
      { model: 'elm', cost: { USD: 0.125 } },
    ]);
    expect(meter.total).toEqual({ cost: { USD: 1.5 } });
  });
});

/** A real agent runs where it is installed: QWEN_CODE names it. */
const qwenCode = process.env['QWEN_CODE'];

for (const executable of qwenCode === undefined ? [] : [qwenCode]) {
  describe('the console with a real agent: Qwen Code, its model scripted', () => {
    it(
      'sets its mode, answers its question, archives each update, and counts each request',
      async () => {
        const work = freshDirectory();
        const file = join(work, 'bed.txt');
        const model = new ScriptedModel(
          [
            {
              thought: 'A bed wants beans.',
              texts: ['I sow.'],
              call: { name: 'write_file', args: { file_path: file, content: 'beans\n' } },
            },
            { texts: ['The beans ', 'are sown.'] },
          ],
          {
            prompt_tokens: 1000,
            completion_tokens: 20,
            total_tokens: 1020,
            prompt_tokens_details: { cached_tokens: 400 },
            completion_tokens_details: { reasoning_tokens: 5 },
          },
        );
        const url = await model.listen();
        const variables = `HOME="${freshDirectory()}" OPENAI_API_KEY=dummy OPENAI_BASE_URL=${url} OPENAI_MODEL=scripted`;
        const words = ['--auth', 'openai', '--mode', 'default', '--no-fs', '--cwd', work, '--prompt', 'Sow beans.'];
        const run = await runConsole('--json', '--agent', `${variables} "${executable}" --acp`, ...words);
        model.close();
        expect({ code: run.code, failures: run.summary.failures }).toEqual({ code: 0, failures: [] });
        expect(readFileSync(file, 'utf8')).toBe('beans\n');
        expect(texts(run.scroll, 'agent-thought')).toEqual(['A bed wants beans.']);
        expect(texts(run.scroll, 'agent-message').filter((text) => text !== '')).toEqual([
          'I sow.',
          'The beans ',
          'are sown.',
        ]);
        const types = run.scroll.map(({ event }) => event.type);
        expect(types.filter((type) => type.startsWith('Permission'))).toEqual([
          'PermissionRequested',
          'PermissionResolved',
        ]);
        const modes = run.scroll.flatMap(({ event }) => (event.type === 'ModeChanged' ? [event.modeId] : []));
        expect(modes.at(-1)).toBe('default');
        const [session] = run.summary.sessions;
        expect(session?.connectorId).toBe('acp:qwen');
        expect(session?.usage).toEqual([
          {
            model: expect.stringContaining('scripted'),
            // Two requests. What it asks the model besides, such as for a suggestion, it does not tell.
            inputTokens: 1200,
            outputTokens: 40,
            reasoningTokens: 10,
            cachedReadTokens: 800,
          },
        ]);
        expect(types.slice(-2)).toEqual(['SessionEnded', 'Disconnected']);
        expect(run.unbound).toEqual([]);
      },
      2 * LONG,
    );
  });
}
