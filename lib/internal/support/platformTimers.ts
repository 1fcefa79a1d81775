/** What stands for the platform's timers now: fake timers of a test put others in their place. Not every engine has timers. */
export function platformTimers(): unknown {
  return (globalThis as { setInterval?: unknown }).setInterval;
}
