import { mkdirSync, writeFileSync } from 'node:fs';
import { parse, View } from 'vega';
import { compile, type TopLevelSpec } from 'vega-lite';
import { PLOTS } from '../paths.js';
import type { ServerName } from './messages.js';

/** The peers as they are shown, with their colours. */
const PEERS: Readonly<Record<ServerName, readonly [title: string, colour: string]>> = {
  bus: ['sharing-bus', '#d62728'],
  loop: ['a loop by hand', '#1f77b4'],
  'better-sse': ['better-sse', '#2ca02c'],
};

/** A plot over the number at the end of the names of cells. */
interface Plot {
  readonly file: string;
  readonly cells: string;
  readonly title: string;
  readonly axis: string;
}

const ALL: readonly Plot[] = [
  {
    file: 'event-streams-burst',
    cells: 'burst',
    title: 'Event streams, 1,000 clients, by burst',
    axis: 'events in a turn',
  },
  { file: 'event-streams-clients', cells: 'clients', title: 'Event streams, one event at a time', axis: 'clients' },
];

/** Draws each plot whose cells were measured into docs/plots. */
export async function drawPlots(medians: ReadonlyMap<string, number>): Promise<void> {
  mkdirSync(PLOTS, { recursive: true });
  for (const { file, cells, title, axis } of ALL) {
    const points = [...medians].flatMap(([name, value]) => {
      const [kind, peer = '', size] = name.split('/');
      return kind === cells ? [{ peer: PEERS[peer as ServerName][0], size: Number(size), value }] : [];
    });
    if (points.length > 0) {
      writeFileSync(`${PLOTS}/${file}.svg`, `${await svgOf(specOf(points, title, axis))}\n`);
    }
  }
}

async function svgOf(spec: TopLevelSpec): Promise<string> {
  const view = new View(parse(compile(spec).spec), { renderer: 'none' });
  try {
    return await view.toSVG();
  } finally {
    view.finalize();
  }
}

function specOf(
  values: readonly { peer: string; size: number; value: number }[],
  title: string,
  axis: string,
): TopLevelSpec {
  const peers = Object.values(PEERS);
  return {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 12,
    config: { font: 'sans-serif', legend: { title: null, labelLimit: 600 } },
    title: { text: title, anchor: 'start' },
    width: 520,
    height: 320,
    data: { values: [...values] },
    mark: { type: 'line', point: { filled: true, size: 45 } },
    encoding: {
      x: {
        field: 'size',
        type: 'quantitative',
        scale: { type: 'log' },
        axis: { title: axis, values: [...new Set(values.map(({ size }) => size))], format: ',d' },
      },
      y: {
        field: 'value',
        type: 'quantitative',
        scale: { type: 'log' },
        axis: { title: 'CPU of the server for a delivery, in µs', format: ',~f' },
      },
      color: {
        field: 'peer',
        type: 'nominal',
        scale: { domain: peers.map(([name]) => name), range: peers.map(([, colour]) => colour) },
      },
    },
  };
}
