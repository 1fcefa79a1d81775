/** Thrown for a file that is not a log, or a log of a kind that is not read. Its message goes into a report. */
export class NotALogError extends Error {
  override readonly name = 'NotALogError';
}
