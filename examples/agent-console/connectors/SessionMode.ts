import { isObject, type Json } from './shape.js';

/** Modes in which an agent does not ask before everything that it changes, by the ids that agents use. */
const UNASKING = new Set([
  'acceptEdits',
  'agent-full-access',
  'auto',
  'auto-edit',
  'autoEdit',
  'autopilot',
  'bypassPermissions',
  'dontAsk',
  'full-access',
  'workspace-write',
  'yolo',
]);
/** `agent` is such a mode of this agent; others call so the mode in which they ask. */
const CODEX = /\bcodex\b/i;

/** How to set a mode: agents tell their modes as such, or as a configuration option, or as both. */
export type ModeRequest =
  { readonly method: 'session/set_mode' } | { readonly method: 'session/set_config_option'; readonly configId: string };

/** The mode of a session, such as whether the agent asks before it acts. */
export class SessionMode {
  /** `undefined` if the agent has told none. */
  current: string | undefined;
  /** The ids of all modes. */
  ids: readonly string[] = [];
  request: ModeRequest | undefined;

  /** Reads the answer to `session/new`. */
  open({ modes, configOptions }: Json): void {
    if (isObject(modes) && typeof modes['currentModeId'] === 'string') {
      this.current = modes['currentModeId'];
      this.ids = idsOf(modes['availableModes'], 'id');
      this.request = { method: 'session/set_mode' };
    } else {
      this.configure(configOptions);
    }
  }

  /** Reads the configuration options of the session. */
  configure(configOptions: unknown): void {
    const option = optionOf(configOptions, 'mode');
    if (option === undefined || typeof option['currentValue'] !== 'string' || typeof option['id'] !== 'string') {
      return;
    }
    this.current = option['currentValue'];
    if (this.request?.method !== 'session/set_mode') {
      this.ids = idsOf(option['options'], 'value');
      this.request = { method: 'session/set_config_option', configId: option['id'] };
    }
  }

  /** The id that `wanted` means: an id, or the last part of one that is a URL. `undefined` if there is no such mode. */
  idOf(wanted: string): string | undefined {
    return this.ids.find((id) => id === wanted) ?? this.ids.find((id) => shortMode(id) === wanted);
  }

  /** Whether the agent changes things without asking in this mode, as far as that is known. */
  isUnasking(agent: string | undefined): boolean {
    const mode = shortMode(this.current ?? '');
    return UNASKING.has(mode) || (mode === 'agent' && CODEX.test(agent ?? ''));
  }
}

/** A mode for people to read: an id may be a URL. */
export function shortMode(id: string): string {
  return /^https?:.*#(.+)$/.exec(id)?.[1] ?? id;
}

/** The model of a session, by its configuration options or by the answer to `session/new`. */
export function modelOf({ configOptions, models }: Json): string | undefined {
  const value =
    optionOf(configOptions, 'model')?.['currentValue'] ?? (isObject(models) ? models['currentModelId'] : undefined);
  return typeof value === 'string' ? value : undefined;
}

function optionOf(configOptions: unknown, category: string): Json | undefined {
  const options = (Array.isArray(configOptions) ? configOptions : []).filter(isObject);
  return (
    options.find((option) => option['category'] === category && option['id'] === category) ??
    options.find((option) => option['category'] === category)
  );
}

/** The ids of a list; of a list in groups, those of each group. */
function idsOf(list: unknown, key: string): string[] {
  return (Array.isArray(list) ? list : []).filter(isObject).flatMap((entry) => {
    const id = entry[key];
    return typeof id === 'string' ? [id] : idsOf(entry['options'], key);
  });
}
