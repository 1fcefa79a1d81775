import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';

/** Two computed times of one start differ by less than this, in seconds. A start takes longer. */
const TOLERANCE = 10;

/** Identifies the run of the machine since its last start. */
export function machineRun(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `${Math.round(Date.now() / 1_000 - uptime())}`;
  }
}

/** Whether both are of the same run. */
export function isSameRun(one: string, other: string): boolean {
  return one === other || Math.abs(Number(one) - Number(other)) < TOLERANCE;
}
