import type { Gap, PermissionOption, PlanEntry } from 'sharing-bus';

interface Base {
  /** Unique and increasing. */
  readonly id: number;
  /** The connector and the session, for the view of all sessions. */
  readonly from: string;
}

/** A message: the text of all its chunks. */
export interface MessageEntry extends Base {
  readonly type: 'message';
  readonly role: 'user' | 'agent' | 'thought';
  readonly messageId: string | undefined;
  readonly text: string;
  /** Whether the start of the text is no longer kept. */
  readonly isCut: boolean;
}

export interface ToolEntry extends Base {
  readonly type: 'tool';
  readonly title: string;
  readonly toolKind: string;
  readonly status: string;
  readonly paths: readonly string[];
  readonly input: string;
  readonly output: string;
}

export interface PlanSteps extends Base {
  readonly type: 'plan';
  readonly steps: readonly PlanEntry[];
}

export interface PermissionEntry extends Base {
  readonly type: 'permission';
  /** Its name on the server. */
  readonly key: string;
  readonly title: string;
  /** What the agent would do, as far as it says so. */
  readonly input: string;
  readonly options: readonly PermissionOption[];
  readonly state: 'waiting' | 'answered' | 'cancelled';
  /** Empty until it is answered. */
  readonly answer: string;
}

/** An event in one line. */
export interface LineEntry extends Base {
  readonly type: 'line';
  readonly tone: 'quiet' | 'notice' | 'error';
  readonly kind: string;
  readonly text: string;
}

/** Events that are missing at this place. */
export interface GapEntry extends Base {
  readonly type: 'gap';
  readonly gap: Gap;
}

/** An entry of a scroll. */
export type Entry = MessageEntry | ToolEntry | PlanSteps | PermissionEntry | LineEntry | GapEntry;
