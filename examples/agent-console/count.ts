/** A number with separators. */
export function count(value: number): string {
  return value.toLocaleString('en-US');
}

/** `1 event`, `2 events`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}
