import type { Gap, PermissionOption, PlanEntry } from 'sharing-bus';

interface Base {
  /** Unique, and in the order of their coming. */
  readonly id: number;
  /** The connector and its session, where the scrolls of all are shown. */
  readonly from: string;
}

/** What somebody says, all its chunks together. */
export interface MessageEntry extends Base {
  readonly type: 'message';
  readonly role: 'user' | 'agent' | 'thought';
  readonly messageId: string | undefined;
  readonly text: string;
  /** Whether more was said than is kept here. */
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
  readonly title: string;
  readonly options: readonly PermissionOption[];
  /** `undefined` while it waits. */
  readonly answer: string | undefined;
}

/** Whatever is told in one line. */
export interface LineEntry extends Base {
  readonly type: 'line';
  readonly tone: 'quiet' | 'notice' | 'error';
  readonly kind: string;
  readonly text: string;
}

/** Events that are missing in this place. */
export interface GapEntry extends Base {
  readonly type: 'gap';
  readonly gap: Gap;
}

/** One entry of a scroll, as it is shown. */
export type Entry = MessageEntry | ToolEntry | PlanSteps | PermissionEntry | LineEntry | GapEntry;
