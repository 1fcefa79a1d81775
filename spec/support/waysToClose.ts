interface Closable {
  unsubscribe(id: number): void;
  close(): void;
}

/** How a receiver of this id is closed by its bus. */
export const waysToClose: readonly [string, (bus: Closable, id: number) => void][] = [
  [
    'closed',
    (bus, id): void => {
      bus.unsubscribe(id);
    },
  ],
  [
    'closed with the bus',
    (bus): void => {
      bus.close();
    },
  ],
];
