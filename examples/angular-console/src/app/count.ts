/** A number with separators. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 event`, `2 events`. */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
}
