/** The time of a log, text in ISO 8601 or a number, in milliseconds since 1970; `undefined` if it is none. */
export function timeOf(time: unknown): number | undefined {
  const milliseconds = typeof time === 'string' ? Date.parse(time) : time;
  return typeof milliseconds === 'number' && Number.isFinite(milliseconds) ? milliseconds : undefined;
}
